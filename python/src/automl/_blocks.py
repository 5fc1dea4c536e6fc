"""The blocks of a torch module: groups of layers, bottom (input) to top (head), that a freeze schedule trains or freezes."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import nn

from ._blocks_families import module_at
from ._blocks_found import found, predicts_words
from ._blocks_tower import Part
from ._errors import AutomlError
from ._schedule import BlockNames


@dataclass(frozen=True)
class Block:
    """A group of layers with a name, as the built-in trainer calls it."""

    name: str
    modules: tuple[nn.Module, ...] = field(repr=False)
    parameters: tuple[tuple[str, nn.Parameter], ...] = field(repr=False)
    """With the names they have in the unwrapped model. A parameter that two blocks share is the lower one's."""

    @property
    def size(self) -> int:
        """How many numbers its parameters hold."""
        return sum(parameter.numel() for _, parameter in self.parameters)


def blocks_of(model: nn.Module, names: BlockNames | None = None) -> list[Block]:
    """The blocks of a model, bottom to top; the last one is the head.

    They are found in the networks of transformers and torchvision and others whose layers repeat, also where these are a part of a
    module of one's own: what lies outside of them is the head. The layers of a decoder stand on those of its encoder; those of towers
    beside each other (CLIP's) go together, at proportional depths. Of detectors with a ``backbone`` that is the network, and a
    ``neck`` a block. Of any other module ``names`` lists the blocks: for each the name of a module or parameter, or several. Raises
    AutomlError where the layers are not known, or ``names`` leaves a parameter out.
    """
    model = unwrapped(model)
    parts = _named(model, names) if names is not None else _found(model)
    owner: set[int] = set()
    called = {id(parameter): name for name, parameter in model.named_parameters()}
    blocks = []
    for name, modules, loose in parts:
        mine: list[tuple[str, nn.Parameter]] = []
        for parameter in [*loose, *(p for module in modules for p in module.parameters())]:
            if id(parameter) not in owner:
                owner.add(id(parameter))
                mine.append((called[id(parameter)], parameter))
        blocks.append(Block(name, tuple(modules), tuple(mine)))
    left = [name for name, parameter in model.named_parameters() if id(parameter) not in owner]
    if left:
        raise AutomlError(f"blocks: no block has the parameter {left[0]} (and {len(left) - 1} more); list all modules that learn")
    if not blocks[-1].parameters:
        raise AutomlError(f"blocks: {type(model).__name__} has no head above its layers; freeze the model with its head")
    return blocks


def unwrapped(model: nn.Module) -> nn.Module:
    """The model inside of what torch.compile, DataParallel and DistributedDataParallel put around it."""
    if isinstance(model, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        return unwrapped(model.module)
    compiled = module_at(model, "_orig_mod")
    return model if compiled is None else unwrapped(compiled)


def _named(model: nn.Module, names: BlockNames) -> list[Part]:
    if len(names) < 2 or isinstance(names, str):
        raise AutomlError(f"blocks: {names!r} is no list of at least two blocks, the last one the head")
    parts: list[Part] = []
    for entry in names:
        paths = [entry] if isinstance(entry, str) else list(entry)
        if not paths or not all(isinstance(path, str) for path in paths):
            raise AutomlError(f"blocks: {entry!r} is neither the name of a module nor a list of names")
        found = [_get(model, path) for path in paths]
        modules = [part for part in found if isinstance(part, nn.Module)]
        parts.append((paths[0], modules, [part for part in found if isinstance(part, nn.Parameter)]))
    return parts


def _get(model: nn.Module, path: str) -> nn.Module | nn.Parameter:
    at: object = model
    for name in path.split("."):
        at = getattr(at, name, None)
    if not isinstance(at, (nn.Module, nn.Parameter)):
        known = ", ".join(name for name, _ in model.named_children())
        raise AutomlError(f"blocks: {type(model).__name__} has no module {path!r}; at its top are {known}")
    return at


def _found(model: nn.Module) -> list[Part]:
    parts = found(model)
    if not parts:
        raise AutomlError(
            f"blocks: the layers of {type(model).__name__} are not known; list them, bottom to top, as in "
            "freeze(model, schedule, epoch, blocks=['stem', 'layers.0', 'layers.1', 'head'])"
        )
    return _with_head(model, parts)


def _with_head(model: nn.Module, parts: list[Part]) -> list[Part]:
    """Adds everything outside of the blocks as the head."""
    inside = {id(module) for _, modules, _ in parts for top in modules for module in top.modules()}
    around = {id(p) for _, modules, loose in parts for p in [*loose, *(p for top in modules for p in top.parameters())]}
    modules: list[nn.Module] = []
    loose: list[nn.Parameter] = []

    def collect(module: nn.Module) -> None:
        if id(module) in inside:
            return
        if not any(id(part) in inside for part in module.modules()):
            modules.append(module)
            return
        loose.extend(p for p in module.parameters(recurse=False) if id(p) not in around)
        for child in module.children():
            collect(child)

    collect(model)
    if predicts_words(model) and len(parts) > 2 and not any(id(p) not in around for p in model.parameters()):
        (_, last, more), parts = parts[-1], parts[:-1]  # its words are those of the embeddings: the last layer is the head
        modules, loose = [*last, *modules], [*more, *loose]
    return [*parts, ("head", modules, loose)]
