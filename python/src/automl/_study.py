"""A study as a notebook reads it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ._errors import AutomlError
from ._source import Database, Row, Server, Source

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TrialRecord:
    """A trial, as it stood when it was read."""

    number: int
    state: str
    """WAITING, RUNNING, PAUSED, COMPLETE, PRUNED or FAIL."""
    value: float | None
    """Of the objective, over the folds there are; None: it has none yet, or none that is finite."""
    std: float | None
    params: dict[str, Any]
    datetime_start: datetime | None
    datetime_complete: datetime | None
    reason: str


class Study:
    """A study to read; ``automl.load_study`` opens it. Every call reads what is recorded at that moment, and raises AutomlError
    where that cannot be read (any more)."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def __repr__(self) -> str:
        return f"<automl.Study {self.name!r}: {self.state}, {len(self.trials)} trials>"

    @property
    def name(self) -> str:
        """Of the study."""
        return str(self._source.head()["name"])

    @property
    def state(self) -> str:
        """RUNNING, DRAINING, PAUSED, DONE or STOPPED."""
        return str(self._source.head()["state"])

    @property
    def trials(self) -> list[TrialRecord]:
        """All trials, by number."""
        return [_record(row) for row in self._source.trials()]

    @property
    def best_trial(self) -> TrialRecord:
        """The best of the complete trials: those that were confirmed on more folds first, then by value, then by number.

        Raises AutomlError while none is complete, and with several objectives, of which ``automl best`` has the front.
        """
        head = self._source.head()
        if head["objectives"] > 1:
            raise AutomlError(f"{head['name']} has {head['objectives']} objectives, and no trial is best in all: see automl best")
        done = [row for row in self._source.trials() if row["state"] == "COMPLETE" and row["value"] is not None]
        if not done:
            raise AutomlError(f"no trial of {head['name']} is complete")
        sign = -1 if head["goal"] == "maximize" else 1
        return _record(min(done, key=lambda row: (-row["fold"], sign * row["value"], row["number"])))

    @property
    def best_params(self) -> dict[str, Any]:
        """Of the best trial."""
        return self.best_trial.params

    @property
    def best_value(self) -> float:
        """Of the best trial: the mean (or what else the objective says) over its folds."""
        value = self.best_trial.value
        assert value is not None  # best_trial has one
        return value

    def decisions(self, trial: int | None = None) -> list[Row]:
        """What was decided, in order, of one trial or all: seq, trial (None: the study), what, reason, rung, threshold, time, value,
        attempt."""
        return [row for row in self._source.decisions() if trial is None or row["trial"] == trial]

    def trials_dataframe(self) -> pd.DataFrame:
        """One row a trial, with Optuna's columns (number, value, datetime_start, datetime_complete, duration, params_*, state), then
        std, epochs, seconds, best_epoch, fold, epoch, origin, reason. Of several objectives ``value`` is the first; all are in
        curves_dataframe."""
        pd = _pandas()
        rows = self._source.trials()
        names = list(dict.fromkeys(name for row in rows for name in row["params"]))
        frame = pd.DataFrame(
            {
                "number": [row["number"] for row in rows],
                "value": pd.Series([row["value"] for row in rows], dtype="float64"),
                "datetime_start": _times([row["started"] for row in rows]),
                "datetime_complete": _times([row["ended"] for row in rows]),
            }
        )
        frame["duration"] = frame["datetime_complete"] - frame["datetime_start"]
        for name in sorted(names):
            frame[f"params_{name}"] = [row["params"].get(name) for row in rows]
        for name in ("state", "std", "epochs", "seconds", "best_epoch", "fold", "epoch", "origin", "reason"):
            frame[name] = [row[name] for row in rows]
        frame[["std", "seconds"]] = frame[["std", "seconds"]].astype("float64")  # JSON has whole numbers, too
        return frame

    def folds_dataframe(self) -> pd.DataFrame:
        """One row a fold of a trial: trial, fold, value (at the trial's best epoch), epochs trained."""
        return _frame(self._source.folds(), ["trial", "fold", "value", "epochs"])

    def curves_dataframe(self) -> pd.DataFrame:
        """One row a metric, fold and epoch: trial, fold, epoch, metric, value, time."""
        frame = _frame(self._source.curves(), ["trial", "fold", "epoch", "metric", "value", "time"])
        frame["time"] = _times(list(frame["time"]))
        return frame


def load_study(
    name: str,
    *,
    data_dir: str | os.PathLike[str] = ".automl",
    server: str | None = None,
    token: str | None = None,
    ca_file: str | os.PathLike[str] | None = None,
) -> Study:
    """Opens a study, by name or id, to read: from the database in ``data_dir``, whether or not a daemon writes it, or with
    ``server``, the URL of a daemon, over HTTP, with its token (or the variable AUTOML_TOKEN) and, where it has an authority of its
    own, that as ``ca_file``. Raises AutomlError where there is none.
    """
    if server is None:
        return Study(Database(name, data_dir))
    if not server.startswith(("http://", "https://")):
        raise AutomlError(f"server is {server!r}, and must be a URL, as in http://127.0.0.1:8080; automl daemon says its own")
    token = token or os.environ.get("AUTOML_TOKEN", "")
    if not token:
        raise AutomlError(f"{server} wants a token: token=, or the variable AUTOML_TOKEN; daemon.json in its data directory has it")
    return Study(Server(name, server, token.strip(), ca_file))


def _record(row: Row) -> TrialRecord:
    return TrialRecord(
        row["number"],
        row["state"],
        row["value"],
        row["std"],
        row["params"],
        _time(row["started"]),
        _time(row["ended"]),
        row["reason"],
    )


def _time(text: str | None) -> datetime | None:
    """A time of the record, in UTC, to the microsecond."""
    if not text:
        return None
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}+00:00")


def _times(texts: list[str | None]) -> Any:
    pd = _pandas()
    return pd.Series(pd.to_datetime([_time(text) for text in texts], utc=True))


def _frame(rows: list[Row], columns: list[str]) -> pd.DataFrame:
    pd = _pandas()
    frame = pd.DataFrame(rows, columns=columns)
    if "value" in columns:
        frame["value"] = frame["value"].astype("float64")
    return frame


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise AutomlError("data frames need pandas: pip install 'automl[notebook]'; trials and decisions() do without") from error
    return pandas
