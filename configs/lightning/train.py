"""PyTorch Lightning as the trainer of a study: a small convolutional network learns handwritten digits.

    automl run configs/lightning.yaml
    python configs/lightning/train.py

By hand every parameter has its default.
"""

import csv
import gzip
from pathlib import Path

import lightning
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import automl
from automl.lightning import AutomlCallback

DIGITS = Path(__file__).parents[1] / "quickstart" / "digits" / "digits.csv.gz"  # with its origin and licence


class Digits(lightning.LightningModule):
    """Images (rows, 1, 8, 8), from 0 to 1, to the scores of ten digits."""

    def __init__(self, lr: float, weight_decay: float, width: int, dropout: float, epochs: int) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            *(nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(width, 2 * width, 3, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Dropout(dropout), nn.Linear(8 * width, 10)),
        )

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), self.hparams.lr, weight_decay=self.hparams.weight_decay)
        return [optimizer], [torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.hparams.epochs)]

    def training_step(self, batch, index):
        images, labels = batch
        loss = F.cross_entropy(self.net(images), labels)
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, index):
        images, labels = batch
        scores = self.net(images)
        self.log("val_loss", F.cross_entropy(scores, labels))
        self.log("val_accuracy", (scores.argmax(1) == labels).float().mean())


def digits() -> TensorDataset:
    """The images and what they show."""
    with gzip.open(DIGITS, "rt", encoding="utf-8") as file:
        table = torch.tensor([[float(cell) for cell in row] for row in list(csv.reader(file))[1:]])
    return TensorDataset(table[:, :64].reshape(-1, 1, 8, 8) / 16, table[:, 64].long())


def main() -> None:
    trial = automl.trial(objective={"metric": "val_accuracy", "goal": "maximize"}, folds=3, epochs=4)
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True, default=1e-2)
    weight_decay = trial.suggest_float("weight_decay", 1e-5, 1e-1, log=True)
    width = trial.suggest_int("width", 4, 32, log=True)
    dropout = trial.suggest_float("dropout", 0, 0.5)
    batch_size = trial.suggest_ordinal("batch_size", [16, 32, 64])

    lightning.seed_everything(trial.seed * 1000 + trial.fold, verbose=False)
    data = digits()
    train, valid = (torch.utils.data.Subset(data, rows) for rows in trial.split(data.tensors[1]))

    callback = AutomlCallback(trial)
    trainer = lightning.Trainer(
        max_epochs=trial.epochs,
        callbacks=[callback],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(
        Digits(lr, weight_decay, width, dropout, trial.epochs),
        DataLoader(train, batch_size, shuffle=True),
        DataLoader(valid, 256),
        ckpt_path=callback.ckpt_path,
    )


if __name__ == "__main__":
    main()
