"""Trainers that are forks of a resident process: the same numbers as cold ones, to the last bit."""

from __future__ import annotations

import importlib.util
import json
from typing import Any

import pytest

from .conftest import Site

HEAD = """
import json, os, random, sys
import automl
import warm

trial = automl.trial(
    objective={"metric": "loss", "goal": "minimize"}, epochs={"max": 3, "grace": 1}, folds=2, workers=1,
    budget={"trials": 4}, scheduler={"type": "hyperband", "eta": 3}, sampler="random", seed=3,
)
lr = trial.suggest_float("lr", 1e-3, 1e-1, log=True)
assert "left_behind" not in os.environ and not hasattr(warm, "left_behind") and os.getcwd() != "/"
"""

TAIL = """
os.environ["left_behind"] = "1"
warm.left_behind = 1
os.chdir("/")
"""

PLAIN = (
    HEAD
    + """
rows = warm.rows()
train, valid = trial.split(n=len(rows))
draw = random.Random(f"{trial.seed} {trial.number} {trial.fold}")
w = [0.0] * len(rows[0])
start = trial.resume(lambda folder: w.__setitem__(slice(None), json.loads((folder / "w.json").read_text())))
for epoch in range(1, trial.epochs + 1):
    order = train[:]
    draw.shuffle(order)
    if epoch <= start:
        continue
    for i in order:
        x, y = rows[i], sum(rows[i]) / 3
        error = sum(a * b for a, b in zip(w, x)) - y
        w = [a - lr * error * b for a, b in zip(w, x)]
    trial.report(epoch=epoch, loss=sum((sum(a * b for a, b in zip(w, rows[i])) - sum(rows[i]) / 3) ** 2 for i in valid))
    trial.checkpoint(lambda folder: (folder / "w.json").write_text(json.dumps(w)))
    if trial.should_prune():
        break
"""
    + TAIL
)

PLAIN_WARM = """
import functools, os, random

@functools.cache
def rows():
    if "RESIDENT_COUNT" in os.environ:
        with open(os.environ["RESIDENT_COUNT"], "a") as file:
            file.write("loaded\\n")
    draw = random.Random(1)
    return [[draw.gauss(0, 1) for _ in range(8)] for _ in range(60)]
"""

TORCH = (
    HEAD
    + """
import copy
import torch
from automl.pytorch import State

data, target = warm.data()
train, valid = trial.split(n=len(data))
torch.manual_seed(1000 * trial.seed + 10 * trial.number + trial.fold)
model = copy.deepcopy(warm.rows())
optimizer = torch.optim.SGD(model.parameters(), lr=lr)
state = State(model=model, optimizer=optimizer)
start = trial.resume(state.load)
for epoch in range(start + 1, trial.epochs + 1):
    model.train()
    for part in torch.tensor(train)[torch.randperm(len(train))].split(64):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(data[part])[:, 0], target[part]).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        loss = torch.nn.functional.mse_loss(model(data[valid])[:, 0], target[valid])
    trial.report(epoch=epoch, loss=loss, threads=torch.get_num_threads())
    trial.checkpoint(state.save)
    if trial.should_prune():
        break
"""
    + TAIL
)

TORCH_WARM = """
import functools, os
import torch

@functools.cache
def data():
    draw = torch.Generator().manual_seed(2)
    rows = torch.randn(600, 256, generator=draw)
    return rows, rows[:, :3].sum(1)

@functools.cache
def rows():
    if "RESIDENT_COUNT" in os.environ:
        with open(os.environ["RESIDENT_COUNT"], "a") as file:
            file.write("loaded\\n")
    try:
        import tqdm
        list(tqdm.tqdm(range(3)))  # whose thread does not survive a fork
    except ImportError:
        pass
    state = torch.get_rng_state()
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Linear(256, 512), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(512, 1))
    with torch.no_grad():  # an operation that torch divides among its threads
        for _ in range(3):
            model(torch.randn(2000, 256))
    torch.set_rng_state(state)
    return model
"""


def curves(site: Site, name: str, more: str) -> list[dict[str, Any]]:
    site.data = site.root / name
    count = site.root / f"{name}.count"
    trainer = f"{{type: command, command: [python3, train.py], env: {{RESIDENT_COUNT: {count}}}{more}}}"
    site.run("run", str(site.write(f"{name}.yaml", f"name: study\ntrainer: {trainer}\n")))
    assert not site.rows("SELECT * FROM trials_v WHERE failures > 0"), site.logs()
    processes = site.rows("SELECT count(*) AS n FROM decisions_v WHERE what = 'started'")[0]["n"]
    loaded = len(count.read_text().splitlines())
    log = (site.data / "runner.log").read_text()
    assert ("a resident process is ready" in log) == bool(more), log
    asked = 1  # for its parameters
    assert loaded == asked + 1 if more else loaded >= asked + processes > 4, (loaded, processes)
    return site.rows("SELECT trial, fold, epoch, metric, value FROM curves_v ORDER BY 1, 2, 3, 4")


@pytest.mark.parametrize("kind", ["plain", "torch"])
def test_losses_are_the_same_bits(site: Site, kind: str) -> None:
    if kind == "torch" and importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    site.write("train.py", PLAIN if kind == "plain" else TORCH)
    site.write("warm.py", PLAIN_WARM if kind == "plain" else TORCH_WARM)
    cold = curves(site, "cold", "")
    modules = "[json, automl]" if kind == "plain" else "[torch, automl.pytorch]"
    assert cold == curves(site, "resident", f', resident: {{import: {modules}, setup: "warm:rows"}}')
    assert len({json.dumps(row["value"]) for row in cold}) > 10


def test_without_a_fit_setup_trials_are_started_cold(site: Site) -> None:
    site.write("train.py", PLAIN)
    site.write("warm.py", PLAIN_WARM + "\ndef load():\n    import automl\n    automl.trial()\n")
    site.data = site.root / "cold"
    trainer = '{type: command, command: [python3, train.py], resident: {setup: "warm:load"}}'
    site.run("run", str(site.write("sweep.yaml", f"name: study\ntrainer: {trainer}\n")))
    log = (site.data / "runner.log").read_text()
    assert log.count("no resident process: each trainer is started as a program of its own") == 1, log
    assert "automl.trial() was called, and there is no trial yet" in log
    assert not site.rows("SELECT * FROM trials_v WHERE failures > 0"), site.logs()
