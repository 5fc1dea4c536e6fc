"""Records what PyTorch computes with small randomly initialized image networks, for images_test.go.

    python -m venv venv && venv/bin/pip install torch transformers safetensors torchvision pillow
    venv/bin/python record_images.py

Each network goes into a folder of its own, as save_pretrained writes it, with reference.safetensors beside it: a batch of images, the
hidden states, and of one step of classification in evaluation ("eval.") and training mode ("train.") the logits, the loss and every
gradient; after the latter the running statistics. names.json lists the tensors of ResNet-18, 34 and 50 as transformers and torchvision
call them. processors/ holds the files of image processors and what they make of pictures.

Made with torch 2.15.0, transformers 5.24.0, torchvision 0.29.2 and Pillow 13.0.0.
"""

import json
import pathlib
import shutil
from typing import Any

import torch
import torchvision
import transformers
from PIL import Image
from safetensors.torch import save_file
from transformers.models.convnext.image_processing_pil_convnext import (
    ConvNextImageProcessorPil,
)
from transformers.models.deit.image_processing_pil_deit import DeiTImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

HERE = pathlib.Path(__file__).parent
Model = transformers.PreTrainedModel


def models() -> dict[str, tuple[Model, tuple[int, int]]]:
    """The networks and the sizes of their images."""
    options: dict[str, Any] = {"num_labels": 3, "attn_implementation": "eager"}  # of every config
    vit = transformers.ViTConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        image_size=12,
        patch_size=4,
        **options,
    )
    common: dict[str, Any] = {"embedding_size": 4, "num_labels": 3}
    basic = transformers.ResNetConfig(**common, hidden_sizes=[4, 8], depths=[2, 1], layer_type="basic")
    bottleneck = transformers.ResNetConfig(
        **common, hidden_sizes=[8, 16], depths=[2, 1], layer_type="bottleneck", downsample_in_first_stage=True
    )
    return {
        "vit": (transformers.ViTForImageClassification(vit), (12, 12)),
        "resnet-basic": (transformers.ResNetForImageClassification(basic), (20, 18)),
        "resnet-bottleneck": (transformers.ResNetForImageClassification(bottleneck), (24, 20)),
    }


def randomize(model: torch.nn.Module) -> None:
    """Weights large enough for every part to matter."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            norm = "norm" in name.lower() and name.endswith("weight")
            fan_in = weight[0].numel() if weight.dim() in (2, 4) else 1
            weight.normal_(1.0 if norm else 0.0, 1 / fan_in**0.5 if weight.dim() in (2, 4) else 0.3)
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.normal_(0, 0.3)
            if name.endswith("running_var"):
                buffer.uniform_(0.5, 2)


def step(model: Model, inputs: dict[str, torch.Tensor], mode: str) -> dict[str, torch.Tensor]:
    model.train(mode == "train")
    model.zero_grad()
    out = model(**inputs)
    out.loss.backward()
    tensors = {"logits": out.logits.detach(), "loss": out.loss.detach().reshape(1)}
    for key, weight in model.named_parameters():
        if weight.grad is not None:
            tensors[f"grad.{stored(key)}"] = weight.grad.clone()
    if mode == "train":
        for key, buffer in model.named_buffers():
            if "running" in key:
                tensors[f"running.{key}"] = buffer.clone()
    return {f"{mode}.{key}": value for key, value in tensors.items()}


def stored(name: str) -> str:
    """The name that a parameter of transformers 5's ViT has in files."""
    for new, old in {
        "vit.layers.": "vit.encoder.layer.",
        "attention.q_proj": "attention.attention.query",
        "attention.k_proj": "attention.attention.key",
        "attention.v_proj": "attention.attention.value",
        "attention.o_proj": "attention.output.dense",
        "mlp.fc1": "intermediate.dense",
        "mlp.fc2": "output.dense",
    }.items():
        name = name.replace(new, old)
    return name


def record(name: str, model: Model, size: tuple[int, int]) -> None:
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    randomize(model)
    model.save_pretrained(folder)
    pixels = torch.randn(5, 3, *size)
    inputs = {"pixel_values": pixels, "labels": torch.tensor([2, 0, 1, 2, 1])}
    model.eval()
    tensors = dict(inputs)
    with torch.no_grad():
        for i, hidden in enumerate(model(pixels, output_hidden_states=True).hidden_states):
            tensors[f"hidden.{i}"] = hidden.contiguous()
        if name == "vit":
            tensors["wide.pixel_values"] = torch.randn(2, 3, 20, 16)
            wide = model(tensors["wide.pixel_values"], interpolate_pos_encoding=True)
            tensors["wide.logits"] = wide.logits
    tensors.update(step(model, inputs, "eval"))
    tensors.update(step(model, inputs, "train"))
    save_file(tensors, str(folder / "reference.safetensors"))
    print(
        name,
        json.dumps({"loss": tensors["train.loss"].item(), "parameters": sum(p.numel() for p in model.parameters())}),
    )


def names() -> None:
    """Shapes of all tensors by name, of the released sizes."""
    out: dict[str, Any] = {}
    small = [64, 128, 256, 512]
    large = [4 * width for width in small]
    for depth, layer, widths, depths in [
        (18, "basic", small, [2, 2, 2, 2]),
        (34, "basic", small, [3, 4, 6, 3]),
        (50, "bottleneck", large, [3, 4, 6, 3]),
    ]:
        config: dict[str, Any] = {"model_type": "resnet", "num_labels": 1000, "hidden_sizes": widths, "depths": depths, "layer_type": layer}
        with torch.device("meta"):
            ours = transformers.ResNetForImageClassification(transformers.ResNetConfig(**config))
            theirs = getattr(torchvision.models, f"resnet{depth}")()
        out[f"resnet{depth}"] = {
            "config": {k: v for k, v in config.items() if k != "num_labels"},
            "transformers": shapes(ours),
            "torchvision": shapes(theirs),
        }
    (HERE / "names.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")


def shapes(model: torch.nn.Module) -> dict[str, list[int]]:
    return {k: list(v.shape) for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}


def processors() -> None:
    """Pictures with a smooth and a rough half, through processors as they come with released networks."""
    folder = HERE / "processors"
    shutil.rmtree(folder, ignore_errors=True)
    pictures = {"wide": (61, 40), "tall": (23, 50), "small": (9, 9)}
    folder.mkdir()
    for name, size in pictures.items():
        coarse = Image.effect_noise((8, 8), 90).resize(size, Image.Resampling.BICUBIC)
        fine = Image.effect_noise(size, 60)
        Image.merge("RGB", (coarse, fine, Image.linear_gradient("L").resize(size))).save(folder / f"{name}.png")
    mean: dict[str, Any] = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    made = {
        "vit": ViTImageProcessorPil(size={"height": 24, "width": 24}),
        "resnet": ConvNextImageProcessorPil(size={"shortest_edge": 28}, crop_pct=0.875, **mean),
        "deit": DeiTImageProcessorPil(size={"height": 32, "width": 32}, crop_size={"height": 24, "width": 24}, **mean),
    }
    tensors = {}
    for name, processor in made.items():
        processor.save_pretrained(folder / name)
        for picture in pictures:
            pixels = processor(Image.open(folder / f"{picture}.png"), return_tensors="pt").pixel_values
            tensors[f"{name}.{picture}"] = pixels[0].contiguous()
    save_file(tensors, str(folder / "reference.safetensors"))


if __name__ == "__main__":
    torch.manual_seed(20)
    for each, (network, image) in models().items():
        record(each, network, image)
    names()
    processors()
