"""Freeze schedules on torch modules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from torch import nn
from torch.utils.hooks import RemovableHandle

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


@dataclass
class _State:
    """What freeze has done to a model."""

    fixed: frozenset[str]
    hooks: dict[nn.Module, RemovableHandle] = field(default_factory=dict)


_states: WeakKeyDictionary[nn.Module, _State] = WeakKeyDictionary()


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
    state = _states.get(model)
    if state is None:
        state = _states[model] = _State(frozenset(name for name, p in model.named_parameters() if not p.requires_grad))
    frozen = Frozen(schedule, parts, schedule.trained(epoch, len(parts)), state.fixed)
    for block, on in zip(parts, frozen.trained, strict=True):
        for name, parameter in block.parameters:
            parameter.requires_grad_(on and name not in state.fixed)
            if not on:
                parameter.grad = None
        for module in _called(block.modules):
            _settle(model, module, on, state)
    return frozen


def _called(modules: Iterable[nn.Module]) -> Iterable[nn.Module]:
    """The modules that are called; lists of modules are not."""
    for module in modules:
        if isinstance(module, (nn.ModuleList, nn.ModuleDict)):
            yield from _called(module.children())
        else:
            yield module


def _settle(model: nn.Module, module: nn.Module, on: bool, state: _State) -> None:
    hook = state.hooks.pop(module, None)
    if not on:
        state.hooks[module] = hook or module.register_forward_pre_hook(_evaluate)
        module.eval()
    elif hook is not None:
        hook.remove()
        module.train(model.training)


def _evaluate(module: nn.Module, _args: Any) -> None:
    """Undoes what model.train() has done to a frozen block."""
    module.eval()
