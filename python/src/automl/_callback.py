"""What a Trainer of Transformers tells the trial, and hears from it."""

from __future__ import annotations

import math
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import transformers
from transformers.trainer_utils import SaveStrategy

from ._errors import AutomlError
from ._freeze import freeze
from ._schedule import BlockNames, FreezeSchedule
from ._trial import Alone, trial

SPEED = ("_runtime", "_per_second", "_model_preparation_time")
"""Ends of the names of metrics that tell of the machine, not of the model."""


class AutomlCallback(transformers.TrainerCallback):
    """Evaluates and reports after every epoch, keeps the Trainer's checkpoint, and ends the training where the trial does.

    ``automl.transformers.train`` adds it. By itself (``Trainer(callbacks=[AutomlCallback()])``) it needs
    ``trainer.train(resume_from_checkpoint=automl.trial().checkpoint_in)``. A ``schedule`` is applied at the begin of every
    epoch, with the optimizer that the Trainer made: of its learning rates only ``train`` knows. ``objective`` computes one more
    metric, of this name, from those of an evaluation.
    """

    evaluations = 1
    """Data sets of an evaluation, each of which has its own call."""

    def __init__(
        self,
        schedule: FreezeSchedule | None = None,
        *,
        blocks: BlockNames | None = None,
        objective: Callable[[dict[str, float]], float] | None = None,
    ) -> None:
        self.schedule, self.blocks, self._objective = schedule, blocks, objective
        self._trial = trial()
        self._alone = isinstance(self._trial, Alone)
        self._seen: dict[str, float] = {}
        self._asked = 0  # evaluations of the epoch that are to come
        self._begun = 0  # the step at which the epoch began

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Takes the checkpoints over."""
        if self._alone:
            return
        if self._trial.start > 0 and state.global_step == 0:
            raise AutomlError(
                f"the trial goes on after epoch {self._trial.start}, but the Trainer begins anew: "
                "call automl.transformers.train(trainer), or trainer.train(resume_from_checkpoint=automl.trial().checkpoint_in)"
            )
        args.output_dir = str(self._trial.scratch)
        args.save_strategy, args.save_total_limit, args.save_only_model = SaveStrategy.NO, 1, False
        args.load_best_model_at_end = args.push_to_hub = False

    def on_epoch_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        """Freezes what the schedule has frozen in this epoch."""
        self._begun = state.global_step
        if self.schedule is not None:
            freeze(model, self.schedule, round(state.epoch or 0) + 1, blocks=self.blocks)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Says how far the epoch is."""
        self._trial.progress(state.global_step - self._begun, math.ceil(state.max_steps / args.num_train_epochs))

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Asks for the evaluation."""
        self._seen, self._asked = {}, self.evaluations
        control.should_evaluate = True

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **_: Any) -> None:
        """Reports; asks for a checkpoint, unless the trial is over."""
        if self._asked == 0:
            return  # an evaluation in the middle of an epoch, or by the script itself
        self._seen.update({name: value for name, value in metrics.items() if name != "epoch" and not name.endswith(SPEED)})
        self._asked -= 1
        if self._asked > 0:
            return
        if self._objective is not None:
            self._seen["objective"] = self._objective(dict(self._seen))
        epoch = math.ceil(state.epoch - 1e-6)
        last = control.should_training_stop or epoch >= args.num_train_epochs or state.global_step >= state.max_steps
        self._trial.report(epoch=epoch, last=last and epoch < self._trial.epochs, **self._seen)
        if self._trial.stopped:
            control.should_training_stop = True
        elif not self._alone:
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Hands the Trainer's checkpoint over, and ends the training where the trial is paused or done."""
        if self._alone:
            return
        distributed = sys.modules.get("torch.distributed")
        if distributed is not None and distributed.is_available() and distributed.is_initialized():
            distributed.barrier()  # each process has written its own part
        written = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        self._trial.checkpoint(lambda folder: shutil.copytree(written, folder, copy_function=_link, dirs_exist_ok=True))
        if self._trial.should_prune():
            control.should_training_stop = True


def _link(source: str, target: str) -> None:
    """A second name where the file system can, since nobody changes a checkpoint's files; otherwise a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
