"""Where a study is read from: the database file, while a daemon may write it, or a daemon over HTTP.

Both give rows as dicts with the columns of the database's views, times as ISO 8601 text and what is not finite as None.
"""

from __future__ import annotations

import json
import math
import os
import re
import sqlite3
import ssl
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Protocol

from ._errors import AutomlError

Row = dict[str, Any]

OLDEST = (3, 37)
"""The first SQLite that reads the tables of a record (STRICT)."""


class Source(Protocol):
    """One study. Every call reads what is recorded at that moment."""

    def head(self) -> Row:
        """name, id, state, metric, goal, objectives."""

    def trials(self) -> list[Row]:
        """number, state, value, std, params, started, ended, epochs, seconds, reason, best_epoch, fold, epoch, bracket, origin."""

    def folds(self) -> list[Row]:
        """trial, fold, value, epochs."""

    def curves(self) -> list[Row]:
        """trial, fold, epoch, metric, value, time."""

    def decisions(self) -> list[Row]:
        """seq, trial (None: the study), what, reason, rung, threshold, time, value, attempt."""


class Database:
    """The record in a data directory. Each read is a transaction of its own, so that the daemon is never held up."""

    def __init__(self, study: str, data_dir: str | os.PathLike[str]) -> None:
        self._path = Path(data_dir).resolve() / "automl.db"
        if not self._path.is_file():
            raise AutomlError(
                f"there is no study in {data_dir}: data_dir is the folder that automl run --data-dir names, by default .automl"
            )
        if sqlite3.sqlite_version_info < OLDEST:
            raise AutomlError(f"SQLite {sqlite3.sqlite_version} of this Python is older than 3.37: read from a daemon, with server=")
        found = self._rows("SELECT study, id, state FROM studies_v WHERE study = ? OR id = ?", study, study)
        if not found:
            names = ", ".join(row["study"] for row in self._rows("SELECT study FROM studies_v"))
            raise AutomlError(f"there is no study {study!r} in {data_dir}; there are: {names or 'none'}")
        self._name = found[0]["study"]

    def _rows(self, sql: str, *values: Any) -> list[Row]:
        uri = f"file:{urllib.parse.quote(str(self._path))}?mode=ro"
        try:
            connection = sqlite3.connect(uri, uri=True, timeout=10)
            try:
                connection.row_factory = sqlite3.Row
                return [dict(row) for row in connection.execute(sql, values)]
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise AutomlError(f"read {self._path}: {error}") from error

    def head(self) -> Row:
        row = self._rows("SELECT study AS name, id, state, metric, goal, document FROM studies_v WHERE study = ?", self._name)[0]
        objective = json.loads(row.pop("document"))["objective"]
        return row | {"objectives": len(objective) if isinstance(objective, list) else 1}

    def trials(self) -> list[Row]:
        rows = self._rows(
            "SELECT number, state, value, std, params, started, ended, epochs + extra_epochs AS epochs, seconds, reason, best_epoch, "
            "fold, epoch, bracket, origin FROM trials_v WHERE study = ? ORDER BY number",
            self._name,
        )
        return [row | {"params": json.loads(row["params"] or "{}")} for row in rows]

    def folds(self) -> list[Row]:
        return self._rows("SELECT trial, fold, value, epochs FROM folds_v WHERE study = ? ORDER BY trial, fold", self._name)

    def curves(self) -> list[Row]:
        return self._rows(
            "SELECT trial, fold, epoch, metric, value, time FROM curves_v WHERE study = ? ORDER BY trial, fold, epoch, metric",
            self._name,
        )

    def decisions(self) -> list[Row]:
        return self._rows(
            "SELECT seq, trial, what, reason, rung, threshold, time, value, attempt FROM decisions_v WHERE study = ? ORDER BY seq",
            self._name,
        )


def _refusal(error: urllib.error.HTTPError) -> str:
    """What an answer with an error says, for a person."""
    body = error.read()
    try:
        problem = json.loads(body)
        return f"{problem.get('detail', error.reason)} {problem.get('hint', '')}".strip()
    except (ValueError, AttributeError):  # not of the API
        if b"HTTPS server" in body:
            return "the daemon speaks TLS: https:// in its URL, and ca_file=, ca.pem in its data directory"
        return str(error.reason)


PAGE = 1000
"""Trials and events of a request."""


class Server:
    """A daemon, over its HTTP API."""

    def __init__(self, study: str, url: str, token: str, ca_file: str | os.PathLike[str] | None) -> None:
        self._base, self._token = url.rstrip("/"), token
        try:
            self._trust = ssl.create_default_context(cafile=ca_file) if url.startswith("https:") else None
        except OSError as error:
            raise AutomlError(f"ca_file {os.fspath(ca_file or '')!r} holds no certificate of an authority: {error}") from error
        entries = self._get("/api/v1/studies")[0]
        found = [entry for entry in entries if study in (entry["name"], entry["id"])]
        if not found:
            names = ", ".join(entry["name"] for entry in entries)
            raise AutomlError(f"there is no study {study!r} at {url}; there are: {names or 'none'}")
        self._id: str = found[0]["id"]

    def _get(self, path: str) -> tuple[Any, str]:
        """The answer to a request, and the path of the next page, empty where there is none."""
        request = urllib.request.Request(self._base + path, headers={"Authorization": f"Bearer {self._token}"})
        try:
            with urllib.request.urlopen(request, timeout=60, context=self._trust) as answer:
                link = re.match(r"<([^>]*)>", answer.headers.get("Link") or "")
                return json.load(answer), link[1] if link else ""
        except urllib.error.HTTPError as error:
            raise AutomlError(f"{self._base}: {error.code}: {_refusal(error)}") from error
        except (OSError, ValueError) as error:
            hint = ""
            if isinstance(getattr(error, "reason", None), ssl.SSLCertVerificationError):
                hint = "; ca_file= names the authority of its certificate, ca.pem in the daemon's data directory"
            raise AutomlError(f"{self._base}{path} does not answer: {error}{hint}") from error

    def head(self) -> Row:
        entry = next((e for e in self._get("/api/v1/studies")[0] if e["id"] == self._id), None)
        if entry is None:
            raise AutomlError(f"the study {self._id} was deleted")
        objective = entry["objective"]
        return {
            "name": entry["name"],
            "id": entry["id"],
            "state": entry["state"],
            "metric": objective["metric"],
            "goal": objective["goal"],
            "objectives": 1 + len(entry.get("others") or []),
        }

    def _trials(self) -> list[Row]:
        path, out = f"/api/v1/studies/{self._id}/trials?limit={PAGE}", []
        while path:
            page, path = self._get(path)
            out += page
        return out

    def _events(self) -> list[Row]:
        out: list[Row] = []
        while True:
            after = out[-1]["seq"] if out else 0
            page = self._get(f"/api/v1/studies/{self._id}/record?after={after}&limit={PAGE}")[0]["events"] or []
            out += page
            if len(page) < PAGE:
                return out

    def trials(self) -> list[Row]:
        started: dict[int, str] = {}
        ended: dict[int, str] = {}
        for event in self._events():
            decision = event.get("decision") or {}
            if decision.get("what") == "started":
                started.setdefault(decision["trial"], event["time"])
            elif decision.get("what") in ("completed", "pruned", "failed"):
                ended[decision["trial"]] = event["time"]
        return [
            {
                "number": t["trial"],
                "state": t["state"],
                "value": t["value"],
                "std": None if t["value"] is None else t["std"],
                "params": t["params"],
                "started": started.get(t["trial"]),
                "ended": ended.get(t["trial"]),
                "epochs": t["epochs"],
                "seconds": t["seconds"],
                "reason": t["reason"],
                "best_epoch": t.get("best_epoch"),
                "fold": t["done"]["fold"],
                "epoch": t["done"]["epoch"],
                "bracket": t["bracket"],
                "origin": t["origin"],
            }
            for t in self._trials()
        ]

    def folds(self) -> list[Row]:
        metric = self.head()["metric"]
        values = {(t["trial"], f["fold"]): f["value"] for t in self._trials() for f in t.get("folds") or []}
        reached: dict[tuple[int, int], int] = {}
        for row in self.curves():
            if row["metric"] == metric:
                key = (row["trial"], row["fold"])
                reached[key] = max(reached.get(key, 0), row["epoch"])
        return [
            {"trial": trial, "fold": fold, "value": values.get((trial, fold)), "epochs": epochs}
            for (trial, fold), epochs in sorted(reached.items())
        ]

    def curves(self) -> list[Row]:
        rows: dict[tuple[int, int, int, str], Row] = {}
        for event in self._events():
            report = event.get("report") or {}
            for metric, value in report.get("metrics", {}).items():
                key = (report["trial"], report["fold"], report["epoch"], metric)
                if key not in rows:  # the first value of a point stands
                    rows[key] = dict(zip(("trial", "fold", "epoch", "metric"), key, strict=True)) | {
                        "value": _finite(value),
                        "time": event["time"],
                    }
        return [rows[key] for key in sorted(rows)]

    def decisions(self) -> list[Row]:
        out = []
        for event in self._events():
            d = event.get("decision")
            if d is None:
                continue
            at = d["at"]
            out.append(
                {
                    "seq": event["seq"],
                    "trial": None if d["trial"] < 0 else d["trial"],
                    "what": d["what"],
                    "reason": d.get("reason", ""),
                    "rung": f"fold {at['fold']} epoch {at['epoch']}" if at["fold"] + at["epoch"] > 0 else None,
                    "threshold": d.get("threshold"),
                    "time": event["time"],
                    "value": d.get("value"),
                    "attempt": d.get("attempt", 0),
                }
            )
        return out


def _finite(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and math.isfinite(value) else None
