"""One trial of AutoMLSearchCV: ``python -m automl._cross_validation FOLDER`` fits an estimator to one fold."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cloudpickle
import numpy
from sklearn.base import clone, is_classifier

from ._trial import Trial, trial

METRIC = "score"


@dataclass
class Task:
    """What all trials of a search have in common."""

    estimator: Any
    scorer: Any
    X: Any
    y: Any
    rows: dict[str, Any]
    """How ``Trial.split`` is to deal the rows."""
    labels: dict[str, dict[Any, Any]] = field(default_factory=dict)
    """By parameter, the choices that a sweep file cannot hold, by the text that stands for each there."""

    def save(self, folder: Path) -> None:
        """Also of what a notebook has defined."""
        (folder / "task.pickle").write_bytes(cloudpickle.dumps(self))

    @staticmethod
    def load(folder: Path) -> Task:
        """That was saved in the folder."""
        task = pickle.loads((folder / "task.pickle").read_bytes())
        assert isinstance(task, Task)
        return task

    def values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The estimator's parameters that those of a trial stand for."""
        return {name: self.labels.get(name, {}).get(value, value) for name, value in params.items()}

    def model(self, params: Mapping[str, Any]) -> Any:
        """An estimator with these parameters that has seen nothing yet."""
        return clone(self.estimator).set_params(**{name: clone(value, safe=False) for name, value in self.values(params).items()})

    def fit(self, model: Any, rows: list[int], epochs: int) -> None:
        """Fits it to rows; of several epochs, one pass over them."""
        X, y = take(self.X, rows), take(self.y, rows)
        if epochs == 1:
            model.fit(X, y)
        elif is_classifier(model):
            model.partial_fit(X, y, classes=numpy.unique(self.y))
        else:
            model.partial_fit(X, y)


def take(values: Any, rows: list[int]) -> Any:
    """Rows of a frame, an array, a sparse matrix or a list; of None, None."""
    if values is None:
        return None
    if hasattr(values, "iloc"):
        return values.iloc[rows]
    return values[rows] if hasattr(values, "shape") else [values[row] for row in rows]


def seed(current: Trial, epoch: int) -> None:
    """What an estimator draws whose random_state is None: the same after a pause."""
    numpy.random.seed([current.seed % 2**32, current.fold, epoch])


def train(task: Task, current: Trial) -> None:
    """The folder's trial."""
    model = task.model(current.params)
    train, valid = current.split(**task.rows)
    holder = [model]

    def load(folder: Path) -> None:
        holder[0] = pickle.loads((folder / "estimator.pickle").read_bytes())

    start = current.resume(load)
    model = holder[0]
    for epoch in range(start + 1, current.epochs + 1):
        seed(current, epoch)
        task.fit(model, train, current.epochs)
        current.report(epoch=epoch, **{METRIC: task.scorer(model, take(task.X, valid), *given(take(task.y, valid)))})
        if current.epochs > 1:
            current.checkpoint(lambda folder: (folder / "estimator.pickle").write_bytes(cloudpickle.dumps(model)))
        if current.should_prune():
            break


def given(y: Any) -> list[Any]:
    """The labels for a scorer, which wants none where there are none."""
    return [] if y is None else [y]


if __name__ == "__main__":
    from automl import _cross_validation as module  # the Task that was saved is of this module, not of __main__

    module.train(module.Task.load(Path(sys.argv[1])), trial())
