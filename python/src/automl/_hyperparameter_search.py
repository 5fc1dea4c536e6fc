"""The search that Trainer.hyperparameter_search makes, with automl behind it."""

from __future__ import annotations

import inspect
import math
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from transformers.trainer_utils import BestRun, default_compute_objective

from ._callback import AutomlCallback
from ._errors import AutomlError
from ._program import search
from ._study import load_study
from ._trial import Alone, Trial, trial


def default_hp_space(trial: Trial) -> dict[str, Any]:
    """Learning rate, weight decay, warm-up and batch size."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 1e-6, 1e-3, log=True),
        "weight_decay": trial.suggest_float("weight_decay", 1e-4, 1e-1, log=True),
        "warmup_ratio": trial.suggest_float("warmup_ratio", 0, 0.3),
        "per_device_train_batch_size": trial.suggest_ordinal("per_device_train_batch_size", [8, 16, 32, 64]),
    }


def hyperparameter_search(
    trainer: Any,
    /,
    hp_space: Callable[[Any], Mapping[str, Any]] = default_hp_space,
    compute_objective: Callable[[dict[str, float]], float] = default_compute_objective,
    n_trials: int = 20,
    direction: str = "minimize",
    *,
    study_name: str = "",
    data_dir: str | os.PathLike[str] = ".automl",
    **sweep: Any,
) -> BestRun:
    """What ``trainer.hyperparameter_search`` does, with its arguments, in a study of automl; a space written for Optuna will do.

    Each trial is a process of its own: ``automl run`` starts this very script, which there trains one trial, up to this call,
    and ends. So trials run side by side, are paused, resumed and pruned after every epoch, and the same script run again
    continues an interrupted search. Only the script that a person ran comes back from the call, with the best run.

    ``n_trials`` is the total. The objective is minimized or maximized (``direction``) at the best epoch of at most
    ``trainer.args.num_train_epochs``. ``sweep`` are more keys of the sweep file: scheduler, workers, budget, seed,
    ``trainer={"resident": True}``, ... Raises AutomlError where there is no script or no automl, and where no trial was completed.
    """
    if trainer.model_init is None:
        raise AutomlError("hyperparameter_search: pass the model as Trainer(model_init=...): every trial begins with a new one")
    if direction not in ("minimize", "maximize"):
        raise AutomlError(
            f"hyperparameter_search: direction is {direction!r}, and must be minimize or maximize: there is one objective"
        )
    current = trial()
    if type(current) is not Alone:  # a trial, or a script that is asked for its parameters
        _one(trainer, current, hp_space, compute_objective)
        raise SystemExit(0)
    script = _script()
    document = {
        "name": study_name or script.stem,
        "objective": {"metric": "objective", "goal": direction},
        "folds": 1,
        "epochs": math.ceil(trainer.args.num_train_epochs),
        "budget": {"trials": n_trials},
    } | sweep
    arguments = [argument.replace("${", "$${") for argument in sys.argv[1:]]
    command = [sys.executable, str(script), *arguments]
    document["trainer"] = {"type": "command", "command": command, "workdir": os.getcwd()} | document.get("trainer", {})
    search(document, data_dir, "hyperparameter_search")
    study = load_study(document["name"], data_dir=data_dir)
    return BestRun(str(study.best_trial.number), study.best_value, study.best_params)


def _one(trainer: Any, current: Trial, hp_space: Callable[[Any], Mapping[str, Any]], objective: Callable[..., float]) -> None:
    """Trains the trial of this process."""
    from .transformers import arguments, set_fields, train

    set_fields(trainer.args, hp_space(current))
    arguments(trainer.args)
    trainer._train_batch_size = trainer.args.train_batch_size
    trainer.create_accelerator_and_postprocess()
    if inspect.signature(trainer.model_init).parameters:
        init = trainer.model_init
        trainer.model_init = lambda: init(current)
    trainer.add_callback(AutomlCallback(objective=objective))
    train(trainer)


def _script() -> Path:
    file = getattr(sys.modules["__main__"], "__file__", None)
    if file is None:
        raise AutomlError("hyperparameter_search: every trial runs this script again, and there is none: call it from a file")
    return Path(file).resolve()
