"""A trainer that is killed ends with the same metrics as one that was not, in each framework: under the real program."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Site
from .installed import need

SCRIPT = """
import os, pathlib, signal

import {module}

import automl
from tests.test_{module} import fit

objective = {{"metric": "{metric}", "goal": "minimize"}}
trial = automl.trial(objective=objective, epochs=4, folds=2, budget={{"trials": 1}}, scheduler="fifo")
trial.suggest_float("lr", 1e-4, 1e-1, log=True)
trial.split(n=40)
mark = pathlib.Path(os.environ.get("CRASH", "nowhere"))


def crash(epochs):
    if epochs == 2 and mark.exists():
        mark.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


class Crash({base}):
    {hook}


fit(trial, callbacks=[Crash()])
"""

KERAS = ("val_loss", "keras.callbacks.Callback", "def on_epoch_begin(self, epoch, logs=None): crash(epoch)")
LIGHTNING = ("val_loss", "lightning.Callback", "def on_train_epoch_start(self, trainer, module): crash(trainer.current_epoch)")
FASTAI = ("valid_loss", "fastai.callback.core.Callback", "def before_epoch(self): crash(self.epoch)")

CURVES = "SELECT trial, fold, epoch, metric, value FROM curves_v ORDER BY 1, 2, 3, 4"


@pytest.mark.parametrize(("module", "words"), [("keras", KERAS), ("lightning", LIGHTNING), ("fastai", FASTAI)])
def test_ends_with_the_same_metrics(site: Site, module: str, words: tuple[str, str, str]) -> None:
    need(module)
    metric, base, hook = words
    site.write("train.py", SCRIPT.format(module=module, metric=metric, base=base, hook=hook))
    calm = curves(site, "")
    site.data = site.root / "again"
    mark = site.write("crash", "")
    assert curves(site, f", env: {{CRASH: {mark}}}") == calm
    assert not mark.exists()
    assert site.rows("SELECT * FROM decisions_v WHERE what = 'retried' AND failure = 'signal'")
    first = site.rows("SELECT DISTINCT epoch FROM curves_v WHERE fold = 0 AND attempt = 1 ORDER BY 1")
    assert [row["epoch"] for row in first] == [1, 2]  # the second attempt went on behind the checkpoint


def curves(site: Site, env: str) -> list[dict[str, Any]]:
    """What a study recorded that runs the script with such an environment."""
    site.run("run", str(site.write("train.yaml", f"trainer: {{type: command, command: [python3, train.py]{env}}}\n")))
    return site.rows(CURVES)
