"""The Lightning callback."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from .installed import load

load("lightning")

import lightning  # noqa: E402
import torch  # noqa: E402

from automl import AutomlError, FreezeSchedule, freeze  # noqa: E402
from automl.lightning import AutomlCallback  # noqa: E402

from .steps import Steps  # noqa: E402

GRADUAL = FreezeSchedule("gradual", depth=1, unfreeze_every=1, layer_decay=0.5)


class Module(lightning.LightningModule):  # type: ignore[misc]
    """With dropout and batch norm, a schedule by epochs and one that waits for a plateau."""

    def __init__(self, plateau: bool) -> None:
        super().__init__()
        self.plateau = plateau
        self.net = torch.nn.Sequential(
            torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 2)
        )

    def configure_optimizers(self) -> Any:
        groups = freeze(self, GRADUAL, 1, blocks=NAMES).groups(0.05)
        optimizer = torch.optim.AdamW(groups)
        if self.plateau:
            scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, factor=0.5)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "monitor": "val_loss"}}
        return [optimizer], [torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5)]

    def training_step(self, batch: Any, index: int) -> Any:
        x, y = batch
        loss = torch.nn.functional.cross_entropy(self.net(x + 0.1 * torch.randn_like(x)), y)
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: Any, index: int) -> None:
        x, y = batch
        self.log("val_loss", torch.nn.functional.cross_entropy(self.net(x), y))


NAMES = ["net.0", ["net.1", "net.2"], "net.4"]


def loader(shuffle: bool) -> Any:
    x = torch.arange(96.0).reshape(24, 4) / 48 - 1
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, torch.arange(24) % 2), batch_size=5, shuffle=shuffle)


def fit(trial: Steps, plateau: bool = False, ckpt_path: str | None = "", callbacks: Any = ()) -> Any:
    torch.manual_seed(1)
    module = Module(plateau)
    callback = AutomlCallback(trial, freeze=GRADUAL, blocks=NAMES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = lightning.Trainer(
            max_epochs=trial.epochs,
            accelerator="cpu",
            callbacks=[*callbacks, callback],
            enable_progress_bar=False,
            enable_model_summary=False,
            logger=False,
        )
        trainer.fit(module, loader(True), loader(False), ckpt_path=callback.ckpt_path if ckpt_path == "" else ckpt_path)
    return module


@pytest.mark.parametrize("plateau", [False, True])
@pytest.mark.parametrize("cut", [1, 2, 4])
def test_goes_on_to_the_same_bits(tmp_path: Path, plateau: bool, cut: int) -> None:
    through = Steps(tmp_path / "a", 0, 5, 5)
    module = fit(through, plateau)
    assert [epoch for epoch, _ in through.told] == [1, 2, 3, 4, 5]
    assert through.told[0][1].keys() >= {"val_loss"}
    first = Steps(tmp_path / "b", 0, cut, 5)
    fit(first, plateau)
    second = Steps(tmp_path / "b", cut, 5, 5)
    torch.rand(7)
    again = fit(second, plateau)
    assert first.told + second.told == through.told
    for name, value in module.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_a_checkpoint_that_is_not_given_is_missed(tmp_path: Path) -> None:
    fit(Steps(tmp_path / "b", 0, 1, 3))
    with pytest.raises(AutomlError, match=r"goes on after epoch 1, the training after 0: .*ckpt_path=callback\.ckpt_path"):
        fit(Steps(tmp_path / "b", 1, 3, 3), ckpt_path=None)


def test_early_stopping_ends_the_fold(tmp_path: Path) -> None:
    trial = Steps(tmp_path / "a", 0, 9, 9)
    stop = lightning.pytorch.callbacks.EarlyStopping("val_loss", patience=0, mode="max")
    fit(trial, callbacks=[stop])
    assert trial.lasts == [trial.told[-1][0]] and trial.lasts[0] < 9
