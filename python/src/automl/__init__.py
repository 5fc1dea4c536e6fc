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

from ._errors import AutomlError, FoldsError, ParameterError, ProtocolError, UnknownParameter
from ._folds import FoldPlan
from ._schedule import FreezeSchedule
from ._trial import Trial, trial

if TYPE_CHECKING:
    from ._blocks import Block as Block
    from ._freeze import blocks_of, freeze
    from ._freeze_torch import Frozen as Frozen
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

_FRAMEWORKS = ("fastai", "keras", "lightning", "pytorch", "sklearn", "tensorflow", "transformers")
"""Modules that are imported where they are first named, as ``automl.pytorch.State``."""

__version__ = "0.1.0"

__all__ = [  # without Block and Frozen, types that need torch: "from automl import *" needs nothing
    "AutomlError",
    "FoldPlan",
    "FoldsError",
    "FreezeSchedule",
    "ParameterError",
    "ProtocolError",
    "Study",
    "Trial",
    "TrialRecord",
    "UnknownParameter",
    "blocks_of",
    "freeze",
    "load_study",
    "trial",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _FRAMEWORKS:
        return import_module(f".{name}", __name__)
    if name not in _LAZY:
        raise AttributeError(f"module 'automl' has no attribute {name!r}")
    return getattr(import_module(f".{_LAZY[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
