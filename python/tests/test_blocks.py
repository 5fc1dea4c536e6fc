"""Blocks of networks that the built-in trainer has not, found by how they are built: the classes of transformers and torchvision."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
models = pytest.importorskip("torchvision.models")

from torch import nn  # noqa: E402

from automl import AutomlError, FreezeSchedule, blocks_of, freeze  # noqa: E402


@dataclass(frozen=True)
class Case:
    """A small network with random weights, and what is to be found in it."""

    build: Callable[[], Any]
    blocks: list[str]
    """Their names, but for the head's."""
    head: tuple[str, ...]
    """How the names of the head's parameters begin."""
    batch: Callable[[], dict[str, Any]] | None
    """What it trains on; None where it is too large to be trained here."""


CASES: dict[str, Case] = {}
ENCODER_DECODER = "embeddings encoder.layer.0 encoder.layer.1 decoder.layer.0 decoder.layer.1"


def case(blocks: str, head: str, batch: Callable[[], dict[str, Any]] | None = None) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    def add(build: Callable[[], Any]) -> Callable[[], Any]:
        CASES[build.__name__] = Case(build, blocks.split(), tuple(head.split()), batch)
        return build

    return add


def stages(count: int) -> str:
    return "stem " + " ".join(f"stage.{i}" for i in range(count))


def layers(count: int) -> str:
    return "embeddings " + " ".join(f"layer.{i}" for i in range(count))


def hf(kind: str, config: str, **settings: Any) -> Any:
    return getattr(transformers, kind)(getattr(transformers, f"{config}Config")(**settings))


def words() -> dict[str, Any]:
    ids = torch.randint(3, 20, (4, 6))
    ids[:, -1] = 2  # the end, where BART's classifier looks
    return {"input_ids": ids}


def classes() -> dict[str, Any]:
    return words() | {"labels": torch.tensor([0, 1, 2, 0])}


def answers() -> dict[str, Any]:
    return words() | {"labels": torch.randint(3, 20, (4, 6))}


def images(size: int = 16) -> dict[str, Any]:
    return {"pixel_values": torch.randn(4, 3, size, size), "labels": torch.tensor([0, 1, 2, 0])}


def large() -> dict[str, Any]:
    return images(32)


def pixels() -> dict[str, Any]:
    """For torchvision, which has one input and no loss."""
    return {"": torch.randn(4, 3, 64, 64)}


def pairs() -> dict[str, Any]:
    return words() | {"pixel_values": torch.randn(4, 3, 16, 16), "return_loss": True}


def speech() -> dict[str, Any]:
    return {"input_features": torch.randn(4, 8, 40), "labels": torch.randint(3, 20, (4, 5))}


def captions() -> dict[str, Any]:
    return {"pixel_values": torch.randn(4, 3, 16, 16), "labels": torch.randint(3, 20, (4, 5))}


SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
TEXT = {**SMALL, "vocab_size": 32, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
LABELLED = {**TEXT, "num_labels": 3}
IMAGE = {**SMALL, "num_hidden_layers": 4, "image_size": 16, "patch_size": 8}
T5 = {"vocab_size": 32, "d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 2, "num_heads": 2, "num_labels": 3}
T5 |= {"decoder_start_token_id": 0, "eos_token_id": 2}
BART = {"vocab_size": 32, "d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2, "num_labels": 3}
BART |= {"decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "pad_token_id": 0, "bos_token_id": 1}
BART |= {"eos_token_id": 2, "decoder_start_token_id": 1, "forced_eos_token_id": 2}
PYRAMID = {"depths": [1, 2], "num_labels": 3}


@case(ENCODER_DECODER, "decoder.final_layer_norm", answers)
def t5() -> Any:
    return hf("T5ForConditionalGeneration", "T5", **T5)


@case(ENCODER_DECODER, "classification_head", classes)
def t5_classifier() -> Any:
    return hf("T5ForSequenceClassification", "T5", **T5)


@case(ENCODER_DECODER.removesuffix(" decoder.layer.1"), "model.decoder.layers.1", answers)
def bart() -> Any:  # its words are those of the embeddings, and nothing is below them
    return hf("BartForConditionalGeneration", "Bart", **BART)


@case(ENCODER_DECODER, "classification_head", classes)
def bart_classifier() -> Any:
    return hf("BartForSequenceClassification", "Bart", **BART)


@case(ENCODER_DECODER, "model.decoder.layer_norm", answers)
def mbart() -> Any:
    return hf("MBartForConditionalGeneration", "MBart", **BART)


@case(ENCODER_DECODER, "model.decoder.layer_norm", speech)
def whisper() -> Any:
    return hf("WhisperForConditionalGeneration", "Whisper", **BART, num_mel_bins=8, max_source_positions=20)


@case("embeddings layer.0", "albert.pooler classifier", classes)
def albert() -> Any:
    return hf("AlbertForSequenceClassification", "Albert", **LABELLED, embedding_size=8)


@case(layers(2), "pooler classifier", classes)
def deberta() -> Any:
    relative = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "conv_kernel_size": 3, "norm_rel_ebd": "layer_norm"}
    return hf("DebertaV2ForSequenceClassification", "DebertaV2", **LABELLED, **relative)


@case(layers(2), "classifier", classes)
def mpnet() -> Any:
    return hf("MPNetForSequenceClassification", "MPNet", **LABELLED)


@case(layers(2), "sequence_summary logits_proj", classes)
def xlnet() -> Any:
    return hf("XLNetForSequenceClassification", "XLNet", vocab_size=32, d_model=16, n_layer=2, n_head=2, d_inner=16, num_labels=3)


@case(layers(2), "transformer.ln_f", answers)
def bloom() -> Any:
    return hf("BloomForCausalLM", "Bloom", vocab_size=32, hidden_size=16, n_layer=2, n_head=2)


@case(layers(2), "model.decoder.final_layer_norm model.decoder.project_out", answers)
def opt() -> Any:
    small = {name: value for name, value in TEXT.items() if name != "intermediate_size"}
    return hf("OPTForCausalLM", "OPT", **small, ffn_dim=16, word_embed_proj_dim=8, max_position_embeddings=20)


@case(stages(2), "classifier", images)
def swin() -> Any:
    return hf(
        "SwinForImageClassification", "Swin", **PYRAMID, image_size=16, patch_size=4, embed_dim=8, num_heads=[1, 2], window_size=2
    )


@case(stages(2), "classifier", large)
def convnext() -> Any:
    return hf("ConvNextForImageClassification", "ConvNext", **PYRAMID, hidden_sizes=[8, 8], num_stages=2)


@case(stages(2), "classifier", large)
def regnet() -> Any:
    return hf("RegNetForImageClassification", "RegNet", **PYRAMID, hidden_sizes=[8, 8], embedding_size=8, groups_width=8)


@case(stages(16), "classifier", large)
def mobilenet() -> Any:
    return hf("MobileNetV2ForImageClassification", "MobileNetV2", depth_multiplier=0.25, num_labels=3)


@case(layers(4), "classifier", images)
def clip_classifier() -> Any:
    return hf("CLIPForImageClassification", "CLIP", text_config=TEXT, vision_config=IMAGE, num_labels=3)


@case(layers(4), "logit_scale text_projection visual_projection", pairs)
def clip() -> Any:
    return hf("CLIPModel", "CLIP", text_config=TEXT, vision_config=IMAGE, projection_dim=8)


@case(layers(4), "logit_scale logit_bias text_model.head vision_model.head", pairs)
def siglip() -> Any:
    return hf("SiglipModel", "Siglip", text_config=TEXT, vision_config=IMAGE)


@case(
    "embeddings encoder.layer.0 encoder.layer.1 encoder.layer.2 encoder.layer.3 decoder.layer.0 decoder.layer.1",
    "encoder.pooler decoder.cls",
    captions,
)
def image_to_text() -> Any:
    below = transformers.ViTModel(transformers.ViTConfig(**IMAGE))
    above = transformers.BertLMHeadModel(transformers.BertConfig(**TEXT, is_decoder=True, add_cross_attention=True))
    model = transformers.VisionEncoderDecoderModel(encoder=below, decoder=above)
    model.config.decoder_start_token_id, model.config.pad_token_id = 1, 0
    return model


@case(
    "embeddings vision_tower.layer.0 vision_tower.layer.1 vision_tower.layer.2 vision_tower.layer.3 language_model.layer.0"
    " language_model.layer.1",
    "lm_head model.language_model.norm model.multi_modal_projector",
)
def llava() -> Any:
    towers = {"vision_config": transformers.CLIPVisionConfig(**IMAGE), "text_config": transformers.LlamaConfig(**TEXT)}
    return hf("LlavaForConditionalGeneration", "Llava", **towers, image_token_index=1)


@case(layers(2), "projector classifier")
def wav2vec() -> Any:
    conv = {"conv_dim": (8, 8), "conv_stride": (2, 2), "conv_kernel": (3, 3), "num_feat_extract_layers": 2}
    return hf(
        "Wav2Vec2ForSequenceClassification", "Wav2Vec2", **TEXT, **conv, num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2
    )


@case(layers(2), "heads", pixels)
def torchvision_vit() -> Any:
    return models.VisionTransformer(64, patch_size=32, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=16, num_classes=3)


@case(stages(2), "classifier", pixels)
def densenet() -> Any:
    return models.DenseNet(growth_rate=4, block_config=(2, 2), num_init_features=8, num_classes=3)


@case(stages(2), "classifier", pixels)
def vgg() -> Any:
    with torch.device("meta"):  # its own classifier has a hundred million numbers
        net = models.vgg.VGG(nn.Sequential(), init_weights=False)
    net.features = models.vgg.make_layers([8, "M", 8, 8, "M", 8, "M"], batch_norm=True)
    net.classifier = nn.Linear(8 * 49, 3)
    return net


@case(stages(3), "classifier", pixels)
def torchvision_mobilenet() -> Any:
    return models.MobileNetV2(num_classes=3, width_mult=0.1, inverted_residual_setting=[[1, 8, 1, 1], [2, 8, 1, 2]])


@case(stages(3), "norm head", pixels)
def torchvision_swin() -> Any:
    return models.SwinTransformer([4, 4], 8, [1, 1], [1, 2], [2, 2], num_classes=3)


@case(stages(3), "classifier", pixels)
def torchvision_convnext() -> Any:
    sizes = [models.convnext.CNBlockConfig(8, 16, 1), models.convnext.CNBlockConfig(16, None, 1)]
    return models.ConvNeXt(sizes, num_classes=3)


@case(stages(3), "fc", pixels)
def shufflenet() -> Any:
    return models.ShuffleNetV2([2, 2, 2], [8, 8, 16, 16, 16], num_classes=3)


@case(stages(6), "classifier", pixels)
def mnasnet() -> Any:
    return models.MNASNet(0.1, num_classes=3)


@case(stages(8), "classifier")  # its last ReLU often is 0 for all without training
def squeezenet() -> Any:
    return models.squeezenet1_1(num_classes=3)


@case(stages(9), "aux1 aux2 fc")
def googlenet() -> Any:
    with torch.device("meta"):
        return models.GoogLeNet(num_classes=3, init_weights=False)


@case(stages(11), "AuxLogits fc")
def inception() -> Any:
    with torch.device("meta"):
        return models.Inception3(num_classes=3, init_weights=False)


@case(stages(4), "classifier")
def maxvit() -> Any:
    with torch.device("meta"):
        return models.maxvit_t(num_classes=3)


@case(stages(4), "fc")
def resnet_for_videos() -> Any:
    with torch.device("meta"):
        return models.video.r3d_18(num_classes=3)


TRAINED = [name for name, case in CASES.items() if case.batch is not None]


@pytest.mark.parametrize("name", list(CASES))
def test_blocks(name: str) -> None:
    blocks = blocks_of(CASES[name].build())
    assert [block.name for block in blocks] == [*CASES[name].blocks, "head"]
    assert all(block.size for block in blocks)
    of_head = [name for name, _ in blocks[-1].parameters]
    begun = [[called for called in of_head if called.startswith(prefix)] for prefix in CASES[name].head]
    assert all(begun) and sorted(of_head) == sorted(called for some in begun for called in some)


EVALUATED = (nn.Dropout, nn.modules.batchnorm._BatchNorm)
"""What behaves otherwise in evaluation."""


def step(model: Any, batch: dict[str, Any]) -> Any:
    """Trains on a batch; returns what the state was before."""
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    before = copy.deepcopy(model.state_dict())
    model.train()
    made = model(batch[""]) if "" in batch else model(**batch)
    ((made - 1).square().mean() if "" in batch else made.loss).backward()
    optimizer.step()
    return before


@pytest.mark.parametrize("name", TRAINED)
def test_gradual_unfreezing_changes_what_it_thaws_and_nothing_else(name: str) -> None:
    torch.manual_seed(0)
    model, batch = CASES[name].build(), CASES[name].batch
    assert batch is not None
    count = len(CASES[name].blocks) + 1
    for epoch in {1, 2, 1 + count // 2, count}:
        frozen = freeze(model, FreezeSchedule("gradual"), epoch)
        assert frozen.trained == [place >= count - epoch for place in range(count)]
        before = step(model, batch())
        after = model.state_dict()
        changed = {name for name in before if not torch.equal(before[name], after[name])}
        for block, on in zip(frozen.blocks, frozen.trained, strict=True):
            assert bool(changed & {name for name, _ in block.parameters}) == on, (block.name, epoch)
            running = {id(value) for module in block.modules for key, value in module.named_buffers() if "running_" in key}
            moved = {called for called, value in model.named_buffers() if id(value) in running and called in changed}
            assert bool(moved) == (on and bool(running)), (block.name, epoch)
            differing = [m for module in block.modules for m in module.modules() if isinstance(m, EVALUATED) and not on]
            assert not any(m.training for m in differing), (block.name, epoch)


@pytest.mark.parametrize("name", list(CASES))
def test_rates_fall_towards_the_input(name: str) -> None:
    frozen = freeze(CASES[name].build(), FreezeSchedule(layer_decay=0.5), 1)
    names = [*CASES[name].blocks, "head"]
    rates = {group["block"]: group["lr"] for group in frozen.groups(1.0)}
    assert rates == {name: 0.5 ** (len(names) - 1 - place) for place, name in enumerate(names)}
    assert sum(p.numel() for group in frozen.groups(1.0) for p in group["params"]) == frozen.trainable


ATTENTION = r".*\.(q|v|query|value|q_proj|v_proj|query_proj|value_proj)"
ADAPTED = dict.fromkeys(["t5", "bart", "albert", "deberta", "swin", "clip"], ATTENTION)
ADAPTED |= {"torchvision_vit": r".*\.mlp\.[03]", "densenet": r".*\.conv2", "vgg": r"features\.(0|4|7|11)"}


@pytest.mark.parametrize("name", list(ADAPTED))
def test_adapters(name: str) -> None:
    peft = pytest.importorskip("peft")
    schedule = FreezeSchedule("lora", lora_rank=2)
    model = peft.get_peft_model(CASES[name].build(), peft.LoraConfig(r=2, target_modules=ADAPTED[name]))
    blocks = blocks_of(model)
    assert [block.name for block in blocks] == [*CASES[name].blocks, "head"]
    frozen = freeze(model, schedule, 1)
    adapters = {block.name for block in blocks if any("lora_" in called for called, _ in block.parameters)}
    assert {group["block"] for group in frozen.groups(1e-3)} == adapters
    assert adapters - {"head", "stem"} == set(CASES[name].blocks) - {"embeddings", "stem"}
    assert all(("lora_" in called) == p.requires_grad for called, p in model.named_parameters())


def test_layers_of_two_towers_thaw_at_proportional_depths() -> None:
    blocks = {block.name: {called.split(".encoder.")[-1] for called, _ in block.parameters} for block in blocks_of(clip())}
    layers = {name: {called.rpartition("layers.")[2][0] for called in called if "layers." in called} for name, called in blocks.items()}
    assert layers["layer.0"] == {"0"} and layers["layer.2"] == {"2"}  # of the images alone, which have four
    assert layers["layer.1"] == {"0", "1"} and layers["layer.3"] == {"1", "3"}
    assert {"text_model.final_layer_norm.weight", "vision_model.post_layernorm.weight"} <= blocks["layer.3"]


def test_frozen_encoders_drop_nothing_by_themselves() -> None:
    model = bart_classifier()
    assert model.model.encoder.dropout == 0.1  # a number, which is applied while the encoder trains
    batch = classes()
    freeze(model, FreezeSchedule("head_only"), 1)
    model.train()
    one, two = (model.model(input_ids=batch["input_ids"]).last_hidden_state for _ in range(2))
    assert torch.equal(one, two) and not model.model.encoder.training
    freeze(model, FreezeSchedule(), 2)
    assert model.model.encoder.training and model.model.decoder.training
    one, two = (model.model(input_ids=batch["input_ids"]).last_hidden_state for _ in range(2))
    assert not torch.equal(one, two)


class Part(nn.Module):
    """A module of one's own with the parts that it is given."""

    def __init__(self, **parts: Any) -> None:
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)


class Residual(Part):
    def __init__(self, size: int) -> None:
        super().__init__(one=nn.Conv2d(size, size, 3), norm=nn.BatchNorm2d(size), two=nn.Conv2d(size, size, 3))


class Other(Residual):
    """Layers of another kind."""


def pooled(of: int, to: int) -> Any:
    return nn.Sequential(nn.Conv2d(of, to, 3), nn.BatchNorm2d(to), nn.ReLU(), nn.MaxPool2d(2))


def bert() -> Any:
    return transformers.BertModel(transformers.BertConfig(**TEXT))


def encoder() -> Any:
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 16), 2, enable_nested_tensor=False)


def linear(of: int, to: int) -> Any:
    return nn.Linear(of, to)


def task() -> Any:
    return Part(one=linear(16, 16), two=linear(16, 2))


OWN: dict[str, tuple[Callable[[], Any], str, str]] = {
    "texts and images": (
        lambda: Part(text=bert(), image=models.resnet18(), out=linear(9, 3)),
        stages(4).replace("stem", "embeddings"),
        "text.pooler image.fc out",
    ),
    "two of a kind": (
        lambda: Part(nets=nn.ModuleList([bert(), bert()]), out=linear(9, 3)),
        layers(2),
        "nets.0.pooler nets.1.pooler out",
    ),
    "three heads": (
        lambda: Part(body=bert(), one=task(), two=task(), three=task()),
        layers(2),
        "body.pooler one two three",
    ),
    "encoder below decoder": (
        lambda: Part(words=nn.Embedding(9, 16), both=nn.Transformer(16, 2, 2, 3, 16), out=linear(16, 9)),
        layers(5),
        "out",
    ),
    "patches": (
        lambda: Part(patch=linear(48, 16), place=nn.Parameter(torch.ones(9, 16)), body=encoder(), out=linear(16, 3)),
        layers(2),
        "out",
    ),
    "words behind the layers": (
        lambda: Part(body=Part(layers=encoder().layers, words=nn.Embedding(9, 16)), out=linear(16, 9)),
        layers(2),
        "out",
    ),
    "scale": (
        lambda: Part(words=nn.Embedding(9, 16), body=encoder(), scale=nn.Parameter(torch.ones(1))),
        layers(2),
        "scale",
    ),
    "head before the body": (
        lambda: Part(out=linear(16, 9), classifier=linear(16, 32), words=nn.Embedding(9, 16), body=encoder()),
        layers(2),
        "out classifier",
    ),
    "prototypes": (
        lambda: Part(prototypes=nn.Parameter(torch.ones(3, 16)), words=nn.Embedding(9, 16), body=encoder()),
        layers(2),
        "prototypes",
    ),
    "convolutions": (
        lambda: nn.Sequential(pooled(3, 8), pooled(8, 8), pooled(8, 8), nn.Flatten(), linear(8, 3)),
        "stage.0 stage.1 stage.2",
        "4",
    ),
    "residuals": (
        lambda: Part(stem=nn.Conv2d(3, 8, 3), body=nn.Sequential(Residual(8), Residual(8)), out=nn.Conv2d(8, 1, 1)),
        stages(2),
        "out",
    ),
    "body and head": (
        lambda: nn.Sequential(nn.Sequential(*list(models.resnet18().children())[:-2]), linear(512, 3)),
        stages(4),
        "1.",
    ),
    "decoder of convolutions": (
        lambda: Part(encoder=models.resnet18(), decoder=nn.ModuleList([Residual(8), Residual(8)]), out=nn.Conv2d(8, 1, 1)),
        stages(4),
        "encoder.fc decoder out",
    ),
}


@pytest.mark.parametrize("name", list(OWN))
def test_modules_of_ones_own(name: str) -> None:
    build, names, head = OWN[name]
    blocks = blocks_of(build())
    assert [block.name for block in blocks] == [*names.split(), "head"]
    assert {next((p for p in head.split() if called.startswith(p)), called) for called, _ in blocks[-1].parameters} == set(head.split())


@pytest.mark.parametrize(
    "build",
    [
        lambda: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2)),
        lambda: Part(one=nn.Conv2d(3, 8, 3), two=nn.Conv2d(8, 8, 3), out=nn.Linear(8, 2)),
        lambda: Part(words=nn.Embedding(9, 8), body=nn.LSTM(8, 8, 2), out=nn.Linear(8, 2)),
        lambda: Part(down=nn.Sequential(*map(Residual, [8] * 3)), up=Part(last=Residual(8)), out=nn.Conv2d(8, 1, 1)),
        lambda: Part(one=nn.Sequential(*map(Residual, [8] * 3)), two=nn.Sequential(*map(Other, [8] * 3)), out=nn.Linear(8, 2)),
    ],
    ids=["perceptron", "convolutions one by one", "recurrent", "layers in the head", "layers on layers"],
)
def test_what_is_not_clear_is_not_guessed(build: Callable[[], Any]) -> None:
    with pytest.raises(AutomlError, match=r"are not known; list them, bottom to top"):
        blocks_of(build())


@pytest.mark.parametrize(
    "build", [lambda: hf("T5EncoderModel", "T5", **T5), lambda: hf("SwinModel", "Swin", embed_dim=8, num_heads=[1] * 4)]
)
def test_a_network_without_a_head_is_said(build: Callable[[], Any]) -> None:
    with pytest.raises(AutomlError, match="has no head above its layers"):
        blocks_of(build())
