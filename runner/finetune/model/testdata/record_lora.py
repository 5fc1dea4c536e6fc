"""Records what PEFT computes with low-rank updates of the small transformers beside this file, for lora_test.go.

    python -m venv venv && venv/bin/pip install torch transformers safetensors peft
    venv/bin/python record_lora.py

peft.safetensors in a model's folder holds the factors of updates of every dense layer (rank 2, alpha 3), and of one step on
the batch of reference.safetensors in evaluation mode the logits, the loss and the gradients of factors and head: without
lora_dropout ("plain."), and with a rate of 0.25 ("dropout."). The masks of the latter are not PyTorch's but those of our
trainer, with seed 5 in step 7: Philox4x32-10 (Salmon et al. 2011) keyed by seed and place, laid over the tokens of all rows
without padding. "merged.logits" are those of the network that PEFT merges the updates into.

Made with torch 2.15.0, transformers 5.24.0 and peft 0.21.2.
"""

import pathlib
from typing import Any

import numpy as np
import peft
import torch
import transformers
from record_images import stored
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent
SEED, STEP, RATE = 5, 7, 0.25
# The modules of a layer in the order in which the trainer numbers their dropouts.
LAYERS = {
    "bert": (
        "bert.encoder.layer.{}.",
        ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"],
        ["intermediate.dense", "output.dense"],
    ),
    "vit": (
        "vit.layers.{}.",
        ["attention.q_proj", "attention.k_proj", "attention.v_proj", "attention.o_proj"],
        ["mlp.fc1", "mlp.fc2"],
    ),
}


def philox(key: int, counter: np.ndarray) -> np.ndarray:
    """The four words of each counter (n x 4)."""
    c = [counter[:, i].astype(np.uint64) for i in range(4)]
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    low = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(p1 >> 32) ^ c[1] ^ np.uint64(k0), p1 & low, (p0 >> 32) ^ c[3] ^ np.uint64(k1), p0 & low]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(c, 1)


def mask(number: int, size: int) -> torch.Tensor:
    """Factors of the elements of the dropout with a number: element i has word i/16%4 of counter 16*(i/64) + i%16."""
    key = SEED ^ ((number + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
    i = np.arange(size)
    counter = np.zeros((size, 4), np.uint64)
    counter[:, 0], counter[:, 2] = 16 * (i // 64) + i % 16, STEP
    words = philox(key, counter)[i, i // 16 % 4]
    return torch.from_numpy(np.where(words < int(RATE * 2**32), 0, 1 / (1 - RATE)).astype(np.float32))


class Masked(torch.nn.Module):
    """A dropout that draws as the trainer does."""

    def __init__(self, number: int, kept: torch.Tensor) -> None:
        super().__init__()
        self.number, self.kept = number, kept

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        width, factor = x.shape[-1], torch.ones_like(x)
        factor[self.kept] = mask(self.number, int(self.kept.sum()) * width).reshape(-1, width)
        return x * factor


def step(model: Any, inputs: dict[str, torch.Tensor], names: dict[str, str]) -> dict[str, torch.Tensor]:
    model.zero_grad()
    out = model(**inputs)
    out.loss.backward()
    tensors = {"logits": out.logits.detach(), "loss": out.loss.detach().reshape(1)}
    for key, weight in model.named_parameters():
        if weight.grad is not None:
            tensors[f"grad.{names.get(key, key.removeprefix('base_model.model.'))}"] = weight.grad.clone()
    return tensors


def record(name: str) -> None:
    kind: Any = transformers.AutoModelForImageClassification if name == "vit" else transformers.AutoModelForSequenceClassification
    base = kind.from_pretrained(HERE / name, attn_implementation="eager")
    reference = load_file(HERE / name / "reference.safetensors")
    inputs = {k: v for k, v in reference.items() if k in ("input_ids", "token_type_ids", "attention_mask", "pixel_values", "labels")}
    if name == "vit":
        kept = torch.ones(5, 10, dtype=torch.bool)
    else:
        kept = inputs["attention_mask"].bool()
    at, attention, dense = LAYERS[name]
    targets = [at.format(layer) + part for layer in range(2) for part in attention + dense]
    config = peft.LoraConfig(r=2, lora_alpha=3, target_modules=targets, init_lora_weights=False)
    model: Any = peft.get_peft_model(base, config).eval()
    tensors: dict[str, torch.Tensor] = {}
    names: dict[str, str] = {}
    for key, weight in model.named_parameters():
        weight.requires_grad_("lora_" in key or "classifier" in key)
        if "lora_" not in key:
            continue
        layer, factor = key.removeprefix("base_model.model.").removesuffix(".default.weight").rsplit(".", 1)
        names[key] = f"{stored(layer)}.weight.{factor}"
        with torch.no_grad():
            weight.normal_(0, 0.3)
        tensors[names[key]] = weight.detach().clone()
    tensors.update({f"plain.{k}": v for k, v in step(model, inputs, names).items()})
    parts = attention + dense
    for i, target in enumerate(targets):
        number = (i // len(parts) + 1) << 32 | 1 << 31 | i % len(parts)
        model.get_submodule("base_model.model." + target).lora_dropout["default"] = Masked(number, kept)
    tensors.update({f"dropout.{k}": v for k, v in step(model, inputs, names).items()})
    with torch.no_grad():
        tensors["merged.logits"] = model.merge_and_unload()(**inputs).logits
    save_file(tensors, str(HERE / name / "peft.safetensors"))
    print(name, tensors["plain.loss"].item(), tensors["dropout.loss"].item())


if __name__ == "__main__":
    torch.manual_seed(22)
    for each in LAYERS:
        record(each)
