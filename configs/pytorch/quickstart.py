"""The quick start's images and its ResNet-8, in PyTorch, for the scripts in configs/."""

import csv
import gzip
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

QUICKSTART = Path(__file__).parents[1] / "quickstart"  # weights and data, with their origin and licence
BLOCKS = [["conv1", "bn1"], "layer1", "layer2", "layer3", "fc"]


def digits(size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The images, size x size in three equal channels, pixels from 0 to 255, and what they show."""
    with gzip.open(QUICKSTART / "digits" / "digits.csv.gz", "rt", encoding="utf-8") as file:
        rows = [[float(cell) for cell in row] for row in list(csv.reader(file))[1:]]
    table = torch.tensor(rows)
    images = table[:, :64].reshape(-1, 1, 8, 8) * (255 / 16)
    if size != 8:
        images = F.interpolate(images, size=(size, size), mode="bilinear", align_corners=False)
    return images.expand(-1, 3, -1, -1), table[:, 64].long()


class Conv(nn.Conv2d):
    """A convolution padded as TensorFlow does, which the weights are from: with stride 2 nothing before, one pixel after."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total = max(self.kernel_size[0] - self.stride[0], 0)
        before = total // 2
        return super().forward(F.pad(x, (before, total - before) * 2))


class Block(nn.Module):
    """Two convolutions and the way around them."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = Conv(inside, outside, 3, stride), nn.BatchNorm2d(outside, eps=1e-3)
        self.conv2, self.bn2 = Conv(outside, outside, 3), nn.BatchNorm2d(outside, eps=1e-3)
        self.downsample = nn.Sequential() if stride == 1 else nn.Sequential(Conv(inside, outside, 1, stride))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(self.downsample(x) + y)


class ResNet8(nn.Module):
    """Pixels (rows, 3, height, width), from 0 to 255, to the scores of ten classes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = Conv(3, 16, 3), nn.BatchNorm2d(16, eps=1e-3)
        self.layer1 = nn.Sequential(Block(16, 16, 1))
        self.layer2 = nn.Sequential(Block(16, 32, 2))
        self.layer3 = nn.Sequential(Block(32, 64, 2))
        self.fc = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.fc(x.mean((2, 3)))


def pretrained() -> ResNet8:
    """The network of the quick start, with a fresh head."""
    model = ResNet8()
    weights = load_file(QUICKSTART / "resnet8" / "model.safetensors")
    head = {name for name in weights if name.startswith("fc.")}
    left = model.load_state_dict({name: weights[name] for name in weights.keys() - head}, strict=False)
    missing = {name for name in left.missing_keys if not name.endswith("num_batches_tracked")}
    assert missing == head and not left.unexpected_keys, left
    return model


class Backbone(nn.Module):
    """A pretrained ResNet without its head: pixels (rows, 3, height, width), from 0 to 255, to features (rows, ``width``, h, w).

    ``resnet8`` is the quick start's, any other name one of torchvision's (resnet18, resnet50), with the weights it fetches.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        if name == "resnet8":
            network: nn.Module = pretrained()
            mean, std = torch.zeros(3), torch.ones(3)
        else:
            import torchvision

            network = torchvision.models.get_model(name, weights="DEFAULT")
            mean, std = 255 * torch.tensor([0.485, 0.456, 0.406]), 255 * torch.tensor([0.229, 0.224, 0.225])
        self.register_buffer("mean", mean.view(3, 1, 1), persistent=False)
        self.register_buffer("std", std.view(3, 1, 1), persistent=False)
        self.width = network.fc.in_features
        self.layers = [name for name in ("layer1", "layer2", "layer3", "layer4") if hasattr(network, name)]
        for part in ("conv1", "bn1", *self.layers):
            setattr(self, part, getattr(network, part))
        self.pool = getattr(network, "maxpool", nn.Identity())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool(F.relu(self.bn1(self.conv1((x - self.mean) / self.std))))
        for layer in self.layers:
            x = getattr(self, layer)(x)
        return x

    def blocks(self, called: str) -> list[str | list[str]]:
        """The names of its blocks for ``automl.freeze``, in a model that has it under the name ``called``."""
        return [[f"{called}.conv1", f"{called}.bn1"], *(f"{called}.{layer}" for layer in self.layers)]
