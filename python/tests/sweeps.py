"""The ready sweeps of configs/, run to their end by the built program; what they leave in the record."""

from __future__ import annotations

import json
from typing import Any

import automl

from .conftest import REPO, Site


def finish(site: Site, name: str) -> automl.Study:
    """Runs ``configs/NAME.yaml`` to its end; checks that trials were pruned, paused and resumed from their checkpoints.

    ``python3`` of the sweep is the interpreter of the tests. Whoever calls it makes sure first that the framework is there.
    """
    site.run("run", str(REPO / "configs" / f"{name}.yaml"))
    check(site)
    return automl.load_study(name, data_dir=site.data)


def check(site: Site) -> None:
    """That the study in the site's record is done, with all that a trainer has to bear seen in it."""
    head = site.rows("SELECT state, folds, epochs FROM studies_v")[0]
    trials = site.rows("SELECT number, state, failures, extra_epochs, fold, epoch FROM trials_v")
    assert head["state"] == "DONE"
    assert {trial["state"] for trial in trials} == {"COMPLETE", "PRUNED"}, trials
    assert not any(trial["failures"] for trial in trials), site.logs()
    for trial in trials:
        whole = (trial["fold"], trial["epoch"]) >= (head["folds"] - 1, head["epochs"])
        assert whole == (trial["state"] == "COMPLETE"), trial  # what was pruned was not trained in full

    resumed = resumptions(site)
    assert resumed, "no trial was paused within a fold and went on there"
    assert not any(trial["extra_epochs"] for trial in trials), f"epochs were trained twice: {trials}"
    for number, fold, _ in resumed:
        rows = site.rows("SELECT DISTINCT epoch FROM curves_v WHERE trial = ? AND fold = ? ORDER BY 1", number, fold)
        epochs = [row["epoch"] for row in rows]
        assert epochs == list(range(1, len(epochs) + 1)), f"trial {number}, fold {fold}: {epochs}"


def resumptions(site: Site) -> list[tuple[int, int, int]]:
    """Trial, fold and epoch of each attempt that went on within a fold, after the decision to pause it there."""
    sql = """
        SELECT DISTINCT d.trial, d.fold, d.epoch FROM decisions_v d JOIN studies_v s ON s.study = d.study
        JOIN decisions_v p ON p.study = d.study AND p.trial = d.trial AND p.fold = d.fold AND p.epoch = d.epoch
        WHERE p.what = 'paused' AND d.what = 'assigned' AND p.seq < d.seq AND d.epoch > 0 AND d.epoch < s.epochs"""
    return [(row["trial"], row["fold"], row["epoch"]) for row in site.rows(sql)]


def params(site: Site) -> list[dict[str, Any]]:
    """The parameters of each trial, by number."""
    return [json.loads(row["params"]) for row in site.rows("SELECT params FROM trials_v ORDER BY number")]
