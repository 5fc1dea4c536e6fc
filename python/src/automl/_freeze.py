"""Freeze schedules on models of any framework: which one a model is of is seen from its type, so that no other one is imported."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, overload

from ._errors import ParameterError
from ._schedule import BlockNames, FreezeSchedule

if TYPE_CHECKING:
    from torch import nn

    from ._blocks import Block
    from ._freeze_torch import Frozen

_KINDS = (("keras", "Layer", "_freeze_keras"), ("fastai.learner", "Learner", "_freeze_fastai"))
"""Of the models that are not plain torch modules: the module and the name of their class, and what freezes them."""


@overload
def freeze(model: nn.Module, schedule: FreezeSchedule, epoch: int, *, blocks: BlockNames | None = None) -> Frozen: ...


@overload
def freeze(model: Any, schedule: FreezeSchedule, epoch: int, *, blocks: BlockNames | None = None) -> Any: ...


def freeze(model: Any, schedule: FreezeSchedule, epoch: int, *, blocks: BlockNames | None = None) -> Any:
    """Freezes and thaws the blocks of a model as a schedule wants it in an epoch (from 1); call it before each.

    A torch module, a Keras model or a Learner of fastai. Frozen weights get no gradient, and frozen blocks behave as in
    evaluation whatever the training loop says: batch norm uses its running statistics and leaves them alone, dropout is off.
    What was frozen before the first call stays so. A model that torch.compile or DistributedDataParallel wraps is the one inside:
    it may be wrapped between two calls. ``blocks`` names the blocks of a model that blocks_of does not know, bottom
    to top. Returns what is frozen now, with the learning rates of the blocks in the form that the framework has for them.

    With the strategy ``lora`` the script has put the adapters on the model before, with the schedule's lora_rank and lora_alpha,
    and the weights below them are fixed, as PEFT leaves them.

    Raises ParameterError where ``model`` or ``schedule`` is something else or ``epoch`` is below 1, and AutomlError as blocks_of does,
    and where the strategy is ``lora`` and there are no adapters.
    """
    if not isinstance(schedule, FreezeSchedule):
        raise ParameterError(
            f"freeze: the schedule is {schedule!r}, and must be a FreezeSchedule: trial.suggest_freeze() gives one, and so does "
            "automl.FreezeSchedule('gradual', unfreeze_every=2)"
        )
    return _module_of(model).freeze(model, schedule, epoch, blocks=blocks)


@overload
def blocks_of(model: nn.Module, names: BlockNames | None = None) -> list[Block]: ...


@overload
def blocks_of(model: Any, names: BlockNames | None = None) -> Any: ...


def blocks_of(model: Any, names: BlockNames | None = None) -> Any:
    """The blocks of a model, bottom to top; the last one is the head. ``names`` lists those of a model that is not known.

    Raises AutomlError where the layers are not known, or no block has some parameter.
    """
    return _module_of(model).blocks_of(model, names)


def _module_of(model: Any) -> Any:
    for module, name, freezes in _KINDS:
        loaded = sys.modules.get(module)
        if loaded is not None and isinstance(model, getattr(loaded, name)):
            return import_module(f".{freezes}", __package__)
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(model, torch.nn.Module):
        raise ParameterError(f"freeze: a {type(model).__name__} is no torch module, Keras model or Learner of fastai")
    return import_module("._freeze_torch", __package__)
