"""Freeze schedules: which blocks of a network train in which epoch, and how fast."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ._errors import ParameterError

STRATEGIES = ("head_only", "full", "lp_ft", "gradual", "partial", "surgical", "lora")
"""In the order of the search space. The head trains in each of them."""

BlockNames = Sequence[str | Sequence[str]]
"""The blocks of a model, bottom to top, the last one the head: of each the name of a module (a layer, in Keras), or several."""


@dataclass(frozen=True)
class FreezeSchedule:
    """Which blocks, bottom to top and the last one the head, train in which epoch; as the built-in trainer has it.

    ``head_only``; ``full``: all from the first epoch; ``lp_ft``: the head first, then all (Kumar et al. 2022); ``gradual``:
    from the top, one block at a time (Howard & Ruder 2018); ``partial``: the top blocks; ``surgical``: the bottom blocks and
    the head (Lee et al. 2023); ``lora``: low-rank updates of all blocks, and the head (Hu et al. 2021).
    """

    strategy: str = "full"
    depth: float = 1.0
    """Share of the blocks below the head that train at the end, (0, 1]; partial, gradual, surgical."""
    unfreeze_every: int = 1
    """Epochs between two unfreezings, at least 1; lp_ft: epochs of the head alone."""
    layer_decay: float = 1.0
    """Learning-rate factor from a block to the one below, (0, 1]."""
    head_lr_factor: float = 1.0
    """Learning-rate factor of the head, above 0."""
    lora_rank: int = 8
    """Of the updates, at least 1; lora."""
    lora_alpha: float = 16.0
    """The updates are multiplied by this over the rank, above 0; lora."""

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise ParameterError(f"freeze strategy {self.strategy!r} is none of {', '.join(STRATEGIES)}")
        for f in fields(self)[1:]:
            value, whole = getattr(self, f.name), f.name in ("unfreeze_every", "lora_rank")
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                raise ParameterError(f"freeze: {f.name} is {value!r}, and must be a {'whole ' if whole else ''}number")
        if not 0 < self.depth <= 1:
            raise ParameterError(f"freeze depth {self.depth} lies outside (0, 1]")
        if self.unfreeze_every < 1:
            raise ParameterError(f"unfreeze_every {self.unfreeze_every} is below 1")
        if not 0 < self.layer_decay <= 1:
            raise ParameterError(f"layer_decay {self.layer_decay} lies outside (0, 1]")
        if not 0 < self.head_lr_factor < math.inf:
            raise ParameterError(f"head_lr_factor {self.head_lr_factor} is not positive")
        if self.lora_rank < 1 or not 0 < self.lora_alpha < math.inf:
            raise ParameterError(f"lora_rank {self.lora_rank} and lora_alpha {self.lora_alpha}: both must be above 0")

    @classmethod
    def of(cls, params: Mapping[str, Any], name: str = "freeze") -> FreezeSchedule:
        """The schedule that the typed parameter called ``name`` became in ``params``; full where it is not among them."""
        return cls(**{f.name: params[f"{name}.{f.name}"] for f in fields(cls) if f"{name}.{f.name}" in params})

    def trained(self, epoch: int, blocks: int) -> list[bool]:
        """Of each of ``blocks`` blocks, whether it trains in an epoch (from 1)."""
        if epoch < 1 or blocks < 1:
            raise ParameterError(f"epoch {epoch} of {blocks} blocks: both count from 1")
        below = blocks - 1
        body = min(below, max(1, math.floor(self.depth * below + 0.5)))
        top = {
            "head_only": 0,
            "full": below,
            "lp_ft": below if epoch > self.unfreeze_every else 0,
            "gradual": min((epoch - 1) // self.unfreeze_every, body),
            "partial": body,
            "surgical": 0,
            "lora": below,
        }[self.strategy]
        bottom = body if self.strategy == "surgical" else 0
        return [i < bottom or below - top <= i for i in range(blocks)]

    def lr_factors(self, blocks: int) -> list[float]:
        """The learning-rate factors of the blocks: layer_decay to the power of the distance from the head."""
        factors = [self.layer_decay ** (blocks - 1 - i) for i in range(blocks)]
        factors[-1] *= self.head_lr_factor
        return factors
