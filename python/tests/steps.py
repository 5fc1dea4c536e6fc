"""A trial that a test steps through: it keeps what is reported and the last checkpoint, without a runner."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from automl._trial import Alone, Load, Save


class Steps(Alone):
    """Trains the epochs after ``start`` up to ``end`` of ``epochs``; the checkpoint lies in a folder."""

    def __init__(self, folder: Path, start: int, end: int, epochs: int, **sweep: Any) -> None:
        super().__init__({"epochs": epochs, "folds": 3, "seed": 3, **sweep})
        self.start, self.end, self.folder = start, end, folder
        self.told: list[tuple[int, dict[str, float]]] = []
        self.lasts: list[int] = []

    @property
    def checkpoint_in(self) -> Path | None:
        return self.folder if self.start else None

    def resume(self, load: Load) -> int:
        if self.start:
            load(self.folder)
        return self.start

    def _report(self, epoch: int, metrics: dict[str, float], cost: float | None, last: bool) -> str:
        self.told.append((epoch, metrics))
        if last:
            self.lasts.append(epoch)
        return "continue"

    def checkpoint(self, save: Save) -> bool:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        save(self.folder)
        return True
