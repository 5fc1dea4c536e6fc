"""Hugging Face Transformers: a Trainer as the trainer of a study.

    args = automl.transformers.arguments(TrainingArguments("out", num_train_epochs=3))
    train, valid = automl.transformers.split(rows, "label")
    trainer = Trainer(model, args, train_dataset=train, eval_dataset=valid, compute_metrics=metrics)
    automl.transformers.train(trainer)

Outside of automl the same script trains as it would without these calls. Metrics keep the names that Trainer gives them
(``eval_loss``, ``eval_accuracy``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from enum import Enum
from typing import Any

from ._adapters import adapt
from ._callback import AutomlCallback
from ._errors import FoldsError, ParameterError
from ._freeze import freeze
from ._hyperparameter_search import hyperparameter_search
from ._schedule import BlockNames, FreezeSchedule
from ._trial import Alone, trial

__all__ = ["AutomlCallback", "adapt", "arguments", "hyperparameter_search", "split", "train"]


def arguments(args: Any) -> Any:
    """The arguments of this trial: ``args``, with its parameters that are called as fields of TrainingArguments.

    ``warmup_ratio`` counts in every version. The epochs are the study's, or the parameter ``num_train_epochs``, which may be
    fewer; the seed is drawn from the study's and the fold. After an attempt that ran out of memory batches are computed in parts.
    Checkpoints go to the runner. Where no runner started the script, only AUTOML_PARAMS changes anything.
    """
    current = trial()
    set_fields(args, current.params)
    if isinstance(current, Alone):
        return args
    if "num_train_epochs" not in current.params:
        args.num_train_epochs = current.epochs
    if args.num_train_epochs > current.epochs:
        raise ParameterError(f"num_train_epochs is {args.num_train_epochs}, above the study's epochs, {current.epochs}")
    args.seed = current.seed * 1000 + current.fold
    parts = math.gcd(current.accumulate, args.per_device_train_batch_size)
    args.per_device_train_batch_size //= parts
    args.gradient_accumulation_steps *= parts
    return args


def set_fields(args: Any, params: Mapping[str, Any]) -> None:
    """Sets the fields of TrainingArguments that ``params`` names."""
    names = {field.name for field in fields(args) if field.init}
    for name, value in params.items():
        if name == "warmup_ratio" and name not in names:
            name = "warmup_steps"  # of Transformers 5: below 1 it is a share of all steps
        if name in names:
            old = getattr(args, name)
            setattr(args, name, type(old)(value) if isinstance(old, Enum) else value)


def split(rows: Any, label: str | None = None, *, groups: str | None = None, fixed: str | None = None) -> tuple[Any, Any]:
    """This fold's training and validation rows, of a ``datasets.Dataset`` or a list of dictionaries.

    ``label``, ``groups`` or ``fixed`` names the column that ``trial.split`` deals by; without one rows are dealt at random.
    """
    if not isinstance(rows, Sequence) and not hasattr(rows, "select"):
        raise FoldsError(f"split takes a datasets.Dataset or a list of dictionaries, not {type(rows).__name__}")
    columns = {what: name for what, name in (("y", label), ("groups", groups), ("fixed", fixed)) if name is not None}
    values: dict[str, Any] = {
        what: [row[name] for row in rows] if isinstance(rows, Sequence) else rows[name] for what, name in columns.items()
    }
    first, second = trial().split(**values) if values else trial().split(n=len(rows))
    if hasattr(rows, "select"):
        return rows.select(first), rows.select(second)
    return [rows[row] for row in first], [rows[row] for row in second]


def train(
    trainer: Any,
    *,
    schedule: FreezeSchedule | None = None,
    blocks: BlockNames | None = None,
    resume_from_checkpoint: str | bool | None = None,
) -> Any:
    """``trainer.train()`` as the trial wants it; returns what that returns.

    Reports after every epoch, keeps the Trainer's own checkpoint, ends where the trial is stopped or paused, and goes on from
    the checkpoint afterwards. ``schedule``, or the trial's parameter ``freeze``, freezes blocks (``blocks`` as in
    ``automl.freeze``) and gives each its learning rate. ``resume_from_checkpoint`` is for the ordinary script.
    """
    current = trial()
    if schedule is None and "freeze.strategy" in current.params:
        schedule = FreezeSchedule.of(current.params)
    callback = next((c for c in trainer.callback_handler.callbacks if isinstance(c, AutomlCallback)), None)
    if callback is None:
        callback = AutomlCallback()
        trainer.add_callback(callback)
    if schedule is not None:
        callback.schedule, callback.blocks = schedule, blocks
        _optimize_by_block(trainer, schedule, blocks)
    if isinstance(trainer.eval_dataset, dict):
        callback.evaluations = len(trainer.eval_dataset)
    folder = current.checkpoint_in
    return trainer.train(resume_from_checkpoint=str(folder) if folder else resume_from_checkpoint)


def _optimize_by_block(trainer: Any, schedule: FreezeSchedule, blocks: BlockNames | None) -> None:
    """Makes the Trainer's optimizer one of all blocks, each with its rate, also of those that train later."""

    def create_optimizer(model: Any = None) -> Any:
        if trainer.optimizer is None:
            args, model = trainer.args, trainer.model
            kind, settings = trainer.optimizer_cls_and_kwargs or type(trainer).get_optimizer_cls_and_kwargs(args, model)
            groups = freeze(model, schedule, 1, blocks=blocks).groups(args.learning_rate, weight_decay=args.weight_decay)
            freeze(model, FreezeSchedule(), 1, blocks=blocks)  # DistributedDataParallel looks after what may train when it begins
            trainer.optimizer = kind(groups, **{k: v for k, v in settings.items() if k not in ("params", "model", "optimizer_dict")})
        return trainer.optimizer

    trainer.create_optimizer = create_optimizer
