"""Layers that repeat, in networks of no known family."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from torch import nn

from ._blocks_families import fitting
from ._blocks_tower import Tower, learns

BESIDE = re.compile(
    r"(?<!bottle)neck|head|fpn|classif|projector|connector|resampler|(^|_)(pred|aux(l|_|\d|$))|^(fc|out|output|logits|score)$",
    re.IGNORECASE,
)
"""What the names of modules have that are no part of a tower, whatever is in them."""

INPUT = re.compile("token|pos|emb|mask|place", re.IGNORECASE)
"""What the names of parameters have that a whole model has for its input; its other ones are of the head."""

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)

Named = tuple[str, nn.Module]


@dataclass
class Run:
    """Children of a module, of which the layers are alike."""

    before: list[nn.Module]
    layers: list[list[nn.Module]]
    behind: list[nn.Module] = field(default_factory=list)
    """Norms and the like."""


@dataclass
class Chain:
    """A run, and the modules that it is in."""

    around: tuple[nn.Module, ...]
    """From the outermost one to the one whose children the layers are."""
    run: Run

    @property
    def size(self) -> tuple[bool, int]:
        """What the chain of a network has more of than the others in it: layers, and numbers in these."""
        return len(self.run.layers) > 1, sum(p.numel() for layer in self.run.layers for module in layer for p in module.parameters())

    def within(self, depth: int) -> Chain:
        """The same one as seen from a module around it."""
        return Chain(self.around[depth:], self.run)

    def before(self) -> list[nn.Module]:
        """What the modules around it have below it."""
        below = [part for outer, inner in self._steps() for part in _until(outer.named_children(), inner)]
        return [*(m for name, m in below if m not in self.lists() and not BESIDE.search(name)), *self.run.before]

    def lists(self) -> list[nn.Module]:
        """Lists beside that of the layers that are as long: they hold other parts of the same layers."""
        if len(self.around) < 2 or type(self.around[-1]) is not nn.ModuleList:
            return []
        layers = self.around[-1]
        others = [m for name, m in self.around[-2].named_children() if type(m) is nn.ModuleList and not BESIDE.search(name)]
        return [m for m in others if m is not layers and len(m) == len(layers) == len(self.run.layers)]

    def _steps(self) -> list[tuple[nn.Module, nn.Module]]:
        return list(pairwise(self.around))

    def above(self) -> tuple[list[nn.Module], list[nn.Module]]:
        """What the modules around it have behind it: that is still of its last layer, and embeddings, which are of its input."""
        behind, embeddings = list(self.run.behind), []
        for outer, inner in reversed(self._steps()):
            after = [(name, m) for name, m in _behind(outer.named_children(), inner) if m not in self.lists()]
            embeddings += [m for name, m in after if _embeds(m) and not BESIDE.search(name)]
            taken, closed = _tail([(name, m) for name, m in after if m not in embeddings])
            behind += taken
            if closed:
                return behind, embeddings
        return behind, embeddings


def chains(model: nn.Module) -> list[Chain]:
    """The outermost runs in a module."""
    alike = _alike(model)
    found: list[Chain] = []
    if not alike or not isinstance(model, CONTAINERS):
        for name, child in model.named_children():
            if child not in alike and not BESIDE.search(name):
                found += [Chain((model, *inner.around), inner.run) for inner in chains(child)]
    if not alike:
        return found
    own = Chain((model,), _run(model, alike))
    return found if any(inner.size > own.size for inner in found) else [own]


def main(model: nn.Module) -> Chain | None:
    """The largest chain of layers in a module."""
    return max(chains(model) or _convolutions(model), key=lambda chain: chain.size, default=None)


def repeating(model: nn.Module) -> Tower | None:
    """The network in a module whose layers repeat: the largest chain of layers, with the input below it and the norms behind it."""
    largest = main(model)
    if largest is None:
        return None
    chain = _rooted(largest)
    stem, (behind, embeddings) = chain.before(), chain.above()
    stem += embeddings
    layers = [list(layer) for layer in chain.run.layers]
    for other in chain.lists():
        for layer, part in zip(layers, other.children(), strict=True):
            if layer is layers[0] and takes_input(part) and not any(learns(module) for module in stem):
                stem.append(part)
            else:
                layer.append(part)
    loose = [
        parameter
        for module in chain.around
        if type(module) not in CONTAINERS
        for name, parameter in module.named_parameters(recurse=False)
        if module is not model or INPUT.search(name)
    ]
    attends = any(re.search("Att(ention|n)", type(m).__name__) for m in layers[0][0].modules()) and not chains(layers[0][0])
    words = attends or bool(loose) or any(_embeds(module) for module in stem)
    for part, tower in _below(stem, chain.size[1]):
        stem = [*(module for module in stem if module is not part), *tower.stem]
        layers, loose = [*tower.above(), *layers], [*tower.loose, *loose]
    bottom, label = ("embeddings", "layer") if words else ("stem", "stage")
    return Tower(bottom, label, stem, layers, behind, loose)


def _below(stem: list[nn.Module], size: int) -> list[tuple[nn.Module, Tower]]:
    """Networks that layers stand on, as a decoder's do on an encoder; small ones, a quarter of them or less, only take the input."""
    found = []
    for part in stem:
        inner, tower = main(part), repeating(part)
        if inner is None or tower is None or 4 * inner.size[1] < size:
            continue
        covered = {id(p) for p in [*tower.loose, *(p for module in tower.modules() for p in module.parameters(recurse=False))]}
        if all(id(p) in covered for p in part.parameters()):
            found.append((part, tower))
    return found


def _rooted(chain: Chain) -> Chain:
    """The chain as seen from the innermost module around it that has the input, too."""
    views = [chain.within(depth) for depth in reversed(range(len(chain.around)))]
    taking = [view for view in views if has_input(view)] or [view for view in views if view.above()[1]]
    if taking:
        return taking[0]
    learned = [sum(learns(module) for module in view.before()) for view in views]
    held = len(views) > 1 and isinstance(chain.around[-1], nn.ModuleList)  # a list is not called, but what has it
    return views[max(learned.index(learned[-1]), int(held))]


def has_input(chain: Chain | None) -> bool:
    """Whether there is an input below it."""
    if chain is None:
        return False
    first = [m for other in chain.lists() for m in list(other.children())[:1]]
    return any(takes_input(module) for module in [*chain.before(), *first])


def takes_input(module: nn.Module) -> bool:
    """Whether it embeds words, or makes more numbers of fewer, as what takes pixels does; what brings layers together makes fewer."""
    for name, part in module.named_modules():
        if isinstance(part, nn.Embedding):
            return True
        if "lora_" not in name and isinstance(part, CONVOLUTIONS) and part.in_channels < part.out_channels:
            return True
        if "lora_" not in name and isinstance(part, nn.Linear) and part.in_features < part.out_features:
            return True
    return False


def _run(parent: nn.Module, alike: list[nn.Module]) -> Run:
    children = list(parent.named_children())
    before, after = _until(children, alike[0]), _behind(children, alike[-1])
    layers: list[list[nn.Module]] = []
    for name, module in children[len(before) : len(children) - len(after)]:
        if not layers or (_is_layer(module, layers[-1][0]) and not BESIDE.search(name)):
            layers.append([module])
        elif not BESIDE.search(name):
            layers[-1].append(module)
    behind: list[nn.Module] = []
    for module in _tail(after)[0]:
        if isinstance(parent, CONTAINERS) and _has_parts(module):
            layers.append([*behind, module])
            behind = []
        else:
            behind.append(module)
    return Run([m for name, m in before if not BESIDE.search(name)], layers, behind)


def _is_layer(module: nn.Module, below: nn.Module) -> bool:
    """Whether it is a layer by itself: not an activation or a norm, and not the end of a stage, as the transitions of DenseNet are."""
    ends = _pools(list(module.modules())[-1]) and _kinds(module) != _kinds(below)
    return _has_parts(module) and not ends


def _has_parts(module: nn.Module) -> bool:
    return learns(module) and any(True for _ in module.children())


def _alike(parent: nn.Module) -> list[nn.Module]:
    """The children of which several are of one kind, none where they are no layers."""
    children = [m for name, m in parent.named_children() if learns(m) and not BESIDE.search(name)]
    kinds = [kind if (kind := _kinds(m)) and not _is_network(m) else set() for m in children]
    some = [kind for kind in kinds if kind]
    repeated = {k for kind in some for k in kind if sum(k in other for other in some) > 2}
    repeated |= {k for one, two in [*pairwise(some), *zip(some, some[2:], strict=False)] for k in one & two}
    if isinstance(parent, CONTAINERS):
        one = type(parent) is nn.ModuleList and len(children) == 1 and bool(some)
        return [m for m, kind in zip(children, kinds, strict=True) if one or kind & repeated]
    highest = max((_height(m) for m, kind in zip(children, kinds, strict=True) if kind & repeated), default=0)
    alike = [m for m, kind in zip(children, kinds, strict=True) if kind & repeated and _height(m) == highest]
    return alike if len(alike) > 2 or (len(alike) == 2 and all(type(m) is nn.Sequential for m in alike)) else []


def _kinds(module: nn.Module) -> set[type]:
    """What a layer is: its class; where it is a mere container the classes of its parts."""
    if type(module) not in CONTAINERS:
        return {type(module)} if _composite(module) else set()
    inner = {kind for child in module.children() for kind in _kinds(child)}
    convolves = any(_is(m, CONVOLUTIONS) for m in module.children()) and not _pools(module, "Adaptive|Linear|Flatten")
    return inner or ({nn.Sequential} if convolves else set())


def _composite(module: nn.Module) -> bool:
    """Whether it has parts that learn; an adapter's are no parts."""
    return not hasattr(module, "base_layer") and any(learns(child) for child in module.children())


def _height(module: nn.Module) -> int:
    inner = max((_height(child) for child in module.children()), default=0)
    return inner + (type(module) not in CONTAINERS and _composite(module))


def _is_network(module: nn.Module) -> bool:
    """Whether it is no layer, but a network of its own."""
    embeds = any(isinstance(m, nn.Embedding) for m in module.modules())
    return fitting(module) is not None or (embeds and bool(chains(module)))


def _convolutions(model: nn.Module) -> list[Chain]:
    """Plain lists of convolutions, as VGG has them: the layers end where they pool, or else each with the next convolution."""
    found: list[Chain] = []
    for name, child in model.named_children():
        if not BESIDE.search(name):
            found += [Chain((model, *inner.around), inner.run) for inner in _convolutions(child)]
    children = list(model.children()) if isinstance(model, nn.Sequential) else []
    places = [i for i, m in enumerate(children) if _is(m, CONVOLUTIONS)]
    if found or len(places) < 2:
        return found
    behind = range(places[-1] + 1, len(children))
    end = next((i for i in behind if _pools(children[i], "Adaptive|Linear|Flatten|Dropout")), len(children))
    pooled = [i for i in range(places[-1]) if _pools(children[i])]
    starts = [next(p for p in places if p > i) for i in pooled] or places[1:]
    cuts = [0, *dict.fromkeys(starts), end]
    groups = [children[a:b] for a, b in pairwise(cuts)]
    return [Chain((model,), Run(groups[0], groups[1:]))]


def _tail(children: Iterable[Named]) -> tuple[list[nn.Module], bool]:
    """The norms and convolutions that come next, and whether something else follows."""
    taken: list[nn.Module] = []
    waiting: list[nn.Module] = []
    for name, module in children:
        bare = not _pools(module, "Pool|Flatten|Dropout") and not BESIDE.search(name)
        if not learns(module) and not _pools(module, "Pool|Flatten"):
            waiting.append(module)
        elif learns(module) and bare and all(_is(m, CONVOLUTIONS) or "Norm" in type(m).__name__ for m in _leaves(module)):
            taken += [*waiting, module]
            waiting = []
        else:
            return taken, True
    return [*taken, *waiting], False


def _leaves(module: nn.Module) -> list[nn.Module]:
    """The parts that learn and have no parts, or only adapters."""
    return [m for m in module.modules() if learns(m) and not _composite(m) and not _inside_adapter(m, module)]


def _inside_adapter(module: nn.Module, top: nn.Module) -> bool:
    return any(hasattr(m, "base_layer") and m is not module and module in m.modules() for m in top.modules())


def _is(module: nn.Module, kinds: tuple[type, ...]) -> bool:
    """Whether it is of a class, perhaps below an adapter."""
    return isinstance(getattr(module, "base_layer", module), kinds)


def _pools(module: nn.Module, what: str = "Pool") -> bool:
    return any(re.search(what, type(m).__name__) for m in module.modules())


def _embeds(module: nn.Module) -> bool:
    """Whether it is embeddings and nothing else, as those of relative positions are."""
    leaves = _leaves(module)
    return any(_is(m, (nn.Embedding,)) for m in leaves) and not any(_is(m, (nn.Linear,)) for m in leaves)


def _until(children: Iterable[Named], module: nn.Module) -> list[Named]:
    found = list(children)
    return found[: _place(found, module)]


def _behind(children: Iterable[Named], module: nn.Module) -> list[Named]:
    found = list(children)
    return found[_place(found, module) + 1 :]


def _place(children: list[Named], module: nn.Module) -> int:
    return next(i for i, (_, m) in enumerate(children) if m is module)
