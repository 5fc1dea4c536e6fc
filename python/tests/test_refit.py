"""The winner of a command is trained on all rows, where the sweep asks for it."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import Site

SCRIPT = """
import json, os, pathlib
import automl

trial = automl.trial(
    objective={"metric": "val_loss", "goal": "minimize"}, epochs={"max": 6, "grace": 1}, folds=3, refit=True,
    budget={"trials": 4}, scheduler="fifo", seed=3,
)
lr = trial.suggest_float("lr", 0.01, 0.5, log=True)
xs = [i / 10 for i in range(30)]
ys = [3 * x + (i % 3 - 1) / 10 for i, x in enumerate(xs)]
train, valid = trial.split(n=len(xs))
assert trial.refit == (trial.fold < 0) == (not valid)
assert len(train) == (30 if trial.refit else 20)

def loss(rows):
    return sum((w * xs[i] - ys[i]) ** 2 for i in rows) / len(rows)

w = 0.0
start = trial.resume(lambda folder: globals().update(w=json.loads((folder / "model.json").read_text())["w"]))
for epoch in range(start + 1, trial.epochs + 1):
    for i in train:
        w -= lr * 2 * (w * xs[i] - ys[i]) * xs[i] / len(train)
    if trial.refit:
        trial.report(epoch=epoch, test_loss=loss(range(0, 30, 7)), rows=len(train))
    else:
        trial.report(epoch=epoch, val_loss=loss(valid))
    trial.checkpoint(lambda folder: (folder / "model.json").write_text(json.dumps({"w": w, "epoch": epoch, "lr": lr})))
    crash = pathlib.Path(os.environ.get("CRASH", "nowhere"))
    if trial.refit and epoch == 2 and crash.exists():
        crash.unlink()
        os.abort()
    if trial.should_prune():
        break
"""


def trained(lr: float, epochs: int) -> float:
    """What the script makes of all rows."""
    xs = [i / 10 for i in range(30)]
    ys = [3 * x + (i % 3 - 1) / 10 for i, x in enumerate(xs)]
    w = 0.0
    for _ in range(epochs):
        for x, y in zip(xs, ys, strict=True):
            w -= lr * 2 * (w * x - y) * x / len(xs)
    return w


def test_the_winner_is_trained_on_all_rows(site: Site) -> None:
    site.write("train.py", SCRIPT)
    crash = site.write("crash", "")  # the refit is killed once, and begins anew
    trainer = f"{{type: command, command: [python3, train.py], env: {{CRASH: {crash}}}}}"
    done = site.run("run", str(site.write("sweep.yaml", f"name: study\ntrainer: {trainer}\n")))
    assert not crash.exists() and site.rows("SELECT * FROM decisions_v WHERE what = 'retried' AND failure = 'signal'")
    best = json.loads(site.run("best", "-o", "json").stdout)
    model = json.loads((Path(best["artifact"]) / "model.json").read_text())
    assert model["lr"] == best["params"]["lr"] and model["epoch"] == best["epoch"]
    assert model["w"] == trained(model["lr"], model["epoch"])
    assert "trained on all data" in done.stdout and "test     test_loss" in done.stdout
    reason = site.rows("SELECT reason FROM decisions_v WHERE what = 'refitted'")[0]["reason"]
    assert reason.startswith("trained on all data, test_loss 0.") and reason.endswith("rows 30")
    assert not [row for row in site.rows("SELECT DISTINCT fold FROM curves_v") if row["fold"] < 0]  # it is compared with nothing


def test_a_refit_without_a_model_is_told(site: Site) -> None:
    site.write("train.py", SCRIPT.replace("    trial.checkpoint(", "    trial.refit or trial.checkpoint("))
    site.run("run", str(site.root / "train.py"))
    said = site.run("best").stdout
    assert "not saved:" in said and "left no model: it is the last checkpoint" in said
    assert site.rows("SELECT state FROM studies_v")[0]["state"] == "DONE"


def test_a_command_is_refitted_on_request_alone(site: Site) -> None:
    site.write("train.py", SCRIPT.replace(" refit=True,", ""))
    done = site.run("run", str(site.root / "train.py"))
    assert "or have refit: true in the sweep" in done.stdout
    assert not site.rows("SELECT * FROM decisions_v WHERE phase = 'refit'")
