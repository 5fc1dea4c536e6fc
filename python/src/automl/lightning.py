"""PyTorch Lightning: a callback that makes ``Trainer.fit`` the trainer of a trial."""

from __future__ import annotations

from typing import Any

from lightning.pytorch.callbacks import Checkpoint

from . import _trial
from ._errors import AutomlError
from ._freeze import freeze
from ._schedule import BlockNames, FreezeSchedule
from .pytorch import random_state, set_random_state

__all__ = ["AutomlCallback"]

FILE = "lightning.ckpt"


class AutomlCallback(Checkpoint):  # type: ignore[misc]
    """Reports the metrics of every epoch, keeps checkpoints, and ends the training where the study says so.

        callback = AutomlCallback(trial)
        trainer = Trainer(max_epochs=trial.epochs, callbacks=[callback])
        trainer.fit(module, train, valid, ckpt_path=callback.ckpt_path)

    What counts is what the module logs by ``self.log`` (trainer.callback_metrics). A checkpoint is one of Lightning, with the
    random generators of Python, NumPy and torch. As a Checkpoint of Lightning it is called behind all other callbacks, and
    Lightning adds no ModelCheckpoint of its own.

    ``freeze`` is the schedule that the blocks of the module follow; ``blocks`` names them where automl.blocks_of does not find
    them. The learning rates are for ``configure_optimizers``, which automl.freeze(self, schedule, 1).groups(lr) gives them.
    """

    def __init__(
        self,
        trial: _trial.Trial | None = None,
        *,
        freeze: FreezeSchedule | None = None,
        blocks: BlockNames | None = None,
    ) -> None:
        self.trial = trial or _trial.trial()
        self._schedule, self._blocks = freeze, blocks
        self._kept: dict[str, Any] = {}
        self._metrics: dict[str, float] = {}

    @property
    def ckpt_path(self) -> str | None:
        """What ``Trainer.fit`` is to go on from; None at the start of a fold."""
        folder = self.trial.checkpoint_in
        return None if folder is None else str(folder / FILE)

    def state_dict(self) -> dict[str, Any]:
        return {"random": random_state(), "metrics": self._metrics}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._kept = state_dict

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        if self._kept:
            set_random_state(self._kept["random"])

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        if trainer.current_epoch != self.trial.start:
            raise AutomlError(
                f"AutomlCallback: the trial goes on after epoch {self.trial.start}, the training after {trainer.current_epoch}: "
                "give fit the checkpoint, as in trainer.fit(module, ..., ckpt_path=callback.ckpt_path)"
            )
        for config in trainer.lr_scheduler_configs if self._kept else []:
            if config.reduce_on_plateau and config.interval == "epoch" and trainer.current_epoch % config.frequency == 0:
                config.scheduler.step(self._kept["metrics"][config.monitor])  # Lightning does it behind the checkpoint

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        if self._schedule is not None:
            freeze(pl_module, self._schedule, trainer.current_epoch + 1, blocks=self._blocks)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        epoch = trainer.current_epoch + 1
        early = bool(trainer.should_stop) and epoch < self.trial.epochs
        self._metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.trial.report(epoch=epoch, last=early, **self._metrics)
        self.trial.checkpoint(lambda folder: trainer.save_checkpoint(folder / FILE))
        if self.trial.should_prune():
            trainer.should_stop = True
