"""The blocks of a torch module: groups of layers, bottom (input) to top (head), that a freeze schedule trains or freezes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from torch import nn

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


@dataclass(frozen=True)
class Family:
    """Where networks of a kind keep their layers, by names within the network below the head."""

    stem: tuple[str, ...]
    """All of them must be there."""
    layers: tuple[str, ...]
    """One list of layers, or the layers themselves."""
    label: str
    """What a layer is called, with its number."""
    bottom: str = "embeddings"
    also: tuple[str, ...] = ()
    """Parts of the stem that not all have."""
    last: tuple[str, ...] = ()
    """Parts behind the last layer that belong to it; to the head where that predicts words (``lm_head``)."""


FAMILIES = (
    Family(("embeddings",), ("encoder.layer",), "layer", also=("embeddings_project",), last=("layernorm",)),  # BERT, RoBERTa, ViT
    Family(("embeddings",), ("transformer.layer",), "layer"),  # DistilBERT
    Family(("embeddings",), ("layers",), "layer", last=("layernorm",)),  # ViT of transformers 5
    Family(("wte", "wpe"), ("h",), "layer", also=("drop",), last=("ln_f",)),  # GPT-2
    Family(
        ("embed_tokens",), ("layers",), "layer", last=("norm", "final_layernorm", "final_layer_norm")
    ),  # Llama, Qwen, Gemma, Phi, ...
    Family(("embedder",), ("encoder.stages",), "stage", bottom="stem"),  # ResNet of transformers
    Family(("embeddings",), ("encoder.stages",), "stage", bottom="stem", last=("layernorm",)),  # ConvNeXt of transformers
    Family(("embeddings",), ("encoder.blocks",), "block", bottom="stem", last=("encoder.top_conv", "encoder.top_bn")),  # EfficientNet
    Family(("conv_stem", "bn1"), ("blocks",), "stage", bottom="stem", last=("conv_head", "bn2")),  # EfficientNet of timm
    Family(("conv1", "bn1"), ("layer1", "layer2", "layer3", "layer4"), "stage", bottom="stem"),  # ResNet of torchvision and timm
)


def blocks_of(model: nn.Module, names: BlockNames | None = None) -> list[Block]:
    """The blocks of a model, bottom to top; the last one is the head.

    They are found in BERT, RoBERTa, ELECTRA, DistilBERT, GPT-2, Llama and its kin (``embed_tokens`` and ``layers``), ViT, ConvNeXt,
    ResNet and EfficientNet, of transformers or torchvision, also where these are a part of a module of one's own: what lies outside
    of them is the head. In detectors, too: those that have a ``backbone``, perhaps a ``neck``, and a ``head``, and YOLOs that are one
    list of layers. Of any other module ``names`` lists the blocks: for each the name of a module or parameter, or several. Raises
    AutomlError where that leaves a parameter out.
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
    compiled = _module(model, "_orig_mod")
    return model if compiled is None else unwrapped(compiled)


Part = tuple[str, list[nn.Module], list[nn.Parameter]]


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
    for base in _by_depth(model):
        for family in FAMILIES:
            parts = _fit(family, base)
            if parts:
                return _with_head(model, [*parts, *_neck(model)], family)
        parts = _features(base) or _layered(base)
        if parts:
            return _with_head(model, [*parts, *_neck(model)], None)
    for base in _by_depth(model):
        parts = _backbone(base)
        if parts:
            return _with_head(model, [*parts, *_neck(model)], None)
    raise AutomlError(
        f"blocks: the layers of {type(model).__name__} are not known; list them, bottom to top, as in "
        "freeze(model, schedule, epoch, blocks=['stem', 'layers.0', 'layers.1', 'head'])"
    )


def _by_depth(model: nn.Module) -> Iterator[nn.Module]:
    yield from (module for _, module in sorted(model.named_modules(), key=lambda named: named[0].count(".") + bool(named[0])))


def _fit(family: Family, base: nn.Module) -> list[Part]:
    """The blocks below the head, none where the network is of another family."""
    stem = [_module(base, name) for name in family.stem]
    layers = [_module(base, name) for name in family.layers]
    if None in stem or None in layers:
        return []
    bottom = [module for module in [*stem, *(_module(base, name) for name in family.also)] if module is not None]
    each = list(layers[0].children()) if len(layers) == 1 and layers[0] is not None else layers
    above = [[module] for module in each if module is not None]
    if not above:
        return []
    above[-1] += [module for name in family.last if (module := _module(base, name)) is not None]
    return [(family.bottom, bottom, []), *((f"{family.label}.{i}", modules, []) for i, modules in enumerate(above))]


def _features(base: nn.Module) -> list[Part]:
    """The blocks of EfficientNet, MobileNet and ConvNeXt of torchvision: ``features`` is the stem and then the stages."""
    features = _module(base, "features")
    stages = list(features.children()) if isinstance(features, nn.Sequential) else []
    if len(stages) < 3 or not all(any(True for _ in stage.children()) for stage in stages):
        return []
    return _ordered(stages, "stage")


def _layered(base: nn.Module) -> list[Part]:
    """The blocks of a YOLO whose layers stand in one list, each with the number of the layer it takes its input from (``f``)."""
    layers = list(base.children()) if isinstance(base, nn.Sequential) else []
    if len(layers) < 3 or not all(hasattr(layer, "f") and hasattr(layer, "i") for layer in layers):
        return []
    return _ordered(layers[:-1], "layer")


def _backbone(base: nn.Module) -> list[Part]:
    """The blocks of a detector with a backbone that is of no known family: its parts in their order."""
    backbone = _module(base, "backbone")
    parts = list(backbone.children()) if backbone is not None and _module(base, "head") is not None else []
    while len(parts) == 1:  # the backbone within it, or a list of its layers
        parts = list(parts[0].children())
    return _ordered(parts, "stage") if len(parts) > 1 else []


def _neck(model: nn.Module) -> list[Part]:
    """What stands between the backbone of a detector and its head, where it is a module of its own."""
    for base in _by_depth(model):
        neck = _module(base, "neck")
        if neck is not None and _module(base, "backbone") is not None and any(True for _ in neck.parameters()):
            return [("neck", [neck], [])]
    return []


def _ordered(modules: Sequence[nn.Module], label: str) -> list[Part]:
    """The first one as the stem, then each that has parameters, with those behind it that have none."""
    parts: list[Part] = []
    for module in modules:
        if not parts or any(True for _ in module.parameters()):
            name = "stem" if not parts else f"{label}.{len(parts) - 1}"
            parts.append((name, [module], []))
        else:
            parts[-1][1].append(module)
    return parts


def _module(base: nn.Module, path: str) -> nn.Module | None:
    at: object = base
    for name in path.split("."):
        at = getattr(at, name, None)
    return at if isinstance(at, nn.Module) else None


def _with_head(model: nn.Module, parts: list[Part], family: Family | None) -> list[Part]:
    """Adds everything outside of the blocks as the head; with it, of a language model, the norm below its prediction."""
    if family is not None and hasattr(model, "lm_head"):
        parts[-1][1][1:] = []
    inside = {id(module) for _, modules, _ in parts for top in modules for module in top.modules()}
    around = {id(p) for _, modules, _ in parts for top in modules for p in top.parameters()}
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
    return [*parts, ("head", modules, loose)]
