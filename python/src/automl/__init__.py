"""Training scripts and notebooks of automl: a script asks for its trial, reports every epoch, and obeys.

    trial = automl.trial()
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    train, valid = trial.split(labels)
    ...
    trial.report(epoch=epoch, val_accuracy=accuracy)
    if trial.should_prune():
        break

Outside of automl the same script runs as an ordinary one. What needs a framework is imported with its first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._errors import AutomlError, FoldsError, ParameterError, ProtocolError
from ._folds import FoldPlan
from ._schedule import FreezeSchedule
from ._trial import Trial, trial

if TYPE_CHECKING:
    from ._blocks import Block
    from ._freeze import blocks_of, freeze
    from ._freeze_torch import Frozen
    from ._study import Study, TrialRecord, load_study

_LAZY = {
    "load_study": "_study",
    "Study": "_study",
    "TrialRecord": "_study",
    "freeze": "_freeze",
    "blocks_of": "_freeze",
    "Block": "_blocks",
    "Frozen": "_freeze_torch",
}

__all__ = [
    "AutomlError",
    "Block",
    "FoldPlan",
    "FoldsError",
    "FreezeSchedule",
    "Frozen",
    "ParameterError",
    "ProtocolError",
    "Study",
    "Trial",
    "TrialRecord",
    "blocks_of",
    "freeze",
    "load_study",
    "trial",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'automl' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_LAZY[name]}", __name__), name)
