"""The networks in a torch module, and how they stand to each other: one, several beside each other, or an encoder below a decoder."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, cast

from torch import nn

from ._blocks_chains import CONTAINERS, CONVOLUTIONS, chains, has_input, main, repeating
from ._blocks_families import backbone, fitting, known, neck
from ._blocks_tower import Part, Tower, assembled

READS = re.compile("decoder|language_model", re.IGNORECASE)
"""What the names of networks have that read what the others have made."""

BACKBONE = re.compile("backbone|conv_encoder")
"""What detectors call their network: what stands beside it is of their head."""

SENSES = re.compile("(vision|visual|image|video|audio|speech|text|language)(_(tower|model|encoder|transformer|backbone))?")
"""The names of networks of which each takes an input of its own kind."""


@dataclass
class Base:
    """A module with one network in it."""

    path: str
    module: nn.Module

    @property
    def name(self) -> str:
        """What it is called in the module around it."""
        return self.path.rpartition(".")[2] or "model"


@dataclass
class Network:
    """One of several in a model."""

    name: str
    tower: Tower


def found(model: nn.Module) -> list[Part]:
    """The blocks of a model below its head, none where they are not known."""
    bases = towers(model)
    if len(bases) > 1:
        networks = [(base, tower) for base in bases if (tower := known(base.module) or repeating(base.module))]
        names = [base.name for base, _ in networks]
        named = [Network(base.path if names.count(base.name) > 1 else base.name, tower) for base, tower in networks]
        return _arranged(named, _words(model))
    tower = known(model) or backbone(model) or _clear(model)
    return [*tower.parts(predicts_words(model)), *neck(model)] if tower else []


def _clear(model: nn.Module) -> Tower | None:
    """The network whose layers repeat, unless the head would have such layers, or as many of another kind."""
    tower, largest = repeating(model), main(model)
    if tower is None or largest is None:
        return None
    inside = {id(m) for m in tower.modules()}
    kinds = {type(layer[0]) for layer in tower.layers if any(True for _ in layer[0].children())} - set(CONTAINERS)
    others = [run for run in chains(model) if id(run.run.layers[0][0]) not in inside]
    if any(type(m) in kinds for m in model.modules() if id(m) not in inside):
        return None
    if any(4 * run.size[1] >= largest.size[1] for run in others):
        return None
    owned = {id(p) for m in tower.modules() for p in m.parameters(recurse=False)} | {id(p) for p in tower.loose}
    last = [i for i, part in enumerate(tower.behind) if any(isinstance(m, CONVOLUTIONS) for m in part.modules())]
    if last and all(id(p) in owned for p in model.parameters()):  # the last convolution is the head then
        del tower.behind[last[-1] :]
    return tower


def predicts_words(model: nn.Module) -> bool:
    """Whether it is a language model."""
    if hasattr(model, "lm_head"):
        return True
    output = getattr(model, "get_output_embeddings", None)
    return output is not None and output() is not None


def _words(model: nn.Module) -> nn.Module | None:
    """The embeddings of a language model's words."""
    if not predicts_words(model):
        return None
    words: Any
    try:
        words = cast(Any, model).get_input_embeddings()
    except (AttributeError, NotImplementedError):
        words = max((m for m in model.modules() if isinstance(m, nn.Embedding)), key=lambda m: m.num_embeddings, default=None)
    return words if isinstance(words, nn.Module) else None


def towers(module: nn.Module, path: str = "") -> list[Base]:
    """The modules that are each a network with an input of its own; the module itself where there is but one."""
    found = chains(module)
    if not found or any(len(run.around) == 1 for run in found):
        return [Base(path, module)]
    holding = {id(run.around[1]) for run in found}
    children = [(name, child) for name, child in module.named_children() if id(child) in holding]
    backbones = [(name, child) for name, child in children if BACKBONE.fullmatch(name)]
    inside = [base for name, child in backbones or children for base in towers(child, f"{path}.{name}" if path else name)]
    own = [base for base in inside if SENSES.fullmatch(base.name) or has_input(main(base.module))]
    around = fitting(module)
    if around:  # a network whose parts and other networks are all in one module
        mine = {id(m) for m in around.modules()}
        own = [base for base in own if not any(id(m) in mine for m in base.module.modules())]
        own += [Base(path, module)] if own else []
    return own if len(own) > 1 else [Base(path, module)]


def _arranged(networks: list[Network], words: nn.Module | None) -> list[Part]:
    """Networks that read what the others have made stand on them; the others stand beside each other."""
    reading = [n for n in networks if READS.search(n.name)]
    if not reading and words:  # what predicts words has read the rest
        reading = [n for n in networks if n.tower.holds(words)]
    if len(reading) == len(networks):
        reading = reading[1:]
    others = [n for n in networks if n not in reading]
    layers = _beside([n.tower.above(bool(words) and not reading) for n in others])
    deepest = max(others, key=lambda n: len(n.tower.layers))
    named = [(f"{deepest.tower.label}.{i}", layer) for i, layer in enumerate(layers)]
    if reading:
        named = [(f"{deepest.name}.{name}", layer) for name, layer in named]
    for network in reading:
        above = network.tower.above(bool(words) and network is reading[-1])
        named += [(f"{network.name}.{network.tower.label}.{i}", layer) for i, layer in enumerate(above)]
    bottoms = {n.tower.bottom for n in networks}
    stems = [module for n in networks for module in n.tower.stem]
    loose = [parameter for n in networks for parameter in n.tower.loose]
    return assembled(bottoms.pop() if len(bottoms) == 1 else "embeddings", stems, loose, named)


def _beside(towers: list[list[list[nn.Module]]]) -> list[list[nn.Module]]:
    """The layers of towers together, at proportional heights: the last ones of all are the top."""
    height = max(len(layers) for layers in towers)
    together: list[list[nn.Module]] = [[] for _ in range(height)]
    for layers in towers:
        for i, layer in enumerate(layers, 1):
            together[math.ceil(i * height / len(layers)) - 1] += layer
    return together
