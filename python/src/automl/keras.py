"""Keras 3, on TensorFlow or PyTorch: a callback that makes ``fit`` the trainer of a trial. tf.keras is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy

from . import _trial
from ._errors import AutomlError
from ._freeze_keras import freeze
from ._schedule import BlockNames, FreezeSchedule

__all__ = ["AutomlCallback", "seeds"]

WEIGHTS, SEEDS = "state.weights.h5", "seeds.npz"


class AutomlCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Reports the logs of every epoch, keeps checkpoints, goes on from them, and ends the training where the study says so.

        model.fit(x, y, validation_data=valid, epochs=trial.epochs, callbacks=[AutomlCallback(trial)])

    Stands behind the callbacks that stop the training or change the learning rate. A checkpoint holds the weights, the
    optimizer and the generators of the layers. ``freeze`` is the schedule that the blocks of the model follow, with its learning
    rates; ``blocks`` names them where automl.blocks_of does not find them. With ``seed``, which is on, the generators of Python,
    NumPy and the back end begin every epoch at a seed of their own, so that a trial goes on to the same bits.
    """

    def __init__(
        self,
        trial: _trial.Trial | None = None,
        *,
        freeze: FreezeSchedule | None = None,
        blocks: BlockNames | None = None,
        seed: bool = True,
    ) -> None:
        super().__init__()
        self.trial = trial or _trial.trial()
        self._schedule, self._blocks, self._seed = freeze, blocks, seed

    def on_train_begin(self, logs: Any = None) -> None:
        if not self.model.built:
            raise AutomlError("AutomlCallback: build the model before fit: call it on a batch, or name its input shape")
        optimizer = self.model.optimizer
        if self._schedule is not None:
            optimizer = freeze(self.model, self._schedule, 1, blocks=self._blocks).optimizer(optimizer)
        if not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        self.model._initial_epoch = self.trial.resume(self._load)  # as BackupAndRestore of Keras does

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self._seed:
            keras.utils.set_random_seed(epoch_seed(self.trial, epoch + 1))
        if self._schedule is not None:
            freeze(self.model, self._schedule, epoch + 1, blocks=self._blocks)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        early = bool(self.model.stop_training) and epoch + 1 < self.trial.epochs
        self.trial.report(epoch=epoch + 1, last=early, **(logs or {}))
        self.trial.checkpoint(self._save)
        if self.trial.should_prune():
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        self.model._initial_epoch = None  # a second fit is one of its own

    def _save(self, folder: Path) -> None:
        self.model.save_weights(folder / WEIGHTS)
        numpy.savez(folder / SEEDS, *(keras.ops.convert_to_numpy(state) for state in seeds(self.model)))

    def _load(self, folder: Path) -> None:
        self.model.load_weights(folder / WEIGHTS)
        with numpy.load(folder / SEEDS) as kept:
            for state, value in zip(seeds(self.model), kept.values(), strict=True):
                state.assign(value)


def seeds(model: Any) -> list[Any]:
    """The states of the generators in the layers (of dropout), which no checkpoint of Keras or TensorFlow has."""
    weights = {id(variable) for variable in model.weights}
    return [variable for variable in model.non_trainable_variables if id(variable) not in weights]


def epoch_seed(trial: _trial.Trial, epoch: int) -> int:
    """A seed for an epoch (from 1) of this fold, below 2^32: the same one in every attempt."""
    fold = max(trial.fold, 0)
    return (trial.seed * 1_000_003 + fold * 10_007 + epoch) % 2**32
