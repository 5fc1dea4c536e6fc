"""The blocks of a Keras model: groups of layers, bottom (input) to top (head)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import keras

from ._errors import AutomlError
from ._schedule import BlockNames


@dataclass(frozen=True)
class KerasBlock:
    """A group of layers with a name."""

    name: str
    layers: tuple[Any, ...] = field(repr=False)
    variables: tuple[Any, ...] = field(repr=False)
    """Its weights that are trained by gradients, frozen or not. One that two blocks share is the lower one's."""

    @property
    def size(self) -> int:
        """How many numbers its variables hold."""
        return sum(count(variable) for variable in self.variables)


def count(variable: Any) -> int:
    """How many numbers a variable holds."""
    count = 1
    for length in variable.shape:
        count *= length
    return count


STAGE = re.compile(
    r"^(?:[a-z0-9_]*?_)??("
    r"conv\d+(?!d(?:_|$))|expanded_conv_\d+|(?:transformer_)?block_?\d+|stage_?\d+|transformer_(?:(?:en|de)coder_)?layer_\d+"
    r"|disentangled_attention_encoder_layer_\d+|f_net_layer_\d+)(?=[a-z]?(?:_|$))",
    re.IGNORECASE,
)
"""How keras.applications and KerasHub name the layers of a stage: conv2_block1_1_conv, block3a_expand_conv, transformer_layer_0. What
Keras itself calls a layer, conv2d_1, is no stage."""

NORMS = ("BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization", "RMSNormalization")

Part = tuple[str, list[Any]]


def blocks_of(model: Any, names: BlockNames | None = None) -> list[KerasBlock]:
    """The blocks of a Keras model, bottom to top; the last one is the head.

    Where the names of the layers tell stages (the models of keras.applications, the transformers of KerasHub, also as a part of a
    model of one's own), these, and those of models beside each other together, at proportional depths; else every layer with
    weights is one, norms belonging to the one below. ``names`` lists the blocks otherwise: for each the name of a layer, or
    several. Raises AutomlError where that leaves a weight out.
    """
    if not model.built:
        raise AutomlError(f"blocks: {type(model).__name__} is not built yet; call it on a batch, or build(input_shape), first")
    parts = _named(model, names) if names is not None else _found(model)
    owner: set[int] = set()
    blocks = []
    for name, layers in parts:
        mine = []
        for variable in (v for layer in layers for sub in _with_inner(layer) for v in sub._trainable_variables):
            if id(variable) not in owner:
                owner.add(id(variable))
                mine.append(variable)
        blocks.append(KerasBlock(name, tuple(layers), tuple(mine)))
    left = [v.path for layer in _with_inner(model) for v in layer._trainable_variables if id(v) not in owner]
    if left:
        raise AutomlError(f"blocks: no block has the weight {left[0]} (and {len(left) - 1} more); list all layers that learn")
    if not blocks[-1].variables:
        raise AutomlError(f"blocks: {model.name} has no head above its layers; freeze the model with its head")
    return blocks


def _with_inner(layer: Any) -> Iterator[Any]:
    """A layer and all inside of it."""
    yield from layer._flatten_layers()


def flat(model: Any) -> Iterator[tuple[Any, Any]]:
    """The layers of a model in their order, those of models inside of it in their place; each with the model it is of."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from flat(layer)
        elif _stacks(layer):  # its layers are in no order of calls: dropout is below the first
            yield from (
                (inner, model) for inner in sorted(layer._layers, key=lambda inner: not isinstance(inner, keras.layers.Dropout))
            )
        else:
            yield layer, model


def _stacks(layer: Any) -> bool:
    """Whether it is nothing but a stack of stages, as the encoder of KerasHub's ViT is."""
    return not layer._trainable_variables and len({_stage(inner) for inner in layer._layers} - {""}) > 1


def _named(model: Any, names: BlockNames) -> list[Part]:
    if len(names) < 2 or isinstance(names, str):
        raise AutomlError(f"blocks: {names!r} is no list of at least two blocks, the last one the head")
    known = {layer.name: layer for layer in model._flatten_layers(include_self=False)}
    parts: list[Part] = []
    for entry in names:
        group = [entry] if isinstance(entry, str) else list(entry)
        if not group:
            raise AutomlError(f"blocks: {entry!r} is neither the name of a layer nor a list of names")
        for name in group:
            if name not in known:
                there = ", ".join(layer.name for layer in model.layers)
                raise AutomlError(f"blocks: {model.name} has no layer {name!r}; at its top are {there}")
        parts.append((group[0], [known[name] for name in group]))
    return parts


def _found(model: Any) -> list[Part]:
    towers = [layer for layer in model.layers if isinstance(layer, keras.Model) and len(_stages(layer)) > 1]
    if len(towers) > 1 and not any(_reads(model, one, two) for one in towers for two in towers if one is not two):
        return _beside(model, towers)
    layers = list(flat(model))
    return _by_stage(layers) if len(_stages(model)) > 1 else _by_layer([layer for layer, _ in layers])


def _stages(model: Any) -> set[str]:
    return {_stage(layer) for layer, _ in flat(model)} - {""}


def _reads(model: Any, layer: Any, below: Any) -> bool:
    """Whether a layer of a functional model gets what another has made; of any other model that is not known, and may be."""
    if not hasattr(model, "_nodes_by_depth"):
        return True
    nodes = {id(node) for some in model._nodes_by_depth.values() for node in some}
    waiting, seen = [node for node in layer._inbound_nodes if id(node) in nodes], set()
    while waiting:
        node = waiting.pop()
        if node.operation is below:
            return True
        if id(node) not in seen:
            seen.add(id(node))
            waiting += node.parent_nodes
    return False


def _beside(model: Any, towers: list[Any]) -> list[Part]:
    """Networks beside each other: their bottoms together, and their stages, at proportional depths."""
    blocks = [_by_stage(list(flat(tower)))[:-1] for tower in towers]
    deepest = max(blocks, key=len)
    together: list[Part] = [(name, []) for name, _ in deepest]
    for parts in blocks:
        together[0][1].extend(parts[0][1])
        for i, (_, layers) in enumerate(parts[1:], 1):
            together[math.ceil(i * (len(deepest) - 1) / (len(parts) - 1))][1].extend(layers)
    inside = {id(layer) for _, layers in together for layer in layers}
    return [*together, ("head", [layer for layer, _ in flat(model) if id(layer) not in inside])]


def _stage(layer: Any) -> str:
    found = STAGE.match(layer.name)
    return found.group(1).lower() if found else ""


def _by_stage(layers: list[tuple[Any, Any]]) -> list[Part]:
    stages = [_stage(layer) for layer, _ in layers]
    first = next(place for place, stage in enumerate(stages) if stage)
    last = max(place for place, stage in enumerate(stages) if stage)
    head = next((place for place in range(last + 1, len(layers)) if _of_head(layers[place], layers[last][1])), len(layers))
    blocks: dict[str, list[Any]] = {"stem": []}
    current = "stem"
    for place in range(head):
        layer, current = layers[place][0], stages[place] or current
        embeds = not stages[place] and "Embedding" in type(layer).__name__  # a decoder's may stand between layers of the encoder
        blocks.setdefault("stem" if embeds else current, []).append(layer)
    if not any(_learns(layer) for layer in blocks["stem"]):  # only inputs and the like
        blocks[stages[first]] = [*blocks.pop("stem"), *blocks[stages[first]]]
    return [*blocks.items(), ("head", [layer for layer, _ in layers[head:]])]


def _of_head(place: tuple[Any, Any], body: Any) -> bool:
    """Whether the head begins with a layer that stands above the last stage of its model, body."""
    layer, model = place
    kind = type(layer).__name__
    return model is not body or "Pooling" in kind or kind in ("Dense", "Flatten", "Dropout")


def _by_layer(layers: list[Any]) -> list[Part]:
    blocks: list[Part] = []
    waiting: list[Any] = []  # without weights, below the first that has some
    for layer in layers:
        if _learns(layer) and type(layer).__name__ not in NORMS:
            blocks.append((layer.name, [*waiting, layer]))
            waiting = []
        elif blocks:
            blocks[-1][1].append(layer)
        else:
            waiting.append(layer)
    if len(blocks) < 2:
        raise AutomlError("blocks: the model has fewer than two layers with weights, so there is nothing to freeze")
    if waiting:
        blocks[0][1][:0] = waiting
    return [*blocks[:-1], ("head", blocks[-1][1])]


def _learns(layer: Any) -> bool:
    return any(inner._trainable_variables for inner in _with_inner(layer))
