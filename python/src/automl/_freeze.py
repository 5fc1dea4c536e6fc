"""Freeze schedules on models of any framework: which one a model is of is seen from its type, so that no other one is imported."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, overload

from ._schedule import FreezeSchedule

if TYPE_CHECKING:
    from torch import nn

    from ._blocks import Block
    from ._freeze_torch import Frozen

Names = Sequence[str | Sequence[str]]

_KINDS = (("keras", "Layer", "_freeze_keras"), ("fastai.learner", "Learner", "_freeze_fastai"))
"""Of the models that are not plain torch modules: the module and the name of their class, and what freezes them."""


@overload
def freeze(model: nn.Module, schedule: FreezeSchedule, epoch: int, *, blocks: Names | None = None) -> Frozen: ...


@overload
def freeze(model: Any, schedule: FreezeSchedule, epoch: int, *, blocks: Names | None = None) -> Any: ...


def freeze(model: Any, schedule: FreezeSchedule, epoch: int, *, blocks: Names | None = None) -> Any:
    """Freezes and thaws the blocks of a model as a schedule wants it in an epoch (from 1); call it before each.

    A torch module, a Keras model or a Learner of fastai. Frozen weights get no gradient, and frozen blocks behave as in
    evaluation whatever the training loop says: batch norm uses its running statistics and leaves them alone, dropout is off.
    What was frozen before the first call stays so. ``blocks`` names the blocks of a model that blocks_of does not know, bottom
    to top. Returns what is frozen now, with the learning rates of the blocks in the form that the framework has for them.

    With the strategy ``lora`` the script has put the adapters on the model before, with the schedule's lora_rank and lora_alpha,
    and the weights below them are fixed, as PEFT leaves them.
    """
    return _module_of(model).freeze(model, schedule, epoch, blocks=blocks)


@overload
def blocks_of(model: nn.Module, names: Names | None = None) -> list[Block]: ...


@overload
def blocks_of(model: Any, names: Names | None = None) -> Any: ...


def blocks_of(model: Any, names: Names | None = None) -> Any:
    """The blocks of a model, bottom to top; the last one is the head. ``names`` lists those of a model that is not known.

    Raises AutomlError where the layers are not known, or no block has some parameter.
    """
    return _module_of(model).blocks_of(model, names)


def _module_of(model: Any) -> Any:
    for module, name, freezes in _KINDS:
        loaded = sys.modules.get(module)
        if loaded is not None and isinstance(model, getattr(loaded, name)):
            return import_module(f".{freezes}", __package__)
    return import_module("._freeze_torch", __package__)
