"""A notebook that holds a read transaction open while a sweep runs costs it nothing: no report, no lock error."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import automl

from .conftest import LIMIT, Site

TRIALS, FOLDS, EPOCHS, WORKERS = 30, 2, 3, 2

SCRIPT = f"""
import os, time
import automl

trial = automl.trial(
    objective={{"metric": "acc", "goal": "maximize"}}, epochs={EPOCHS}, folds={{"k": {FOLDS}, "race": False}},
    budget={{"trials": {TRIALS}}}, workers={WORKERS}, scheduler="fifo", sampler="random",
)
lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
for epoch in range(1, trial.epochs + 1):
    if not os.path.exists("released"):
        time.sleep(PACE)  # so that the study outlasts its reader
    trial.report(epoch=epoch, acc=lr + epoch)
    with open("told.txt", "a") as told:
        print(trial.number, trial.fold, epoch, file=told)
"""

Read = Callable[[Path], tuple[int, int, int]]
"""Holds a read transaction on a database; how many rows curves_v had in it first and last, and right after it."""


def sweep_while_reading(site: Site, seconds: float, read: Read) -> None:
    """Runs a study to its end, a part of it while ``read`` holds the record for so long, and looks for what that cost."""
    pace = 8 * seconds / (TRIALS * FOLDS * EPOCHS / WORKERS)
    script = site.write("train.py", SCRIPT.replace("PACE", f"{pace:.3f}"))
    said = site.root / "said.txt"
    with said.open("w") as out:
        run = subprocess.Popen(site.command("run", str(script)), cwd=site.root, env=site.env, stdout=out, stderr=out)
    try:
        wait_for_reports(site, run)
        first, last, after = read(site.data / "automl.db")
        assert run.poll() is None, f"the study was over before its reader let go\n{said.read_text()}"
        site.write("released", "")
        assert run.wait(LIMIT) == 0, said.read_text()
    finally:
        run.kill()
    assert first == last < after  # what it held was the past, and the study went on meanwhile

    assert f"Best of {TRIALS} trials" in said.read_text()
    told = {tuple(map(int, line.split())) for line in (site.root / "told.txt").read_text().splitlines()}
    kept = {(row["trial"], row["fold"], row["epoch"]) for row in site.rows("SELECT trial, fold, epoch FROM curves_v")}
    assert told == kept
    assert len(kept) == TRIALS * FOLDS * EPOCHS
    assert not site.rows("SELECT * FROM trials_v WHERE state <> 'COMPLETE' OR failures > 0"), site.logs()
    for text in (said.read_text(), (site.data / "runner.log").read_text()):
        assert "locked" not in text and "busy" not in text.lower()


def wait_for_reports(site: Site, run: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + LIMIT
    while not (site.root / "told.txt").exists():
        assert run.poll() is None and time.monotonic() < until, "the study does not begin"
        time.sleep(0.05)


def test_a_reader_of_three_seconds_costs_nothing(site: Site) -> None:
    """One transaction is held, and others come and go; a minute of it, from a notebook, is in test_notebook.py."""

    def read(path: Path) -> tuple[int, int, int]:
        count = "SELECT count(*) FROM curves_v"
        held = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
        held.execute("BEGIN")
        first = held.execute(count).fetchone()[0]
        seen, until = [], time.monotonic() + 3
        while time.monotonic() < until:
            seen.append(len(automl.load_study("train", data_dir=site.data).decisions()))
            time.sleep(0.05)
        last = held.execute(count).fetchone()[0]
        held.execute("COMMIT")
        after = held.execute(count).fetchone()[0]
        held.close()
        assert seen == sorted(seen) and seen[0] < seen[-1]
        return first, last, after

    sweep_while_reading(site, 3, read)
