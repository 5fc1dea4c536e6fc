"""Freeze schedules on torch modules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

from ._blocks import Block, blocks_of, unwrapped
from ._errors import AutomlError, ParameterError
from ._schedule import BlockNames, FreezeSchedule

__all__ = ["Block", "Frozen", "blocks_of", "freeze"]


@dataclass
class Frozen:
    """A model as a schedule has it in one epoch."""

    schedule: FreezeSchedule
    blocks: list[Block]
    """Bottom to top; the last one is the head."""
    trained: list[bool]
    """By block."""
    fixed: frozenset[str] = frozenset()
    """Names of the parameters that never train: requires_grad was off before the first call of freeze."""

    @property
    def trainable(self) -> int:
        """How many numbers train in this epoch."""
        return sum(p.numel() for block, on in zip(self.blocks, self.trained, strict=True) if on for p in self.learned(block))

    def learned(self, block: Block) -> list[nn.Parameter]:
        """The parameters of a block that train at some time."""
        return [parameter for name, parameter in block.parameters if name not in self.fixed]

    def _rates(self, lr: float, head_lr: float | None) -> list[float]:
        """The learning rate of each block."""
        if not lr > 0 or (head_lr is not None and not head_lr > 0):
            raise ParameterError(f"lr {lr} and head_lr {head_lr}: a learning rate is above 0")
        rates = [lr * factor for factor in self.schedule.lr_factors(len(self.blocks))]
        return rates if head_lr is None else [*rates[:-1], head_lr]

    def groups(self, lr: float, *, weight_decay: float = 0.0, head_lr: float | None = None) -> list[dict[str, Any]]:
        """Parameter groups for a torch optimizer that lasts over the whole schedule: also of blocks that train later.

        The rate of a block is ``lr`` by the schedule's factor, that of the head ``head_lr`` where it is given; both above 0, and
        ``weight_decay`` from 0 on. Weights decay, biases and norms (what has one dimension) do not. Each group has the name of its
        ``block``. Optimizers skip parameters without a gradient, so frozen ones stay as they are.
        """
        if not weight_decay >= 0:
            raise ParameterError(f"groups: weight_decay {weight_decay} is below 0")
        groups = []
        for block, rate in zip(self.blocks, self._rates(lr, head_lr), strict=True):
            for decays in (True, False):
                some = [parameter for parameter in self.learned(block) if (parameter.dim() > 1) == decays]
                if some:
                    decay = weight_decay if decays else 0.0
                    groups.append({"params": some, "lr": rate, "weight_decay": decay, "block": block.name})
        return groups


FIXED = "_automl_fixed"
"""The attribute of a model with the names of its parameters that never train; copies of it have it, too."""


def freeze(
    model: nn.Module,
    schedule: FreezeSchedule,
    epoch: int,
    *,
    blocks: BlockNames | None = None,
) -> Frozen:
    """What automl.freeze does to a torch module: frozen parameters have requires_grad off and no gradient.

    Parameters whose requires_grad was off before the first call stay fixed.
    """
    model = unwrapped(model)
    parts = blocks_of(model, blocks)
    if schedule.strategy == "lora" and not any("lora_" in name for name, _ in model.named_parameters()):
        raise AutomlError(
            "freeze: the model has no adapters for the strategy lora; put them on first, as "
            f"peft.get_peft_model(model, LoraConfig(r={schedule.lora_rank}, lora_alpha={schedule.lora_alpha:g}, ...)) does"
        )
    if not hasattr(model, FIXED):
        setattr(model, FIXED, frozenset(name for name, p in model.named_parameters() if not p.requires_grad))
    frozen = Frozen(schedule, parts, schedule.trained(epoch, len(parts)), getattr(model, FIXED))
    for block, on in zip(parts, frozen.trained, strict=True):
        for name, parameter in block.parameters:
            parameter.requires_grad_(on and name not in frozen.fixed)
            if not on:
                parameter.grad = None
        for module in _called(block.modules):
            _settle(module, on, model.training)
    for module, lowest in _dropping(model, parts):
        _settle_alone(module, frozen.trained[lowest], model.training)
    return frozen


def _called(modules: Iterable[nn.Module]) -> Iterable[nn.Module]:
    """The modules that are called; lists of modules are not."""
    for module in modules:
        if isinstance(module, (nn.ModuleList, nn.ModuleDict)):
            yield from _called(module.children())
        else:
            yield module


def _dropping(model: nn.Module, blocks: list[Block]) -> Iterator[tuple[nn.Module, int]]:
    """Modules around blocks that drop by themselves, as BART's encoder, whose dropout is a number; with the lowest block inside."""
    inside = {id(m): i for i, block in reversed(list(enumerate(blocks))) for top in block.modules for m in top.modules()}
    for module in model.modules():
        if id(module) not in inside and any(isinstance(vars(module).get(name), float) for name in ("dropout", "layerdrop")):
            places = [inside[id(m)] for m in module.modules() if id(m) in inside]
            if places:
                yield module, min(places)


def _settle(module: nn.Module, on: bool, training: bool) -> None:
    """Holds a module of a frozen block in evaluation; one that was held so before, and learns now, does as the model does."""
    if not on:
        _hold(module, _evaluate)
        module.eval()
    elif _let_go(module, _evaluate):
        module.train(training)


def _settle_alone(module: nn.Module, on: bool, training: bool) -> None:
    """The same of a module without the modules in it."""
    if not on:
        _hold(module, _evaluate_alone)
        module.training = False
    elif _let_go(module, _evaluate_alone):
        module.training = training


def _hold(module: nn.Module, hook: Callable[[nn.Module, Any], None]) -> None:
    if hook not in module._forward_pre_hooks.values():
        module.register_forward_pre_hook(hook)


def _let_go(module: nn.Module, hook: Callable[[nn.Module, Any], None]) -> bool:
    """Whether it was held."""
    keys = [key for key, registered in module._forward_pre_hooks.items() if registered is hook]
    for key in keys:
        del module._forward_pre_hooks[key]
    return bool(keys)


def _evaluate(module: nn.Module, _args: Any) -> None:
    """Undoes what model.train() has done to a frozen block."""
    module.eval()


def _evaluate_alone(module: nn.Module, _args: Any) -> None:
    """Undoes what model.train() has done to a module around frozen blocks, and leaves those in it as they are."""
    module.training = False
