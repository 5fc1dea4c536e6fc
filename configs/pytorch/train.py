"""A plain PyTorch loop as the trainer of a study: a ResNet-8, pretrained on CIFAR-10, learns handwritten digits.

    automl run configs/pytorch.yaml
    python configs/pytorch/train.py

By hand every parameter has its default.
"""

import torch
from quickstart import BLOCKS, digits, pretrained
from torch import nn
from torch.nn import functional as F

import automl
from automl.pytorch import State


def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> tuple[float, float]:
    """Of these rows; and the mean loss."""
    model.eval()
    with torch.no_grad():
        scores = model(images)
    return (scores.argmax(1) == labels).float().mean().item(), F.cross_entropy(scores, labels).item()


def main() -> None:
    trial = automl.trial(objective={"metric": "val_accuracy", "goal": "maximize"}, folds=3, epochs=4)
    lr = trial.suggest_float("lr", 1e-5, 3e-2, log=True, default=1e-3)
    weight_decay = trial.suggest_float("weight_decay", 1e-5, 1e-1, log=True)
    batch_size = trial.suggest_ordinal("batch_size", [16, 32, 64])
    schedule = trial.suggest_freeze()

    torch.set_num_threads(1)  # trials run side by side
    torch.manual_seed(trial.seed * 1000 + trial.fold)
    images, labels = digits(16)
    train, valid = (torch.tensor(rows) for rows in trial.split(labels))

    model = pretrained()
    groups = automl.freeze(model, schedule, 1, blocks=BLOCKS).groups(lr, weight_decay=weight_decay)
    optimizer = torch.optim.AdamW(groups)
    steps = -(-len(train) // batch_size)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps * trial.epochs)
    state = State(model=model, optimizer=optimizer, rate=rate)

    for epoch in range(trial.resume(state.load) + 1, trial.epochs + 1):
        automl.freeze(model, schedule, epoch, blocks=BLOCKS)
        model.train()
        for step, rows in enumerate(train[torch.randperm(len(train))].split(batch_size), 1):
            optimizer.zero_grad()
            F.cross_entropy(model(images[rows]), labels[rows]).backward()
            optimizer.step()
            rate.step()
            trial.progress(step, steps)
        val_accuracy, val_loss = accuracy(model, images[valid], labels[valid])
        trial.report(epoch=epoch, val_accuracy=val_accuracy, val_loss=val_loss)
        trial.checkpoint(state.save)
        if trial.should_prune():
            break


if __name__ == "__main__":
    main()
