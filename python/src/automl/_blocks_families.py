"""Networks that are known by the names of their parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import nn

from ._blocks_tower import Part, Tower, learns


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
    """Parts of the stem, modules or parameters, that not all have."""
    first: tuple[str, ...] = ()
    """Parts of the first layer that not all have."""
    last: tuple[str, ...] = ()
    """Parts behind the last layer that belong to it; to the head where that predicts words (``lm_head``)."""


FAMILIES = (
    Family(
        ("embeddings", "patch_embed"),
        ("encoder.layer",),
        "layer",
        also=(
            *("cls_token", "pos_embed", "pos_drop", "LayerNorm", "dropout", "norm"),
            *("encoder.rel_pos_bias", "encoder.rel_pos_x_bias", "encoder.rel_pos_y_bias"),
        ),
    ),  # LayoutLMv3
    Family(
        ("embeddings",),
        ("encoder.layer",),
        "layer",
        also=(
            *("embeddings_project", "entity_embeddings", "layout_embeddings"),
            *("encoder.embed_positions", "encoder.embedding_hidden_mapping_in", "encoder.relative_attention_bias"),
            *("encoder.rel_embeddings", "encoder.LayerNorm"),  # of DeBERTa
        ),
        first=("encoder.conv",),
        last=("layernorm", "LayerNorm", "encoder.ln"),
    ),  # BERT, RoBERTa, ViT, DeBERTa, MPNet
    Family(("embeddings",), ("transformer.layer",), "layer"),  # DistilBERT
    Family(("embeddings",), ("encoder.albert_layer_groups",), "layer", also=("encoder.embedding_hidden_mapping_in",)),
    Family(("embeddings",), ("layers",), "layer", last=("layernorm", "final_norm", "norm_f")),  # ViT of transformers 5, ModernBERT
    Family(("wte", "wpe"), ("h",), "layer", also=("drop",), last=("ln_f",)),  # GPT-2
    Family(
        ("embed_tokens",),
        ("layers",),
        "layer",
        also=("embed_positions", "embed_global", "layernorm_embedding", "project_in"),  # BART, OPT
        last=("norm", "final_layernorm", "final_layer_norm", "layer_norm", "project_out"),
    ),  # Llama, Qwen, Gemma, Phi, ...
    Family(("embedder",), ("encoder.stages",), "stage", bottom="stem"),  # ResNet of transformers
    Family(("embeddings",), ("encoder.stages",), "stage", bottom="stem", last=("layernorm",)),  # ConvNeXt of transformers
    Family(("embeddings",), ("encoder.blocks",), "block", bottom="stem", last=("encoder.top_conv", "encoder.top_bn")),  # EfficientNet
    Family(("conv_stem", "bn1"), ("blocks",), "stage", bottom="stem", last=("conv_head", "bn2")),  # EfficientNet of timm
    Family(("conv1", "bn1"), ("layer1", "layer2", "layer3", "layer4"), "stage", bottom="stem"),  # ResNet of torchvision and timm
)


def known(model: nn.Module) -> Tower | None:
    """The network of a known family in a model."""
    for base in by_depth(model):
        tower = fitting(base) or _layered(base)
        if tower:
            return tower
    return None


def fitting(base: nn.Module) -> Tower | None:
    """The network that a module is, where it is of a known family."""
    for family in FAMILIES:
        tower = _fit(family, base)
        if tower:
            return tower
    return _features(base)


def by_depth(model: nn.Module) -> Iterator[nn.Module]:
    """All modules, the model first."""
    yield from (module for _, module in sorted(model.named_modules(), key=lambda named: named[0].count(".") + bool(named[0])))


def _fit(family: Family, base: nn.Module) -> Tower | None:
    stem = _modules(base, family.stem)
    layers = _modules(base, family.layers)
    if len(stem) < len(family.stem) or len(layers) < len(family.layers):
        return None
    above = [[module] for module in (layers[0].children() if len(layers) == 1 else layers)]
    if not above:
        return None
    above[0] += _modules(base, family.first)
    loose = [part for name in family.also if isinstance(part := _at(base, name), nn.Parameter)]
    return Tower(family.bottom, family.label, [*stem, *_modules(base, family.also)], above, _modules(base, family.last), loose)


def _features(base: nn.Module) -> Tower | None:
    """EfficientNet, MobileNet, ConvNeXt and Swin of torchvision: ``features`` is the stem and then the stages."""
    features = module_at(base, "features")
    stages = list(features.children()) if isinstance(features, nn.Sequential) else []
    if len(stages) < 3 or not all(any(True for _ in stage.children()) for stage in stages):
        return None
    patches = module_at(base, "patch_embed")  # Swin for videos has its stem beside them
    return _ordered([patches, *stages] if patches is not None else stages, "stage")


def _layered(base: nn.Module) -> Tower | None:
    """A YOLO whose layers stand in one list, each with the number of the layer it takes its input from (``f``)."""
    layers = list(base.children()) if isinstance(base, nn.Sequential) else []
    if len(layers) < 3 or not all(hasattr(layer, "f") and hasattr(layer, "i") for layer in layers):
        return None
    return _ordered(layers[:-1], "layer")


def backbone(model: nn.Module) -> Tower | None:
    """The backbone of a detector, where it is of no known family: its parts in their order."""
    for base in by_depth(model):
        inner = module_at(base, "backbone")
        parts = list(inner.children()) if inner is not None and module_at(base, "head") is not None else []
        while len(parts) == 1:  # the backbone within it, or a list of its layers
            parts = list(parts[0].children())
        if len(parts) > 1:
            return _ordered(parts, "stage")
    return None


def neck(model: nn.Module) -> list[Part]:
    """What stands between the backbone of a detector and its head, where it is a module of its own."""
    for base in by_depth(model):
        found = module_at(base, "neck")
        if found is not None and module_at(base, "backbone") is not None and learns(found):
            return [("neck", [found], [])]
    return []


def _ordered(modules: Sequence[nn.Module], label: str) -> Tower:
    """The first one as the stem, then each that has parameters, with those behind it that have none."""
    parts: list[list[nn.Module]] = []
    for module in modules:
        if not parts or learns(module):
            parts.append([module])
        else:
            parts[-1].append(module)
    return Tower("stem", label, parts[0], parts[1:])


def module_at(base: nn.Module, path: str) -> nn.Module | None:
    """The module of that name, where there is one."""
    at = _at(base, path)
    return at if isinstance(at, nn.Module) else None


def _modules(base: nn.Module, paths: Sequence[str]) -> list[nn.Module]:
    return [module for path in paths if (module := module_at(base, path)) is not None]


def _at(base: nn.Module, path: str) -> object:
    at: object = base
    for name in path.split("."):
        at = getattr(at, name, None)
    return at
