"""Freeze schedules on Keras models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import keras

from ._blocks_keras import KerasBlock, blocks_of, count
from ._errors import AutomlError, ParameterError
from ._schedule import BlockNames, FreezeSchedule

__all__ = ["KerasBlock", "KerasFrozen", "blocks_of", "freeze"]

DROPOUTS = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
    keras.layers.GaussianDropout,
    keras.layers.AlphaDropout,
)


@dataclass
class KerasFrozen:
    """A Keras model as a schedule has it in one epoch."""

    schedule: FreezeSchedule
    blocks: list[KerasBlock]
    """Bottom to top; the last one is the head."""
    trained: list[bool]
    """By block."""
    fixed: frozenset[int] = frozenset()
    """The ids of the variables that never train: they were frozen before the first call of freeze."""

    @property
    def trainable(self) -> int:
        """How many numbers train in this epoch."""
        return sum(count(v) for block, on in zip(self.blocks, self.trained, strict=True) if on for v in self._learned(block))

    def _learned(self, block: KerasBlock) -> list[Any]:
        return [variable for variable in block.variables if id(variable) not in self.fixed]

    def optimizer(self, optimizer: Any, *, head_lr: float | None = None) -> Any:
        """Prepares a Keras optimizer for the whole schedule, and returns it: ``compile(optimizer=frozen.optimizer(Adam(1e-3)))``.

        It knows the variables of all blocks, also of those that train later, and multiplies its learning rate in each block by the
        schedule's factor; that of the head is ``head_lr`` at the optimizer's first rate where it is given. Weight decay follows
        the rates. A second call changes nothing.
        """
        inner = getattr(optimizer, "inner_optimizer", optimizer)  # below loss scaling
        if hasattr(inner, "_automl_blocks"):
            return optimizer
        factors = self.schedule.lr_factors(len(self.blocks))
        if head_lr is not None:
            if not head_lr > 0:
                raise ParameterError(f"optimizer: head_lr {head_lr} is no rate")
            factors[-1] = head_lr / float(keras.ops.convert_to_numpy(inner.learning_rate))
        variables = [variable for block in self.blocks for variable in self._learned(block)]
        _build(inner, variables)
        rates = {id(v): rate for block, rate in zip(self.blocks, factors, strict=True) for v in block.variables}
        if set(factors) != {1.0}:
            _scale(inner, rates)
        inner._automl_blocks = len(self.blocks)
        return optimizer


def _build(optimizer: Any, variables: list[Any]) -> None:
    if not optimizer.built:
        optimizer.build(variables)
        return
    try:
        optimizer._check_variables_are_known(variables)
    except ValueError as error:
        raise AutomlError(
            "freeze: the optimizer was built when blocks were frozen and does not know their weights; compile the model with "
            "frozen.optimizer(optimizer), or before the first call of freeze"
        ) from error


def _scale(optimizer: Any, rates: dict[int, float]) -> None:
    """Multiplies learning rate and weight decay of variables, by the ids of these: Keras has one rate for all."""
    update, decay = optimizer._backend_update_step, optimizer._apply_weight_decay

    def update_step(grads: Sequence[Any], variables: Sequence[Any], learning_rate: Any) -> None:
        for rate, places in _by_rate(variables, rates).items():
            update([grads[i] for i in places], [variables[i] for i in places], learning_rate * rate)

    def apply_weight_decay(variables: Sequence[Any]) -> None:
        whole = optimizer.weight_decay
        if whole is None:
            return
        for rate, places in _by_rate(variables, rates).items():
            optimizer.weight_decay = whole * rate
            decay([variables[i] for i in places])
        optimizer.weight_decay = whole

    optimizer._backend_update_step, optimizer._apply_weight_decay = update_step, apply_weight_decay


def _by_rate(variables: Sequence[Any], rates: dict[int, float]) -> dict[float, list[int]]:
    groups: dict[float, list[int]] = {}
    for place, variable in enumerate(variables):
        groups.setdefault(rates[id(variable)], []).append(place)
    return groups


@dataclass
class _State:
    """What freeze has done to a model."""

    layers: list[Any]
    """Layers that were frozen before the first call."""
    fixed: frozenset[int]
    rates: dict[int, float] = field(default_factory=dict)
    """Of dropout layers in frozen blocks, by id: the rate they have when they train."""
    trained: list[bool] = field(default_factory=list)


_states: WeakKeyDictionary[Any, _State] = WeakKeyDictionary()


def freeze(model: Any, schedule: FreezeSchedule, epoch: int, *, blocks: BlockNames | None = None) -> KerasFrozen:
    """What automl.freeze does to a Keras model: layers of frozen blocks have ``trainable`` off, as Keras has it.

    Batch norm infers then. Dropout, which Keras leaves on in frozen layers, is off in them. A compiled model is traced again
    where the blocks that train change.
    """
    if schedule.strategy == "lora":
        raise AutomlError("freeze: the strategy lora is not there for Keras models; name the others in suggest_freeze(strategies=)")
    parts = blocks_of(model, blocks)
    state = _states.get(model)
    if state is None:
        state = _states[model] = _first(model)
    frozen = KerasFrozen(schedule, parts, schedule.trained(epoch, len(parts)), state.fixed)
    for block, on in zip(parts, frozen.trained, strict=True):
        for layer in block.layers:
            layer.trainable = on
            _drop(layer, on, state.rates)
    for layer in state.layers:
        layer.trainable = False
    if state.trained != frozen.trained and getattr(model, "compiled", False) and getattr(model, "train_function", None):
        model.make_train_function(force=True)
    state.trained = frozen.trained
    return frozen


def _first(model: Any) -> _State:
    layers = [layer for layer in model._flatten_layers() if not layer.trainable and layer is not model]
    inner = [sub for layer in layers for sub in layer._flatten_layers()]
    loose = [v for layer in model._flatten_layers() for v in layer._trainable_variables if not v.trainable]
    return _State(layers, frozenset(id(v) for v in [*loose, *(v for sub in inner for v in sub._trainable_variables)]))


def _drop(layer: Any, on: bool, rates: dict[int, float]) -> None:
    for inner in layer._flatten_layers():
        if not isinstance(inner, DROPOUTS):
            continue
        if on:
            inner.rate = rates.pop(id(inner), inner.rate)
        else:
            rates.setdefault(id(inner), inner.rate)
            inner.rate = 0.0
