"""A study is read as it stands: from the database while the daemon writes it, and from the daemon."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import automl
from automl import AutomlError

from .conftest import LIMIT, Site

SCRIPT = """
import math
import automl

trial = automl.trial(
    objective={"metric": "acc", "goal": "maximize"}, epochs={"max": 3, "grace": 1}, folds=2, budget={"trials": 5},
    scheduler={"type": "hyperband", "eta": 2}, confirm={"top": 1, "seeds": 1}, seed=2,
)
lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
kind = trial.suggest_categorical("kind", ["a", "b"])
decay = trial.suggest_float("decay", 0, 1, when={"kind": "b"})
for epoch in range(1, trial.epochs + 1):
    acc = 0.9 - 0.05 * (math.log10(lr) + 2) ** 2 + 0.01 * epoch + 0.001 * trial.fold
    trial.report(epoch=epoch, acc=acc, loss=1 - acc, odd=float("nan") if epoch == 2 else 0.0)
    if trial.should_prune():
        break
"""

COLUMNS = [
    "number",
    "value",
    "datetime_start",
    "datetime_complete",
    "duration",
    "params_decay",
    "params_kind",
    "params_lr",
    "state",
]


class Daemon:
    """A daemon on a data directory, in a process group of its own."""

    def __init__(self, site: Site, *flags: str) -> None:
        self._process = subprocess.Popen(
            site.command("daemon", *flags), cwd=site.root, env=site.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        path, until = site.data / "daemon.json", time.monotonic() + LIMIT
        while not path.exists():
            assert time.monotonic() < until, "the daemon does not come up"
            assert self._process.poll() is None
            time.sleep(0.05)
        self.info: dict[str, Any] = json.loads(path.read_text())

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(LIMIT)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, binary: Path) -> Iterator[tuple[Site, Daemon]]:
    """A study that is over, and a daemon that shows it."""
    site = Site(tmp_path_factory.mktemp("study"), binary)
    site.run("run", str(site.write("train.py", SCRIPT)))
    daemon = Daemon(site)
    yield site, daemon
    daemon.stop()


@pytest.fixture(params=["database", "server"])
def study(request: pytest.FixtureRequest, done: tuple[Site, Daemon]) -> automl.Study:
    site, daemon = done
    if request.param == "database":
        return automl.load_study("train", data_dir=site.data)
    return automl.load_study("train", server=daemon.info["url"], token=daemon.info["token"])


def test_the_best_is_that_of_the_program(study: automl.Study, done: tuple[Site, Daemon]) -> None:
    best = json.loads(done[0].run("best", "train", "-o", "json").stdout)
    assert (study.name, study.state) == ("train", "DONE")
    assert repr(study) == "<automl.Study 'train': DONE, 5 trials>"
    assert study.best_trial.number == best["trial"]
    assert study.best_trial.state == "COMPLETE"
    assert study.best_value == best["value"]
    assert study.best_params == best["params"]
    frame = pytest.importorskip("pandas") and study.folds_dataframe()
    mine = frame[frame["trial"] == best["trial"]]
    assert [{"fold": f, "value": v} for f, v in zip(mine["fold"], mine["value"], strict=True)] == best["folds"]
    assert len(best["folds"]) == 4  # it was confirmed


def test_trials_dataframe(study: automl.Study, done: tuple[Site, Daemon]) -> None:
    pandas = pytest.importorskip("pandas")
    frame = study.trials_dataframe()
    assert list(frame.columns)[: len(COLUMNS)] == COLUMNS
    assert list(frame["number"]) == list(range(5))
    assert set(frame["state"]) <= {"COMPLETE", "PRUNED"}
    assert frame["value"].dtype == "float64"
    assert str(frame["datetime_start"].dt.tz) == "UTC"
    assert (frame["duration"] > pandas.Timedelta(0)).all()
    assert frame["params_decay"].isna().equals(frame["params_kind"] == "a")
    described = json.loads(done[0].run("describe", "train", "-o", "json").stdout)
    assert len(described["trials"] if isinstance(described, dict) else described) == 5


def test_curves_dataframe(study: automl.Study, done: tuple[Site, Daemon]) -> None:
    pytest.importorskip("pandas")
    frame = study.curves_dataframe()
    rows = done[0].rows("SELECT trial, fold, epoch, metric, value FROM curves_v ORDER BY 1, 2, 3, 4")
    assert len(frame) == len(rows) > 0
    for got, want in zip(frame.to_dict("records"), rows, strict=True):
        assert (got["trial"], got["fold"], got["epoch"], got["metric"]) == (
            want["trial"],
            want["fold"],
            want["epoch"],
            want["metric"],
        )
        assert got["value"] == want["value"] or (want["value"] is None and got["value"] != got["value"])


def test_decisions(study: automl.Study) -> None:
    all_of_them = study.decisions()
    assert [row["seq"] for row in all_of_them] == sorted(row["seq"] for row in all_of_them)
    assert {"sampled", "assigned", "started", "completed", "confirmed", "moved"} <= {row["what"] for row in all_of_them}
    first = study.decisions(0)
    assert first[0]["what"] == "sampled"
    assert {row["trial"] for row in first} == {0}


def test_decisions_are_joined_as_the_documents_say(done: tuple[Site, Daemon]) -> None:
    """SQLite before 3.42 loses rows where decisions_v itself is joined, see docs/formats.md."""
    site = done[0]
    rows = site.rows("SELECT trial, what FROM decisions_v WHERE trial IS NOT NULL")
    counts = Counter((row["trial"], row["what"]) for row in rows)
    trials = {row["trial"] for row in rows}
    want = sum(counts[n, "assigned"] * counts[n, "started"] * counts[n, "completed"] for n in trials)
    joined = """
        WITH d AS MATERIALIZED (SELECT * FROM decisions_v WHERE study = 'train')
        SELECT count(*) AS n FROM d a JOIN d b ON b.trial = a.trial JOIN d c ON c.trial = a.trial
        WHERE a.what = 'assigned' AND b.what = 'started' AND c.what = 'completed'"""
    assert site.rows(joined)[0]["n"] == want > 0


def test_both_sources_say_the_same(done: tuple[Site, Daemon]) -> None:
    site, daemon = done
    database = automl.load_study("train", data_dir=site.data)
    server = automl.load_study("train", server=daemon.info["url"], token=daemon.info["token"])
    assert database.trials == server.trials
    for one, other in zip(database.decisions(), server.decisions(), strict=True):
        assert {**one, "time": None} == {**other, "time": None}
    if "pandas" in sys.modules:
        assert database.folds_dataframe().equals(server.folds_dataframe())
        assert database.trials_dataframe().equals(server.trials_dataframe())


def test_what_cannot_be_read_is_said(done: tuple[Site, Daemon], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site, daemon = done
    url, token = daemon.info["url"], daemon.info["token"]
    with pytest.raises(AutomlError, match="there is no study in"):
        automl.load_study("train", data_dir=tmp_path)
    with pytest.raises(AutomlError, match=r"there is no study 'trian' in .*; there are: train"):
        automl.load_study("trian", data_dir=site.data)
    with pytest.raises(AutomlError, match=r"there is no study 'trian' at .*; there are: train"):
        automl.load_study("trian", server=url, token=token)
    monkeypatch.delenv("AUTOML_TOKEN", raising=False)
    with pytest.raises(AutomlError, match="wants a token"):
        automl.load_study("train", server=url)
    with pytest.raises(AutomlError, match="must be a URL"):
        automl.load_study("train", server="127.0.0.1:8080")
    with pytest.raises(AutomlError, match="401"):
        automl.load_study("train", server=url, token="wrong")
    with pytest.raises(AutomlError, match=r"server is '127\.0\.0\.1:8080', and must be a URL, as in http://"):
        automl.load_study("train", server="127.0.0.1:8080", token=token)
    with pytest.raises(AutomlError, match=r"ca_file '/nowhere/ca\.pem' holds no certificate"):
        automl.load_study("train", server="https://127.0.0.1:9", token=token, ca_file="/nowhere/ca.pem")
    with pytest.raises(AutomlError, match="does not answer"):
        automl.load_study("train", server="http://127.0.0.1:9", token=token)


def test_a_daemon_that_speaks_tls_says_how_it_is_reached(tmp_path: Path, binary: Path) -> None:
    daemon = Daemon(Site(tmp_path, binary), "--listen", "0.0.0.0:0")
    try:
        url, token = daemon.info["url"], daemon.info["token"]
        with pytest.raises(AutomlError, match=r"does not answer: .*; ca_file= names the authority of its certificate"):
            automl.load_study("train", server=url, token=token)
        with pytest.raises(AutomlError, match=r"the daemon speaks TLS: https:// in its URL, and ca_file="):
            automl.load_study("train", server=url.replace("https:", "http:"), token=token)
        with pytest.raises(AutomlError, match="there are: none"):
            automl.load_study("train", server=url, token=token, ca_file=daemon.info["ca"])
    finally:
        daemon.stop()


def test_without_pandas(done: tuple[Site, Daemon], tmp_path: Path) -> None:
    script = f"""
import sys
sys.modules["pandas"] = None
import automl
study = automl.load_study("train", data_dir={str(done[0].data)!r})
print(study.best_trial.state)
study.trials_dataframe()
"""
    path = tmp_path / "script.py"
    path.write_text(script)
    env = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done_now = subprocess.run([sys.executable, str(path)], env=env, capture_output=True, text=True, check=False)
    assert "COMPLETE" in done_now.stdout
    assert "automl[notebook]" in done_now.stderr
