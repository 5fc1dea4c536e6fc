"""Blocks, and what of them trains, are those of the built-in trainer (see runner/finetune/model/python_test.go)."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import weakref
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from automl import AutomlError, FreezeSchedule, ParameterError, blocks_of, freeze  # noqa: E402

MODELS = Path(__file__).parents[2] / "runner" / "finetune" / "model" / "testdata"
CASES = {case["model"]: case for case in json.loads((Path(__file__).parent / "data" / "blocks.json").read_text(encoding="utf-8"))}
GRADUAL = FreezeSchedule("gradual", depth=0.6, unfreeze_every=1, layer_decay=0.5, head_lr_factor=10)


def load(name: str) -> Any:
    """The model of a folder, with the head that its files have."""
    kind = {"gpt2lm": "AutoModelForCausalLM", "vit": "AutoModelForImageClassification"}.get(name, "AutoModelForSequenceClassification")
    if name.startswith("resnet"):
        kind = "AutoModelForImageClassification"
    return getattr(transformers, kind).from_pretrained(MODELS / name)


@pytest.mark.parametrize("name", list(CASES))
def test_blocks_are_those_of_the_built_in_trainer(name: str) -> None:
    model, case = load(name), CASES[name]
    blocks = blocks_of(model)
    assert [block.name for block in blocks] == case["blocks"]
    assert [block.size for block in blocks] == case["sizes"]


@pytest.mark.parametrize("name", list(CASES))
def test_trains_what_the_built_in_trainer_trains(name: str) -> None:
    model, case = load(name), CASES[name]
    for epoch, want in enumerate(case["trainable"], 1):
        frozen = freeze(model, GRADUAL, epoch)
        assert frozen.trainable == want
        assert sum(p.numel() for p in model.parameters() if p.requires_grad) == want


@pytest.mark.parametrize("name", list(CASES))
def test_groups_have_the_rates_and_the_decay_of_the_built_in_trainer(name: str) -> None:
    model, case = load(name), CASES[name]
    groups = freeze(model, GRADUAL, 1).groups(0.1, weight_decay=0.01)
    for block, want in zip(case["blocks"], case["rates"], strict=True):
        for decay, numbers in ((0.01, want["decayed"]), (0.0, want["plain"])):
            mine = [g for g in groups if g["block"] == block and g["weight_decay"] == decay]
            assert sum(p.numel() for g in mine for p in g["params"]) == numbers
            assert all(g["lr"] == pytest.approx(0.1 * want["factor"]) for g in mine)
    torch.optim.AdamW(groups)
    assert freeze(model, GRADUAL, 1).groups(0.1, head_lr=0.7)[-1]["lr"] == 0.7


def batch(model: Any) -> dict[str, Any]:
    torch.manual_seed(0)
    if model.config.model_type in ("vit", "resnet"):
        return {"pixel_values": torch.randn(4, 3, 12, 12), "labels": torch.tensor([0, 1, 2, 0])}
    return {"input_ids": torch.randint(3, 20, (4, 6)), "labels": torch.tensor([0, 1, 0, 1])}


@pytest.mark.parametrize("name", ["bert", "vit", "resnet-basic"])
def test_only_what_trains_changes(name: str) -> None:
    model = load(name)
    inputs = batch(model)
    optimizer = torch.optim.AdamW(freeze(model, GRADUAL, 1).groups(1e-2, weight_decay=0.1))
    for epoch in (1, 2, 3):
        frozen = freeze(model, GRADUAL, epoch)
        before = copy.deepcopy(model.state_dict())
        model.train()
        for _ in range(2):
            optimizer.zero_grad()
            model(**inputs).loss.backward()
            optimizer.step()
        after = model.state_dict()
        for block, on in zip(frozen.blocks, frozen.trained, strict=True):
            names = {name for name, _ in block.parameters}
            changed = {name for name in names if not torch.equal(before[name], after[name])}
            assert not changed if not on else changed, (block.name, epoch)
        running = {name for name in before if name.endswith("running_mean") and not torch.equal(before[name], after[name])}
        assert bool(running) == (name.startswith("resnet") and epoch > 1)  # those of blocks that train, and of no other
        assert not any("embedder" in name for name in running)


def test_frozen_blocks_drop_nothing() -> None:
    model = load("bert")
    model.config.hidden_dropout_prob = 0.5
    layers = [m for m in model.bert.modules() if isinstance(m, torch.nn.Dropout)]
    for layer in layers:
        layer.p = 0.5
    inputs = batch(model)
    inner = model.bert.encoder
    freeze(model, FreezeSchedule("head_only"), 1)
    model.train()
    one = model.bert(input_ids=inputs["input_ids"]).last_hidden_state
    assert torch.equal(one, model.bert(input_ids=inputs["input_ids"]).last_hidden_state)
    assert not inner.layer[0].training
    freeze(model, FreezeSchedule("full"), 2)
    assert inner.layer[0].training and all(layer.training for layer in layers)
    one = model.bert(input_ids=inputs["input_ids"]).last_hidden_state
    assert not torch.equal(one, model.bert(input_ids=inputs["input_ids"]).last_hidden_state)


def test_what_was_fixed_before_stays_fixed() -> None:
    model = load("bert")
    model.bert.embeddings.word_embeddings.weight.requires_grad_(False)
    words = model.bert.embeddings.word_embeddings.weight.numel()
    frozen = freeze(model, FreezeSchedule("full"), 1)
    assert frozen.trainable == sum(CASES["bert"]["sizes"]) - words
    assert not model.bert.embeddings.word_embeddings.weight.requires_grad
    assert sum(p.numel() for g in frozen.groups(1e-3) for p in g["params"]) == frozen.trainable


def test_adapters_train_with_the_head() -> None:
    model = load("bert")
    schedule = FreezeSchedule("lora", lora_rank=2, lora_alpha=4)
    with pytest.raises(AutomlError, match=r"LoraConfig\(r=2, lora_alpha=4"):
        freeze(model, schedule, 1)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("classifier" in name)
    query = model.bert.encoder.layer[1].attention.self.query
    query.lora_A = torch.nn.Linear(8, 2, bias=False)  # what PEFT calls them
    frozen = freeze(model, schedule, 1)
    assert frozen.trainable == 16 + sum(p.numel() for p in model.classifier.parameters())
    assert {g["block"] for g in frozen.groups(1e-3)} == {"layer.1", "head"}


def test_a_model_inside_a_module() -> None:
    class Mine(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.encoder = load("bert").bert
            self.scale = torch.nn.Parameter(torch.ones(1))
            self.out = torch.nn.Linear(8, 2)

    model = Mine()
    blocks = blocks_of(model)
    assert [block.name for block in blocks] == CASES["bert"]["blocks"]
    assert {name for name, _ in blocks[-1].parameters} >= {"scale", "out.weight", "out.bias"}


def test_resnet_of_torchvision() -> None:
    torchvision = pytest.importorskip("torchvision")
    ours = transformers.ResNetForImageClassification(
        transformers.ResNetConfig(hidden_sizes=[64, 128, 256, 512], depths=[2, 2, 2, 2], layer_type="basic", num_labels=5)
    )
    theirs = torchvision.models.resnet18(num_classes=5)
    assert [(b.name, b.size) for b in blocks_of(theirs)] == [(b.name, b.size) for b in blocks_of(ours)]


def test_efficientnet() -> None:
    torchvision = pytest.importorskip("torchvision")
    theirs = torchvision.models.efficientnet_b0(num_classes=5)
    blocks = blocks_of(theirs)
    assert [b.name for b in blocks] == ["stem", *(f"stage.{i}" for i in range(8)), "head"]
    assert blocks[-1].size == 1280 * 5 + 5
    config = transformers.EfficientNetConfig(num_labels=5, width_coefficient=0.25, depth_coefficient=0.25, hidden_dim=80)
    ours = transformers.EfficientNetForImageClassification(config)
    blocks = blocks_of(ours)
    assert [b.name for b in blocks] == ["stem", *(f"block.{i}" for i in range(len(ours.efficientnet.encoder.blocks))), "head"]
    assert {name for name, _ in blocks[-1].parameters} == {"classifier.weight", "classifier.bias"}


class Detector(torch.nn.Module):  # type: ignore[misc, name-defined]
    def __init__(self, backbone: Any, neck: bool) -> None:
        super().__init__()
        self.backbone = backbone
        if neck:
            self.neck = torch.nn.Conv2d(8, 8, 1)
        self.head = torch.nn.Conv2d(8, 5, 1)


def convolutions() -> Any:
    nn = torch.nn
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Sequential(nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8)), nn.Conv2d(8, 8, 3))


@pytest.mark.parametrize("neck", [True, False])
def test_detectors(neck: bool) -> None:
    torchvision = pytest.importorskip("torchvision")
    above = (["neck"] if neck else []) + ["head"]
    blocks = blocks_of(Detector(convolutions(), neck))
    assert [b.name for b in blocks] == ["stem", "stage.0", "stage.1", *above]
    assert {name for name, _ in blocks[-1].parameters} == {"head.weight", "head.bias"}
    blocks = blocks_of(Detector(torchvision.models.resnet18(), neck))
    assert [b.name for b in blocks] == ["stem", "stage.0", "stage.1", "stage.2", "stage.3", *above]
    frozen = freeze(Detector(convolutions(), neck), FreezeSchedule("head_only"), 1)
    assert frozen.trainable == 8 * 5 + 5


def test_yolo_as_a_list_of_layers() -> None:
    nn = torch.nn
    layers = [nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3), nn.Upsample(scale_factor=2), nn.Conv2d(8, 8, 3), nn.Conv2d(8, 5, 1)]
    for number, layer in enumerate(layers):
        layer.i, layer.f = number, -1
    blocks = blocks_of(nn.ModuleDict({"model": nn.Sequential(*layers)}))
    assert [b.name for b in blocks] == ["stem", "layer.0", "layer.1", "head"]
    assert {name for name, _ in blocks[-1].parameters} == {"model.4.weight", "model.4.bias"}


def named() -> Any:
    return torch.nn.ModuleDict(
        {
            "stem": torch.nn.Linear(2, 3),
            "layers": torch.nn.ModuleList([torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)]),
            "norm": torch.nn.LayerNorm(3),
            "head": torch.nn.Linear(3, 1),
        }
    )


def test_named_blocks() -> None:
    model = named()
    names = ["stem", "layers.0", ["layers.1", "norm"], "head"]
    frozen = freeze(model, FreezeSchedule("partial", depth=0.3), 1, blocks=names)
    assert [block.name for block in frozen.blocks] == ["stem", "layers.0", "layers.1", "head"]
    assert frozen.trained == [False, False, True, True]
    assert {name for name, p in model.named_parameters() if p.requires_grad} == {
        "layers.1.weight", "layers.1.bias", "norm.weight", "norm.bias", "head.weight", "head.bias",
    }  # fmt: skip


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(AutomlError, match="the layers of ModuleDict are not known"):
        freeze(named(), FreezeSchedule(), 1)
    with pytest.raises(AutomlError, match=r"no block has the parameter norm\.weight"):
        freeze(named(), FreezeSchedule(), 1, blocks=["stem", "layers", "head"])
    with pytest.raises(AutomlError, match="no module 'layer'; at its top are stem, layers, norm, head"):
        freeze(named(), FreezeSchedule(), 1, blocks=["stem", "layer", "head"])
    with pytest.raises(AutomlError, match="at least two blocks"):
        freeze(named(), FreezeSchedule(), 1, blocks=["head"])
    with pytest.raises(AutomlError, match="has no head"):
        freeze(transformers.AutoModel.from_pretrained(MODELS / "resnet-basic"), FreezeSchedule(), 1)


def test_what_is_no_model_or_no_schedule_is_said() -> None:
    with pytest.raises(ParameterError, match=r"the schedule is 'gradual', and must be a FreezeSchedule: trial\.suggest_freeze"):
        freeze(named(), "gradual", 1, blocks=["stem", "head"])  # type: ignore[call-overload]
    with pytest.raises(ParameterError, match="a dict is no torch module, Keras model or Learner"):
        freeze({}, FreezeSchedule(), 1)
    with pytest.raises(ParameterError, match="epoch 0 of 4 blocks: both count from 1"):
        freeze(load("bert"), FreezeSchedule(), 0)
    with pytest.raises(AutomlError, match=r"blocks: \[\] is neither the name of a module nor a list of names"):
        freeze(named(), FreezeSchedule(), 1, blocks=["stem", [], "head"])
    with pytest.raises(ParameterError, match="lr 0 and head_lr None: a learning rate is above 0"):
        freeze(load("bert"), FreezeSchedule(), 1).groups(0)


class Net(torch.nn.Module):  # type: ignore[misc, name-defined]
    """Two blocks, each with dropout, and a head."""

    def __init__(self) -> None:
        super().__init__()
        nn = torch.nn
        self.one = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5))
        self.two = nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.5))
        self.head = nn.Linear(8, 2)

    def forward(self, x: Any) -> Any:
        return self.head(self.two(self.one(x)))


@pytest.mark.parametrize("wrap", ["compiled", "compiled in place", "parallel"])
def test_a_model_may_be_wrapped_between_two_calls(wrap: str) -> None:
    model, names = Net(), ["one", "two", "head"]
    schedule = FreezeSchedule("gradual", unfreeze_every=1)
    optimizer = torch.optim.SGD(freeze(model, schedule, 1, blocks=names).groups(0.1))
    wrapped = model
    if wrap == "compiled in place":
        model.compile(backend="eager")
    else:
        wrapped = torch.compile(model, backend="eager") if wrap == "compiled" else torch.nn.DataParallel(model)
    x = torch.randn(16, 4)
    for epoch, trained in enumerate([["head"], ["two", "head"], ["one", "two", "head"]], 1):
        frozen = freeze(wrapped, schedule, epoch, blocks=names)
        assert [block.name for block, on in zip(frozen.blocks, frozen.trained, strict=True) if on] == trained
        wrapped.train()
        before = copy.deepcopy(model.state_dict())
        optimizer.zero_grad()
        wrapped(x).square().sum().backward()
        optimizer.step()
        changed = {name.split(".")[0] for name, value in model.state_dict().items() if not torch.equal(before[name], value)}
        assert changed == set(trained)
        assert (model.one.training, model.two.training) == ("one" in trained, "two" in trained)
        assert torch.equal(wrapped(x), wrapped(x)) == (epoch == 1)  # dropout of what trains, and of nothing else


def test_models_are_not_kept_alive() -> None:
    model = load("bert")
    freeze(model, FreezeSchedule("head_only"), 1)
    kept = weakref.ref(model)
    del model
    gc.collect()
    assert kept() is None


@pytest.mark.parametrize("way", ["copied", "pickled"])
def test_a_copy_of_a_frozen_model_thaws(way: str) -> None:
    model = load("bert")
    words = model.bert.embeddings.word_embeddings.weight.requires_grad_(False)
    freeze(model, FreezeSchedule("head_only"), 1)
    other = copy.deepcopy(model) if way == "copied" else pickle.loads(pickle.dumps(model))
    frozen = freeze(other, FreezeSchedule("full"), 2)
    assert frozen.trainable == sum(CASES["bert"]["sizes"]) - words.numel()
    other.train()(**batch(other))
    assert all(module.training for module in other.modules())
    model.train()(**batch(model))
    assert not model.bert.encoder.layer[0].training  # the first one is as it was


SMALL = {"vocab_size": 32, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
SMALL |= {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


@pytest.mark.parametrize("family", ["Llama", "Qwen2", "Qwen3", "Mistral", "Gemma", "Phi"])
@pytest.mark.parametrize("task", ["ForCausalLM", "ForSequenceClassification"])
def test_decoders(family: str, task: str) -> None:
    config = getattr(transformers, f"{family}Config")(**SMALL, num_key_value_heads=2, head_dim=8)
    model = getattr(transformers, family + task)(config)
    blocks = blocks_of(model)
    assert [block.name for block in blocks] == ["embeddings", "layer.0", "layer.1", "head"]
    below = {name for block in blocks[:-1] for name, _ in block.parameters}
    assert any("norm" in name and ".layers." not in name for name in below) == (task == "ForSequenceClassification")
    assert all("embed_tokens" in name for name, _ in blocks[0].parameters)


def test_convnext() -> None:
    model = transformers.ConvNextForImageClassification(transformers.ConvNextConfig(hidden_sizes=[8, 8], depths=[1, 1], num_stages=2))
    blocks = blocks_of(model)
    assert [block.name for block in blocks] == ["stem", "stage.0", "stage.1", "head"]
    assert {name for name, _ in blocks[-1].parameters} == {"classifier.weight", "classifier.bias"}
