"""Two kinds of input in plain PyTorch: a question in words about an image; neither answers it alone.

    automl run configs/multimodal.yaml
    python configs/multimodal/train.py

By hand every parameter has its default.
"""

import argparse
import csv
import random
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

import automl
from automl.pytorch import State

sys.path.insert(0, str(Path(__file__).parents[1] / "pytorch"))
from quickstart import Backbone, digits

Pixels = Callable[[torch.Tensor], torch.Tensor]
"""Row numbers to images, (rows, 3, height, width), from 0 to 255."""

device = "cuda" if torch.cuda.is_available() else "cpu"

NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
ASKED = (
    (("is it even", "can it be halved", "is this an even digit"), lambda digit, _: digit % 2 == 0),
    (("is it odd", "is this an odd digit"), lambda digit, _: digit % 2 == 1),
    (("is it more than {}", "is this digit larger than {}"), lambda digit, number: digit > number),
    (("is it less than {}", "is this digit smaller than {}"), lambda digit, number: digit < number),
)


def questions() -> tuple[Pixels, list[str], list[str]]:
    """The quick start's images, a question about each, and its answer; the same in every process."""
    images, labels = digits(16)
    draw = random.Random(1)
    texts, answers = [], []
    for digit in labels.tolist():
        words, holds = draw.choice(ASKED)
        number = draw.choice([3, 4, 5, 6])
        texts.append(draw.choice(words).format(NUMBERS[number]))
        answers.append("yes" if holds(digit, number) else "no")
    return lambda rows: images[rows], texts, answers


def table(file: str, folder: str, size: int) -> tuple[Pixels, list[str], list[str]]:
    """The columns image (a file of the folder), text and label of a CSV file; images are brought to size x size."""
    import PIL.Image
    from torchvision.transforms.functional import pil_to_tensor

    with open(file, newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))

    def image(row: int) -> torch.Tensor:
        pixels = pil_to_tensor(PIL.Image.open(Path(folder) / rows[row]["image"]).convert("RGB"))
        return F.interpolate(pixels.unsqueeze(0).float(), size=(size, size), mode="bilinear", antialias=True)[0]

    texts, labels = [row["text"] for row in rows], [row["label"] for row in rows]
    return lambda places: torch.stack([image(row) for row in places.tolist()]), texts, labels


class Image(nn.Module):
    """A pretrained ResNet, the mean of its map, and a projection, which is the tower's head."""

    def __init__(self, backbone: str, width: int) -> None:
        super().__init__()
        self.network = Backbone(backbone)
        self.project = nn.Linear(self.network.width, width)
        self.blocks = [*self.network.blocks("network"), "project"]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.project(self.network(x).mean((2, 3)))


class Text(nn.Module):
    """Words to vectors, and a recurrent network over them, from scratch; a word that training has not seen is none."""

    def __init__(self, texts: list[str], width: int) -> None:
        super().__init__()
        self.places = {word: place for place, word in enumerate(sorted({word for text in texts for word in text.split()}), 1)}
        self.embed = nn.Embedding(len(self.places) + 1, width, padding_idx=0)
        self.network = nn.GRU(width, width, batch_first=True)

    def forward(self, texts: list[str]) -> torch.Tensor:
        rows = [torch.tensor([self.places.get(word, 0) for word in text.split()] or [0]) for text in texts]
        packed = nn.utils.rnn.pack_sequence([self.embed(row.to(self.embed.weight.device)) for row in rows], enforce_sorted=False)
        return self.network(packed)[1][0]


class Model(nn.Module):
    """Both towers, joined by their products and their sides."""

    def __init__(self, backbone: str, texts: list[str], width: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.image, self.text = Image(backbone, width), Text(texts, width)
        self.join = nn.Sequential(nn.Linear(3 * width, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, classes))

    def forward(self, images: torch.Tensor, texts: list[str]) -> torch.Tensor:
        image, text = self.image(images).relu(), self.text(texts)
        return self.join(torch.cat([image, text, image * text], dim=1))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--table", help="a CSV file with columns image, text and label; default: questions about digits")
    parser.add_argument("--images", help="the folder of the images that the table names")
    parser.add_argument("--size", type=int, default=224, help="side length that these are brought to, in pixels")
    parser.add_argument("--backbone", default="resnet8", help="resnet8 of the quick start, or one of torchvision: resnet18, resnet50")
    options = parser.parse_args()

    trial = automl.trial(objective={"metric": "val_accuracy", "goal": "maximize"}, folds=3, epochs=6)
    lr = trial.suggest_float("lr", 1e-4, 3e-2, log=True, default=5e-3)
    weight_decay = trial.suggest_float("weight_decay", 1e-5, 1e-1, log=True)
    batch_size = trial.suggest_ordinal("batch_size", [16, 32, 64])
    width = trial.suggest_ordinal("width", [32, 64, 128])
    dropout = trial.suggest_float("dropout", 0, 0.5, default=0.1)
    schedule = trial.suggest_freeze("image_freeze")

    torch.set_num_threads(1)  # trials run side by side
    torch.manual_seed(trial.seed * 1000 + trial.fold)
    pixels, texts, labels = table(options.table, options.images, options.size) if options.table else questions()
    classes = sorted(set(labels))
    train, valid = (torch.tensor(rows) for rows in trial.split(labels))
    answers = torch.tensor([classes.index(label) for label in labels], device=device)
    model = Model(options.backbone, [texts[row] for row in train], width, len(classes), dropout).to(device)

    groups = automl.freeze(model.image, schedule, 1, blocks=model.image.blocks).groups(lr, weight_decay=weight_decay)
    groups.append({"params": [*model.text.parameters(), *model.join.parameters()], "lr": lr, "weight_decay": weight_decay})
    optimizer = torch.optim.AdamW(groups)
    steps = -(-len(train) // batch_size)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps * trial.epochs)
    state = State(model=model, optimizer=optimizer, rate=rate)

    def scores(rows: torch.Tensor) -> torch.Tensor:
        return model(pixels(rows).to(device), [texts[row] for row in rows])

    for epoch in range(trial.resume(state.load) + 1, trial.epochs + 1):
        automl.freeze(model.image, schedule, epoch, blocks=model.image.blocks)
        model.train()
        for step, rows in enumerate(train[torch.randperm(len(train))].split(batch_size), 1):
            optimizer.zero_grad()
            F.cross_entropy(scores(rows), answers[rows]).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            rate.step()
            trial.progress(step, steps)
        model.eval()
        with torch.no_grad():
            said = torch.cat([scores(rows) for rows in valid.split(256)])
        accuracy = (said.argmax(1) == answers[valid]).float().mean().item()
        trial.report(epoch=epoch, val_accuracy=accuracy, val_loss=F.cross_entropy(said, answers[valid]).item())
        trial.checkpoint(state.save)
        if trial.should_prune():
            break


if __name__ == "__main__":
    main()
