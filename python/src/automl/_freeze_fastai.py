"""Freeze schedules on Learners of fastai."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from . import _freeze_torch
from ._blocks import Block
from ._schedule import BlockNames, FreezeSchedule

__all__ = ["LearnerFrozen", "blocks_of", "freeze"]


@dataclass
class LearnerFrozen(_freeze_torch.Frozen):
    """The model of a Learner as a schedule has it in one epoch. The parameter groups of the Learner are the blocks."""

    def rates(self, lr: float, *, head_lr: float | None = None) -> list[float]:
        """The learning rate of each parameter group: ``learn.fit_one_cycle(epochs, frozen.rates(1e-3))``."""
        return [rate for block, rate in zip(self.blocks, self._rates(lr, head_lr), strict=True) if self.learned(block)]


def blocks_of(learn: Any, names: BlockNames | None = None) -> list[Block]:
    """The blocks of a Learner's model, as those of a torch module."""
    return _freeze_torch.blocks_of(learn.model, names)


def freeze(learn: Any, schedule: FreezeSchedule, epoch: int, *, blocks: BlockNames | None = None) -> LearnerFrozen:
    """What automl.freeze does to a Learner: to its model as to a torch module, and the splitter makes a group of each block.

    The optimizer is made with the next fit where its groups are others. Frozen batch norm infers, whatever ``train_bn`` says.
    """
    plain = _freeze_torch.freeze(learn.model, schedule, epoch, blocks=blocks)
    frozen = LearnerFrozen(plain.schedule, plain.blocks, plain.trained, plain.fixed)
    groups = [learned for block in frozen.blocks if (learned := frozen.learned(block))]
    learn.splitter = lambda model: groups
    if learn.opt is not None and [_ids(group) for group in learn.opt.param_lists] != [_ids(group) for group in groups]:
        learn.opt = None
    return frozen


def _ids(parameters: Sequence[Any]) -> list[int]:
    return [id(parameter) for parameter in parameters]
