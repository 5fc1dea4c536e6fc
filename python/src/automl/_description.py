"""A script that is asked for its parameters: it runs until its training would begin, and ends there."""

from __future__ import annotations

import atexit
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from ._errors import ParameterError
from ._trial import Alone, Load, Save, Trial, rank

DESCRIBE = "AUTOML_DESCRIBE"
"""Names the file that the description is written to."""


class Description(Alone):
    """Collects what the script says of itself; every parameter has its default."""

    def __init__(self, sweep: Mapping[str, Any], path: str) -> None:
        super().__init__(sweep)
        try:
            json.dumps(sweep)
        except (TypeError, ValueError) as error:
            raise ParameterError(f"automl.trial: a sweep holds texts, numbers, booleans, lists and dictionaries: {error}") from error
        self._told: dict[str, Any] = {"sweep": dict(sweep), "parameters": {}, "split": ""}
        self._path = path
        atexit.register(self._write)

    def _declare(self, name: str, spec: dict[str, Any]) -> None:
        known = self._told["parameters"].setdefault(name, spec)
        if known != spec:
            raise ParameterError(f"parameter {name} stands twice: {known}, and {spec}")

    def _split(self, split: str, keys: list[str]) -> tuple[list[int], list[int]]:
        self._told["split"] = split
        return super()._split(split, keys)

    def _write(self) -> None:
        if rank() != 0:
            return
        made = Path(self._path + ".part")
        made.write_text(json.dumps(self._told), encoding="utf-8")
        os.replace(made, self._path)

    def _end(self) -> NoReturn:
        raise SystemExit(0)

    @property
    def checkpoint_in(self) -> Path | None:
        self._end()

    def resume(self, load: Load) -> int:
        self._end()

    def _report(self, epoch: int, metrics: dict[str, float], cost: float | None, last: bool) -> str:
        self._end()

    def checkpoint(self, save: Save) -> bool:
        self._end()

    def progress(self, step: int, steps: int) -> None:
        self._end()


def current(sweep: Mapping[str, Any]) -> Trial | None:
    """A description, if one is asked for."""
    path = os.environ.get(DESCRIBE)
    return Description(sweep, path) if path else None
