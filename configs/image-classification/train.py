"""A Vision Transformer of Hugging Face in a plain PyTorch loop: it learns kinds of images that it has not seen before.

    automl run configs/image-classification.yaml
    python configs/image-classification/train.py

By hand every parameter has its default.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from transformers import AutoModelForImageClassification

import automl
from automl.pytorch import State

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "pytorch"))
from quickstart import digits  # noqa: E402

Pixels = Callable[[torch.Tensor], torch.Tensor]
"""Row numbers to images, (rows, channels, size, size), from -1 to 1, as ViT wants them."""

device = "cuda" if torch.cuda.is_available() else "cpu"


def shipped(size: int) -> tuple[Pixels, torch.Tensor]:
    """The quick start's images of the digits 5 to 9, and which of these each is."""
    images, labels = digits(size)
    images, labels = images[labels >= 5, :1] / 127.5 - 1, labels[labels >= 5] - 5
    return lambda rows: images[rows], labels


def folder(path: str, size: int) -> tuple[Pixels, torch.Tensor]:
    """Images that lie in a folder with one folder a class."""
    from torchvision import datasets, transforms

    steps = [transforms.Resize((size, size)), transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3)]
    images = datasets.ImageFolder(path, transforms.Compose(steps))
    return lambda rows: torch.stack([images[row][0] for row in rows.tolist()]), torch.tensor(images.targets)


def measure(model: nn.Module, pixels: Pixels, rows: torch.Tensor, labels: torch.Tensor) -> tuple[float, float]:
    """Accuracy and mean loss of these rows."""
    model.eval()
    with torch.no_grad():
        scores = torch.cat([model(pixels(some).to(device)).logits for some in rows.split(256)])
    return (scores.argmax(1) == labels[rows]).float().mean().item(), F.cross_entropy(scores, labels[rows]).item()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default=str(HERE / "vit"), help="a folder, or a name on the Hugging Face Hub")
    parser.add_argument("--images", help="a folder with one folder a class; default: the digits 5 to 9 of the quick start")
    options = parser.parse_args()

    trial = automl.trial(objective={"metric": "val_accuracy", "goal": "maximize"}, folds=3, epochs=4)
    lr = trial.suggest_float("lr", 1e-5, 3e-2, log=True, default=3e-3)
    weight_decay = trial.suggest_float("weight_decay", 1e-5, 1e-1, log=True)
    batch_size = trial.suggest_ordinal("batch_size", [16, 32, 64])
    schedule = trial.suggest_freeze()

    torch.set_num_threads(1)  # trials run side by side
    torch.manual_seed(trial.seed * 1000 + trial.fold)
    model = AutoModelForImageClassification.from_pretrained(options.model).float()
    size = model.config.image_size
    pixels, labels = folder(options.images, size) if options.images else shipped(size)
    model.classifier = nn.Linear(model.config.hidden_size, int(labels.max()) + 1)
    train, valid = (torch.tensor(rows) for rows in trial.split(labels))
    model, labels = model.to(device), labels.to(device)

    optimizer = torch.optim.AdamW(automl.freeze(model, schedule, 1).groups(lr, weight_decay=weight_decay))
    steps = -(-len(train) // batch_size)
    rate = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [group["lr"] for group in optimizer.param_groups], total_steps=steps * trial.epochs, pct_start=0.1
    )
    state = State(model=model, optimizer=optimizer, rate=rate)

    for epoch in range(trial.resume(state.load) + 1, trial.epochs + 1):
        automl.freeze(model, schedule, epoch)
        model.train()
        for step, rows in enumerate(train[torch.randperm(len(train))].split(batch_size), 1):
            optimizer.zero_grad()
            F.cross_entropy(model(pixels(rows).to(device)).logits, labels[rows]).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            rate.step()
            trial.progress(step, steps)
        val_accuracy, val_loss = measure(model, pixels, valid, labels)
        trial.report(epoch=epoch, val_accuracy=val_accuracy, val_loss=val_loss)
        trial.checkpoint(state.save)
        if trial.should_prune():
            break


if __name__ == "__main__":
    main()
