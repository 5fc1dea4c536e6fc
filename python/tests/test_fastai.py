"""The fastai callback, and freeze schedules on Learners."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .installed import load

load("fastai")

import fastai.callback.progress  # noqa: E402
import fastai.callback.schedule  # noqa: E402, F401
import torch  # noqa: E402
from fastai.callback.core import Callback  # noqa: E402
from fastai.data.core import DataLoaders  # noqa: E402
from fastai.data.load import DataLoader  # noqa: E402
from fastai.learner import Learner  # noqa: E402
from fastai.metrics import accuracy  # noqa: E402
from fastai.text.models.awdlstm import AWD_LSTM  # noqa: E402
from fastai.text.models.core import get_text_classifier  # noqa: E402
from fastai.torch_core import set_seed  # noqa: E402
from fastai.vision.learner import create_vision_model  # noqa: E402

from automl import FreezeSchedule, blocks_of, freeze  # noqa: E402
from automl.fastai import AutomlCallback  # noqa: E402

from .steps import Steps  # noqa: E402

GRADUAL = FreezeSchedule("gradual", depth=1, unfreeze_every=1, layer_decay=0.5)
NAMES = ["0", ["1", "2"], "4"]


class Noise(Callback):  # type: ignore[misc]
    """Draws from torch's generator in every batch."""

    def before_batch(self) -> None:
        if self.training:
            self.learn.xb = (self.xb[0] + 0.1 * torch.randn_like(self.xb[0]),)


def learner() -> Any:
    set_seed(1)
    x = torch.arange(96.0).reshape(24, 4) / 48 - 1
    rows = list(zip(x, torch.arange(24) % 2, strict=True))
    dls = DataLoaders(DataLoader(rows, bs=5, shuffle=True, num_workers=0), DataLoader(rows, bs=8, num_workers=0), device="cpu")
    nn = torch.nn
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 8), nn.Dropout(0.5), nn.Linear(8, 2))
    return Learner(dls, model, loss_func=nn.functional.cross_entropy, metrics=accuracy, cbs=Noise())


def fit(trial: Any, schedule: FreezeSchedule | None = GRADUAL, callbacks: Any = ()) -> Any:
    learn = learner()
    rates: Any = 0.05
    if schedule is not None:
        rates = freeze(learn, schedule, 1, blocks=NAMES).rates(0.05)
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(trial.epochs, rates, cbs=[AutomlCallback(trial, freeze=schedule, blocks=NAMES), *callbacks])
    return learn


@pytest.mark.parametrize("schedule", [GRADUAL, None])
def test_goes_on_to_the_same_bits(tmp_path: Path, schedule: FreezeSchedule | None) -> None:
    through = Steps(tmp_path / "a", 0, 4, 4)
    learn = fit(through, schedule)
    assert [epoch for epoch, _ in through.told] == [1, 2, 3, 4]
    assert through.told[0][1].keys() == {"train_loss", "valid_loss", "accuracy"}
    first = Steps(tmp_path / "b", 0, 2, 4)
    fit(first, schedule)
    second = Steps(tmp_path / "b", 2, 4, 4)
    torch.rand(7)
    again = fit(second, schedule)
    assert first.told + second.told == through.told
    for name, value in learn.model.state_dict().items():
        assert torch.equal(value, again.model.state_dict()[name]), name


def test_blocks_of_the_models_that_fastai_makes() -> None:
    torchvision = pytest.importorskip("torchvision")
    vision = create_vision_model(torchvision.models.resnet18, 3, pretrained=False)
    assert [block.name for block in blocks_of(vision)] == ["stem", "stage.0", "stage.1", "stage.2", "stage.3", "head"]
    assert {name.split(".")[0] for name, _ in blocks_of(vision)[-1].parameters} == {"1"}
    text = blocks_of(get_text_classifier(AWD_LSTM, 60, 3))
    assert [block.name for block in text] == ["embeddings", "layer.0", "layer.1", "layer.2", "head"]


def test_groups_are_the_blocks() -> None:
    learn = learner()
    learn.create_opt()
    frozen = freeze(learn, GRADUAL, 1, blocks=NAMES)
    assert frozen.rates(0.1) == [0.025, 0.05, 0.1] and frozen.rates(0.1, head_lr=3)[-1] == 3
    assert [block.name for block in frozen.blocks] == ["0", "1", "4"] and frozen.trained == [False, False, True]
    before = {name: value.clone() for name, value in learn.model.state_dict().items()}
    with learn.no_bar(), learn.no_logging():
        learn.fit(1, frozen.rates(0.1))
    assert [hyper["lr"] for hyper in learn.opt.hypers] == [0.025, 0.05, 0.1]
    changed = {name for name, value in learn.model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"4.weight", "4.bias"}  # batch norm infers, although train_bn is on


def test_the_learning_rate_finder_is_let_through(tmp_path: Path) -> None:
    trial = Steps(tmp_path / "a", 0, 2, 2)
    learn = learner()
    learn.add_cb(AutomlCallback(trial))
    with learn.no_bar(), learn.no_logging():
        learn.lr_find(num_it=5, show_plot=False)
    assert not trial.told
