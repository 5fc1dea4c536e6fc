"""A script outside of automl is an ordinary script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import automl
from automl import AutomlError, FoldsError, ParameterError
from automl._trial import Alone

SCRIPT = """
import automl
trial = automl.trial(epochs=3, folds=4)
lr = trial.suggest_float("lr", 1e-4, 1e-2, log=True)
optimizer = trial.suggest_categorical("optimizer", ["adamw", "sgd"])
momentum = trial.suggest_float("momentum", 0.5, 0.9, default=0.8, when={"optimizer": "sgd"})
freeze = trial.suggest_freeze()
train, valid = trial.split(["a", "b"] * 10)
for epoch in range(trial.resume(lambda folder: None) + 1, trial.epochs + 1):
    trial.progress(1, 2)
    trial.report(epoch=epoch, acc=epoch / 10)
    assert not trial.checkpoint(lambda folder: None)
    if trial.should_prune():
        break
print(epoch, len(train), len(valid), lr, optimizer, momentum, freeze.strategy, sorted(trial.params))
"""


def run(tmp_path: Path, script: str, **env: str) -> str:
    import os
    import subprocess
    import sys

    path = tmp_path / "script.py"
    path.write_text(script)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AUTOML_")}
    kept["PYTHONPATH"] = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run([sys.executable, str(path)], env=kept | env, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_defaults(tmp_path: Path) -> None:
    lines = run(tmp_path, SCRIPT).splitlines()
    assert lines[:3] == ["epoch 1: acc=0.1", "epoch 2: acc=0.2", "epoch 3: acc=0.3"]
    assert lines[3] == "3 15 5 0.001 adamw 0.8 full ['lr', 'optimizer']"


def test_given_parameters(tmp_path: Path) -> None:
    given = {"lr": 0.005, "optimizer": "sgd", "momentum": 0.7, "freeze.strategy": "lp_ft", "freeze.unfreeze_every": 2}
    line = run(tmp_path, SCRIPT, AUTOML_PARAMS=json.dumps(given)).splitlines()[-1]
    assert "0.005 sgd 0.7 lp_ft" in line
    (tmp_path / "best.json").write_text(json.dumps(given))
    assert "0.005 sgd 0.7 lp_ft" in run(tmp_path, SCRIPT, AUTOML_PARAMS=str(tmp_path / "best.json"))
    assert "AUTOML_PARAMS says 5 lies outside 0.0001 to 0.01" in run(tmp_path, SCRIPT, AUTOML_PARAMS='{"lr": 5}')
    assert "neither a JSON object nor a file" in run(tmp_path, SCRIPT, AUTOML_PARAMS="nowhere.json")
    assert "names optimiser, which the script does not suggest: did you mean optimizer?" in run(
        tmp_path, SCRIPT, AUTOML_PARAMS='{"optimiser": "sgd"}'
    )


def test_trial_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("automl._trial._current", None)
    assert automl.trial(epochs=7) is automl.trial()
    assert automl.trial().epochs == 7


def test_nothing_but_the_standard_library(tmp_path: Path) -> None:
    loaded = "import sys, automl; automl.trial(); print([m for m in ('torch', 'numpy', 'pandas', 'transformers') if m in sys.modules])"
    assert run(tmp_path, loaded).strip() == "[]"


def test_frameworks_are_loaded_where_they_are_named(tmp_path: Path) -> None:
    script = """
import sys
sys.modules["torch"] = None  # as if it were not installed
from automl import *
import automl
print(trial().epochs, automl.__version__, "load_study" in dir(automl), "torch" in sys.modules)
automl.pytorch.State
"""
    said = run(tmp_path, script)
    assert said.startswith("1 0.1.0 True True") and "ModuleNotFoundError" in said and "torch" in said
    assert "automl' has no attribute 'pytorhc'" in run(tmp_path, "import automl\nautoml.pytorhc")


def test_errors() -> None:
    trial = Alone({"epochs": 2})
    with pytest.raises(ParameterError, match="low must be above 0"):
        trial.suggest_float("lr", 0, 1, log=True)
    with pytest.raises(ParameterError, match="from 2 to 1 is no range"):
        trial.suggest_int("n", 2, 1)
    with pytest.raises(ParameterError, match="no whole number"):
        trial.suggest_int("n", 1, 2.5)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="no list of choices"):
        trial.suggest_categorical("c", [])
    with pytest.raises(ParameterError, match="the default 'c' is none of"):
        trial.suggest_categorical("c", ["a", "b"], default="c")
    with pytest.raises(ParameterError, match="epochs are whole numbers and count from 1"):
        trial.report(epoch=0, acc=1)
    with pytest.raises(ParameterError, match="there are no metrics"):
        trial.report(epoch=1)
    with pytest.raises(ParameterError, match="acc is 'high', which is no number"):
        trial.report(epoch=1, acc="high")
    with pytest.raises(ParameterError, match="'low' is no number"):
        trial.suggest_float("lr", "low", 1)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"a step of 0\.0 is not above 0"):
        trial.suggest_float("lr", 0, 1, step=0)
    with pytest.raises(ParameterError, match="5 is no list of choices"):
        trial.suggest_categorical("c", 5)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"the choice \(64, 32\) is no text, number or boolean; let a text stand for it"):
        trial.suggest_categorical("c", [(64, 32)])  # type: ignore[list-item]
    with pytest.raises(ParameterError, match="'full' is no list of strategies"):
        trial.suggest_freeze(strategies="full")
    with pytest.raises(ParameterError, match=r"\[\] is no list of strategies"):
        trial.suggest_freeze(strategies=[])
    with pytest.raises(FoldsError, match="split takes one of"):
        trial.split()
    with pytest.raises(FoldsError, match="n is '3', and must be how many rows there are"):
        trial.split(n="3")  # type: ignore[arg-type]
    with pytest.raises(FoldsError, match="n is 3, but there are 2 rows"):
        trial.split(["a", "b"], n=3)


@pytest.mark.parametrize(
    ("sweep", "words"),
    [
        ({"epochs": {"grace": 2}}, "epochs.max is None, and must be a whole number from 1 on"),
        ({"epochs": 2.5}, "epochs is 2.5"),
        ({"folds": {"split": "group"}}, "folds.k is None"),
        ({"folds": "5"}, "folds is '5'"),
        ({"folds": {"k": 2, "split": "groups"}}, "folds.split is 'groups', none of stratified, plain, group, fixed"),
        ({"seed": -1}, "seed is -1, and must be a whole number from 0 on"),
    ],
)
def test_a_sweep_that_cannot_be_is_said(sweep: dict[str, Any], words: str) -> None:
    with pytest.raises(AutomlError, match=words):
        Alone(sweep)


def test_a_parameter_that_is_not_there() -> None:
    trial = Alone({})
    with pytest.raises(ParameterError, match=r"^the trial has no parameter 'lr': .*AUTOML_PARAMS"):
        trial.params["lr"]
    with pytest.raises(KeyError):
        trial.params["lr"]
    assert trial.params.get("lr", 3e-4) == 3e-4 and "lr" not in trial.params
    trial.suggest_float("lr", 1e-4, 1e-2)
    assert trial.params["lr"] == pytest.approx(0.00505)


def test_numbers_of_numpy() -> None:
    numpy = pytest.importorskip("numpy")
    trial = Alone({})
    assert trial.suggest_int("n", *numpy.array([1, 3])) == 2
    assert trial.suggest_float("x", numpy.float32(0), numpy.float32(1), default=numpy.float32(0.5)) == 0.5
    chosen = trial.suggest_ordinal("b", numpy.array([16, 32]))
    assert chosen == 16 and type(chosen) is int
    trial.report(epoch=numpy.int64(1), acc=numpy.float32(0.5))


def test_a_checkpoint_follows_a_report_here_too() -> None:
    trial = Alone({})
    with pytest.raises(AutomlError, match="checkpoint: report the epoch first"):
        trial.checkpoint(lambda folder: None)


def test_scratch_is_one_folder(tmp_path: Path) -> None:
    script = """
import automl
trial = automl.trial()
(trial.scratch / "a").write_text("kept")
print(trial.scratch, (trial.scratch / "a").read_text())
"""
    folder, text = run(tmp_path, script, TMPDIR=str(tmp_path)).split()
    assert text == "kept" and Path(folder).parent == tmp_path and not Path(folder).exists()


def test_middles() -> None:
    trial = Alone({})
    assert trial.suggest_int("n", 1, 100, log=True) == 10
    assert trial.suggest_int("m", 0, 10, step=4) == 4
    assert trial.suggest_float("x", 0, 1, step=0.3) == pytest.approx(0.6)
    assert trial.suggest_ordinal("b", [16, 32]) == 16
