"""scikit-learn: a search with the interface of its own searches, and a study of automl behind it."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy
from sklearn.base import is_classifier, is_regressor
from sklearn.metrics import check_scoring
from sklearn.model_selection import RandomizedSearchCV
from sklearn.utils import indexable
from sklearn.utils.multiclass import type_of_target

from ._cross_validation import METRIC, Task
from ._errors import ParameterError
from ._folds import quantile_keys
from ._program import search
from ._space import Scalar, choices_spec, float_spec, int_spec
from ._study import Study, load_study

__all__ = ["AutoMLSearchCV"]


class AutoMLSearchCV(RandomizedSearchCV):  # type: ignore[misc]
    """RandomizedSearchCV whose candidates are the trials of a study: chosen by what was seen, stopped early, several at a time.

    Args:
        estimator: What is fitted, as for RandomizedSearchCV; a Pipeline too.
        param_distributions: By the name of a parameter (``svc__C``), a list of choices, a frozen ``loguniform``, ``uniform`` or
            ``randint`` of scipy.stats, or a parameter as in a sweep file: ``{"type": "float", "low": 1e-4, "high": 1, "log": True}``.
        n_iter: How many trials.
        scoring: As for RandomizedSearchCV, but one metric alone.
        n_jobs: How many trials at a time; None and -1: as many as the runner has slots.
        refit: Whether ``best_estimator_`` is fitted to all rows.
        cv: How many folds, from 2: stratified for classifiers and by tenths of y for regressors, or of whole ``groups``. What
            deals rows otherwise cannot be passed, since every runner deals them by itself.
        epochs: Of an estimator that has ``partial_fit``, at most how many passes over the rows; trials are then compared, paused and
            stopped after each. 1: ``fit`` is called, and trials are stopped between folds alone.
        random_state: The seed of the study.
        data_dir: Where the study is kept; the same call continues an interrupted one. None: it is removed in the end.
        study_name: Of the study in data_dir; None: the name of the estimator's class.
        sweep: More keys of the sweep file: scheduler, sampler, budget, resources, ...

    After ``fit``, besides the attributes of RandomizedSearchCV: ``n_epochs_``, the passes that the best trial had when it was
    best. In ``cv_results_`` a trial that was stopped has NaN for folds it was not trained on, and for its mean.
    """

    def __init__(
        self,
        estimator: Any,
        param_distributions: Mapping[str, Any],
        *,
        n_iter: int = 30,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: bool = True,
        cv: int = 5,
        epochs: int = 1,
        random_state: int = 0,
        data_dir: str | os.PathLike[str] | None = None,
        study_name: str | None = None,
        sweep: Mapping[str, Any] | None = None,
    ) -> None:
        self.estimator = estimator
        self.param_distributions = param_distributions
        self.n_iter = n_iter
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.refit = refit
        self.cv = cv
        self.epochs = epochs
        self.random_state = random_state
        self.data_dir = data_dir
        self.study_name = study_name
        self.sweep = sweep

    def fit(self, X: Any, y: Any = None, *, groups: Any = None) -> AutoMLSearchCV:
        """Searches, and fits the best estimator to all rows.

        Raises ParameterError where an argument is none of those above, AutomlError where there is no program ``automl`` and
        where no trial was completed; the program's messages go to standard error.
        """
        self._check()
        X, y, groups = indexable(X, y, groups)
        self.scorer_, self.multimetric_, self.n_splits_ = check_scoring(self.estimator, self.scoring), False, self.cv
        parameters, labels = _space(self.param_distributions)
        split, rows = _rows(self.estimator, X, y, groups)
        task = Task(self.estimator, self.scorer_, X, y, rows, labels)
        name = self.study_name or type(self.estimator).__name__
        with _folder(self.data_dir) as data_dir:
            place = data_dir / "sklearn" / name
            place.mkdir(parents=True, exist_ok=True)
            task.save(place)
            search(self._document(name, parameters, split, place), data_dir, "AutoMLSearchCV")
            self._take(load_study(name, data_dir=data_dir), task)
        if hasattr(X, "columns"):
            self.feature_names_in_ = numpy.asarray(X.columns, dtype=object)
        if self.refit:
            self._refit(task)
        return self

    def _check(self) -> None:
        for name, least in (("cv", 2), ("n_iter", 1), ("epochs", 1), ("random_state", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, numpy.integer)) or value < least:
                raise ParameterError(f"AutoMLSearchCV: {name} is {value!r}, and must be a whole number from {least} on")
        if self.epochs > 1 and not hasattr(self.estimator, "partial_fit"):
            raise ParameterError(f"AutoMLSearchCV: {type(self.estimator).__name__} has no partial_fit, so epochs can only be 1")
        if self.scoring is not None and not isinstance(self.scoring, str) and not callable(self.scoring):
            raise ParameterError("AutoMLSearchCV: scoring takes one metric, its name or a function of estimator, X and y")
        if not isinstance(self.refit, bool):
            raise ParameterError(f"AutoMLSearchCV: refit is {self.refit!r}, and can only be True or False: the best trial is refitted")
        if self.n_jobs not in (None, -1) and not (isinstance(self.n_jobs, int) and self.n_jobs > 0):
            raise ParameterError(f"AutoMLSearchCV: n_jobs is {self.n_jobs!r}, and must be None, -1 or a whole number from 1 on")
        if not isinstance(self.param_distributions, Mapping) or not self.param_distributions:
            raise ParameterError(
                f"AutoMLSearchCV: param_distributions is {self.param_distributions!r}, and must be one dictionary by the names of "
                "parameters; what depends on another one takes when=, as in a sweep file"
            )
        unknown = [name for name in self.param_distributions if name not in self.estimator.get_params()]
        if unknown:
            there = ", ".join(sorted(self.estimator.get_params()))
            raise ParameterError(f"AutoMLSearchCV: {type(self.estimator).__name__} has no parameter {unknown[0]!r}; it has {there}")

    def _document(self, name: str, parameters: dict[str, Any], split: str, place: Path) -> dict[str, Any]:
        trainer = {
            "type": "command",
            "command": [sys.executable, "-m", "automl._cross_validation", str(place)],
            "workdir": os.getcwd(),
            "env": {"PYTHONPATH": _path()},
            "resident": True,
        }
        document: dict[str, Any] = {
            "name": name,
            "objective": {"metric": METRIC, "goal": "maximize"},
            "parameters": parameters,
            "folds": {"k": int(self.cv), "split": split},
            "epochs": int(self.epochs),
            "budget": {"trials": int(self.n_iter)},
            "seed": int(self.random_state),
            "trainer": trainer,
        }
        if self.n_jobs not in (None, -1):
            document["workers"] = int(self.n_jobs)
        return document | dict(self.sweep or {})

    def _take(self, study: Study, task: Task) -> None:
        """What the study has found."""
        trials, folds = study.trials_dataframe(), study.folds_dataframe()
        best = study.best_trial
        self.best_index_, self.best_score_, self.best_params_ = best.number, study.best_value, task.values(best.params)
        self.n_epochs_ = int(trials["best_epoch"][best.number])
        scores = folds.pivot_table(index="trial", columns="fold", values="value").reindex(
            index=trials["number"], columns=range(self.cv)
        )
        params = [task.values(record.params) for record in study.trials]
        means = scores.mean(axis=1).where(trials["state"].to_numpy() == "COMPLETE")
        results: dict[str, Any] = {f"split{fold}_test_score": scores[fold].to_numpy() for fold in range(self.cv)}
        results["mean_test_score"] = means.to_numpy()
        results["std_test_score"] = scores.std(axis=1, ddof=0).where(means.notna()).to_numpy()
        results["rank_test_score"] = means.rank(method="min", ascending=False, na_option="bottom").to_numpy().astype("int32")
        results["params"] = params
        for name in self.param_distributions:
            column: Any = numpy.ma.array([None] * len(params), mask=True, dtype=object)
            for row, values in enumerate(params):
                if name in values:
                    column[row] = values[name]
            results[f"param_{name}"] = column
        self.cv_results_ = results

    def _refit(self, task: Task) -> None:
        began = time.monotonic()
        rows = list(range(task.X.shape[0] if hasattr(task.X, "shape") else len(task.X)))
        model = task.model(self.best_params_)
        for _ in range(self.n_epochs_ if self.epochs > 1 else 1):
            task.fit(model, rows, self.epochs)
        self.best_estimator_, self.refit_time_ = model, time.monotonic() - began


@contextlib.contextmanager
def _folder(data_dir: str | os.PathLike[str] | None) -> Iterator[Path]:
    if data_dir is not None:
        yield Path(data_dir).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="automl-") as folder:
        yield Path(folder)


def _path() -> str:
    """Where a trial finds the modules that are there here."""
    return os.pathsep.join(os.path.abspath(path) for path in sys.path if os.path.isdir(path))


def _rows(estimator: Any, X: Any, y: Any, groups: Any) -> tuple[str, dict[str, Any]]:
    """folds.split of the sweep, and the arguments of Trial.split."""
    if groups is not None:
        return "group", {"groups": list(groups)}
    if y is not None and numpy.ndim(y) == 1:
        if is_classifier(estimator) and type_of_target(y) in ("binary", "multiclass"):
            return "stratified", {"y": numpy.unique(y, return_inverse=True)[1].tolist()}
        if is_regressor(estimator) or type_of_target(y).startswith("continuous"):
            return "stratified", {"y": quantile_keys(numpy.asarray(y, dtype=float).tolist())}
    return "plain", {"n": X.shape[0] if hasattr(X, "shape") else len(X)}


def _space(distributions: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, dict[Any, Any]]]:
    """The parameters of the sweep, and what the choices stand for that a sweep file cannot hold."""
    parameters: dict[str, Any] = {}
    labels: dict[str, dict[Any, Any]] = {}
    for name, given in distributions.items():
        if isinstance(given, Mapping):
            parameters[name] = dict(given)
        elif hasattr(given, "support") and hasattr(given, "dist"):
            parameters[name] = _distribution(name, given)
        elif isinstance(given, (list, tuple, numpy.ndarray)):
            choices = [choice.item() if isinstance(choice, numpy.generic) else choice for choice in given]
            shown: list[Scalar] = [choice if isinstance(choice, (str, int, float, bool)) else repr(choice) for choice in choices]
            parameters[name] = choices_spec(name, "categorical", shown)
            labels[name] = dict(zip(shown, choices, strict=True))
        else:
            raise ParameterError(f"parameter {name}: {given!r} is no list, distribution of scipy.stats or parameter of a sweep file")
    return parameters, labels


def _distribution(name: str, given: Any) -> dict[str, Any]:
    kind = given.dist.name
    low, high = given.support()
    if kind in ("loguniform", "reciprocal", "uniform"):
        return float_spec(name, float(low), float(high), None, kind != "uniform")
    if kind == "randint":
        return int_spec(name, int(low), int(high), 1, False)
    raise ParameterError(f"parameter {name}: {kind} cannot be searched; of scipy.stats loguniform, uniform and randint can")
