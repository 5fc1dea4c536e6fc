"""fastai: a callback that makes ``Learner.fit`` and ``fit_one_cycle`` the trainer of a trial."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
import torch
from fastai.callback.core import Callback, CancelEpochException, CancelFitException
from fastcore.foundation import L

from . import _trial
from ._errors import AutomlError
from ._freeze import freeze
from ._schedule import BlockNames, FreezeSchedule
from .pytorch import State

__all__ = ["AutomlCallback"]


class AutomlCallback(Callback):  # type: ignore[misc]
    """Reports what the Recorder has of every epoch, keeps checkpoints, goes on from them, and ends the fit where the study says so.

        learn.fit_one_cycle(trial.epochs, trial.params["lr"], cbs=AutomlCallback(trial))

    A checkpoint holds the model, the optimizer and the random generators of Python, NumPy and torch. ``freeze`` is the schedule
    that the blocks follow; their learning rates are ``automl.freeze(learn, schedule, 1).rates(lr)``. ``blocks`` names them where
    automl.blocks_of does not find them. One fit is one fold: fine_tune, which fits twice, is what a schedule does instead.
    """

    order = 60  # behind the Recorder

    def __init__(
        self,
        trial: _trial.Trial | None = None,
        *,
        freeze: FreezeSchedule | None = None,
        blocks: BlockNames | None = None,
    ) -> None:
        self.trial = trial or _trial.trial()
        self._schedule, self._blocks = freeze, blocks

    def before_fit(self) -> None:
        if hasattr(self.learn, "lr_finder") or hasattr(self.learn, "gather_preds"):  # these fit, or predict, on the side
            self.run = False
            return
        self._freeze(1)
        if self.learn.opt is None:
            raise AutomlError("AutomlCallback: call automl.freeze(learn, schedule, 1) before the fit, which takes its rates")
        self.trial.resume(self._load)

    def before_epoch(self) -> None:
        if self.epoch < self.trial.start:
            raise CancelEpochException
        self._freeze(self.epoch + 1)

    def after_epoch(self) -> None:
        epoch = self.epoch + 1
        if epoch <= self.trial.start:
            return
        recorder = self.learn.recorder
        names = list(recorder.metric_names)[1:]
        metrics = {name: value for name, value in zip(names, recorder.final_record, strict=False) if name != "time"}
        self.trial.report(epoch=epoch, **metrics)
        self.trial.checkpoint(lambda folder: self._state().save(folder))
        if self.trial.should_prune():
            raise CancelFitException

    def _freeze(self, epoch: int) -> None:
        if self._schedule is not None:
            freeze(self.learn, self._schedule, epoch, blocks=self._blocks)

    def _load(self, folder: Path) -> None:
        self._state().load(folder)

    def _state(self) -> State:
        return State(model=self.learn.model, fit=_Fit(self.learn))


class _Fit:
    """What a Learner keeps from epoch to epoch besides its model: the optimizer, the smooth loss, and the generators of the loaders."""

    def __init__(self, learn: Any) -> None:
        self._learn = learn

    def state_dict(self) -> dict[str, Any]:
        smooth = self._learn.recorder.smooth_loss
        draws = [loader.rng.getstate() for loader in self._loaders()]
        return {"optimizer": _plain(self._learn.opt.state_dict()), "smooth": _plain([smooth.count, smooth.val]), "loaders": draws}

    def load_state_dict(self, kept: dict[str, Any]) -> None:
        self._learn.opt.load_state_dict(kept["optimizer"])
        smooth = self._learn.recorder.smooth_loss
        smooth.count, smooth.val = kept["smooth"]
        for loader, drawn in zip(self._loaders(), kept["loaders"], strict=True):
            loader.rng.setstate(drawn)

    def _loaders(self) -> list[Any]:
        return [loader for loader in self._learn.dls.loaders if hasattr(loader, "rng")]  # those of fastai, not of torch


def _plain(value: Any) -> Any:
    """Lists, numbers and tensors of fastcore, NumPy and fastai as those of Python and torch, which torch loads without unpickling."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value)
    if isinstance(value, (list, L)):
        return [_plain(item) for item in value]
    if isinstance(value, torch.Tensor):
        return value.as_subclass(torch.Tensor)  # of TensorBase
    return value.item() if isinstance(value, numpy.generic) else value
