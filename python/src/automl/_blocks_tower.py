"""A tower: layers one above the other, over an input of their own."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import nn

Part = tuple[str, list[nn.Module], list[nn.Parameter]]
"""A block: its name, its modules, and parameters that are of no module in it."""


@dataclass
class Tower:
    """A network without its head. Most models have one, those of texts and images one for each."""

    bottom: str
    """What the block of the input is called."""
    label: str
    """What a layer is called, with its number."""
    stem: list[nn.Module]
    layers: list[list[nn.Module]]
    behind: list[nn.Module] = field(default_factory=list)
    """Parts behind the last layer, that belong to it; to the head where that predicts words."""
    loose: list[nn.Parameter] = field(default_factory=list)
    """Parameters of the input that are of no module in the stem."""

    def above(self, words: bool = False) -> list[list[nn.Module]]:
        """The modules of each layer; ``words`` where a head that predicts words stands on them."""
        return self.layers if words else [*self.layers[:-1], [*self.layers[-1], *self.behind]]

    def modules(self) -> list[nn.Module]:
        """All that is in it."""
        parts = [*self.stem, *self.behind, *(module for layer in self.layers for module in layer)]
        return [module for part in parts for module in part.modules()]

    def holds(self, module: nn.Module) -> bool:
        """Whether parameters of a module are in its stem."""
        mine = {id(p) for part in self.stem for p in part.parameters()}
        return any(id(p) in mine for p in module.parameters())

    def parts(self, words: bool = False) -> list[Part]:
        """Its blocks, bottom to top."""
        layers = [(f"{self.label}.{i}", layer) for i, layer in enumerate(self.above(words))]
        return assembled(self.bottom, self.stem, self.loose, layers)


def assembled(bottom: str, stem: list[nn.Module], loose: list[nn.Parameter], layers: list[tuple[str, list[nn.Module]]]) -> list[Part]:
    """The blocks of a stem and layers; a stem without parameters is a part of the first layer."""
    if not loose and not any(learns(module) for module in stem):
        (name, first), *layers = layers
        return [(name, [*stem, *first], []), *((name, layer, []) for name, layer in layers)]
    return [(bottom, stem, loose), *((name, layer, []) for name, layer in layers)]


def learns(module: nn.Module) -> bool:
    """Whether it has parameters."""
    return any(True for _ in module.parameters())
