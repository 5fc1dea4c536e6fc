"""AutoMLSearchCV: scikit-learn's interface, the built program behind it."""
# ruff: noqa: E402

from __future__ import annotations

import os
import pickle
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import Site

for module in ("sklearn", "cloudpickle"):
    pytest.importorskip(module, reason=f"{module} is not installed: ./check python has it")

import numpy
from scipy.stats import loguniform, norm, randint, uniform
from sklearn.base import is_classifier
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import Ridge, SGDClassifier
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import automl
from automl.sklearn import AutoMLSearchCV, _rows, _space


@pytest.fixture(autouse=True)
def program(binary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOML_BINARY", str(binary))


def test_a_pipeline(site: Site) -> None:
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    space = {"svc__C": loguniform(1e-3, 1e2), "svc__kernel": ["rbf", "linear"], "svc__class_weight": [None, "balanced"]}
    search = AutoMLSearchCV(make_pipeline(StandardScaler(), SVC()), space, n_iter=12, cv=3, data_dir=site.data, study_name="svc")
    assert search.fit(X, y) is search
    assert is_classifier(search) and search.best_score_ > 0.96
    assert search.score(X, y) > 0.97 and set(search.predict(X)) == {0, 1} and list(search.classes_) == [0, 1]
    assert search.best_estimator_.get_params()["svc__C"] == search.best_params_["svc__C"]

    results = search.cv_results_
    complete = ~numpy.isnan(results["mean_test_score"])
    assert len(results["params"]) == 12 and complete.sum() >= 1 and results["rank_test_score"][search.best_index_] == 1
    folds = numpy.array([results[f"split{fold}_test_score"][search.best_index_] for fold in range(3)])
    assert folds.mean() == pytest.approx(search.best_score_) and folds.std() == pytest.approx(
        results["std_test_score"][search.best_index_]
    )
    assert {None, "balanced"} >= {params["svc__class_weight"] for params in results["params"]}
    # The value is what the estimator scores on these folds, reckoned here.
    plan = automl.FoldPlan(k=3, split="stratified", seed=0)
    rows = [plan.fold([str(label) for label in y], fold) for fold in range(3)]
    again = cross_val_score(search.best_estimator_, X, y, cv=[(numpy.array(train), numpy.array(valid)) for train, valid in rows])
    assert list(folds) == pytest.approx(list(again))

    before = search.cv_results_["mean_test_score"]
    numpy.testing.assert_array_equal(before, search.fit(X, y).cv_results_["mean_test_score"])  # the study goes on, and it is over


def test_partial_fit_is_pruned_and_resumed(site: Site) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    hyperband = {"scheduler": {"type": "hyperband", "eta": 2, "brackets": 1}}
    search = AutoMLSearchCV(
        SGDClassifier(loss="log_loss"),
        {"alpha": loguniform(1e-6, 1e2), "penalty": ["l1", "l2"]},
        n_iter=8, cv=3, epochs=4, data_dir=site.data, study_name="sgd", scoring="roc_auc", sweep=hyperband,
    ).fit(X, y)  # fmt: skip
    assert search.best_score_ > 0.97 and 1 <= search.n_epochs_ <= 4 and search.best_estimator_.t_ == 1 + search.n_epochs_ * len(X)
    what = {row["what"] for row in site.rows("SELECT what FROM decisions_v")}
    assert {"paused", "pruned"} <= what
    assert site.rows("SELECT 1 FROM decisions_v WHERE what = 'assigned' AND epoch > 0")
    assert numpy.isnan(search.cv_results_["mean_test_score"]).any()


def test_a_regressor_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    X, y = load_diabetes(return_X_y=True)
    search = AutoMLSearchCV(Ridge(), {"alpha": {"type": "float", "low": 1e-3, "high": 1e3, "log": True}}, n_iter=4, cv=2).fit(X, y)
    assert 0.3 < search.best_score_ < 0.6
    assert not os.listdir(tmp_path)
    assert pickle.loads(pickle.dumps(search)).predict(X[:3]).shape == (3,)


def test_groups_stay_together(site: Site) -> None:
    X, y = load_diabetes(return_X_y=True)
    groups = numpy.arange(len(y)) // 40
    AutoMLSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, n_iter=2, cv=3, data_dir=site.data).fit(X, y, groups=groups)
    assert automl.load_study("Ridge", data_dir=site.data).state == "DONE"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cv": 1}, "cv is 1, and must be a whole number from 2 on"),
        ({"cv": [([0], [1])]}, "must be a whole number from 2 on"),
        ({"epochs": 3}, "Ridge has no partial_fit, so epochs can only be 1"),
        ({"scoring": ["r2", "max_error"]}, "scoring takes one metric"),
        ({"param_distributions": {"alpha": 3}}, "parameter alpha: 3 is no list"),
        ({"param_distributions": {"alpha": norm(0, 1)}}, "parameter alpha: norm cannot be searched"),
        ({"param_distributions": {"alfa": [1.0]}}, "Ridge has no parameter 'alfa'; it has alpha, copy_X,"),
        ({"param_distributions": [{"alpha": [1.0]}]}, "must be one dictionary by the names of parameters"),
        ({"param_distributions": {}}, "must be one dictionary by the names of parameters"),
        ({"random_state": None}, "random_state is None, and must be a whole number from 0 on"),
        ({"n_jobs": -2}, "n_jobs is -2, and must be None, -1 or"),
        ({"refit": "r2"}, "refit is 'r2', and can only be True or False"),
        ({"sweep": {"schedular": "fifo"}}, 'automl run ended with exit status 2: .*did you mean "scheduler"?'),
        ({"sweep": {"budget": numpy}}, "a sweep holds texts, numbers, booleans, lists and dictionaries"),
    ],
)
def test_a_wrong_argument_is_told(arguments: dict[str, Any], message: str) -> None:
    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(automl.AutomlError, match=re.compile(message.replace("?", r"\?"), re.DOTALL)):
        AutoMLSearchCV(Ridge(), **({"param_distributions": {"alpha": [1.0]}} | arguments)).fit(X, y)


def test_a_program_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = load_diabetes(return_X_y=True)
    search = AutoMLSearchCV(Ridge(), {"alpha": [1.0]})
    monkeypatch.setenv("AUTOML_BINARY", "/nowhere/automl")
    with pytest.raises(
        automl.AutomlError, match="runs the program automl, and AUTOML_BINARY names '/nowhere/automl', which is no program"
    ):
        search.fit(X, y)
    monkeypatch.delenv("AUTOML_BINARY")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(automl.AutomlError, match="runs the program automl, and it is not on PATH"):
        search.fit(X, y)


INTERRUPTED = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run in the background, which ignores it
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from automl.sklearn import AutoMLSearchCV
X, y = load_diabetes(return_X_y=True)
AutoMLSearchCV(Ridge(), {"alpha": {"type": "float", "low": 1, "high": 2}}, n_iter=10000, data_dir="data").fit(X, y)
"""


def test_an_interrupted_search_ends_the_program_and_keeps_the_study(site: Site) -> None:
    command = [sys.executable, str(site.write("search.py", INTERRUPTED))]
    env = site.env | {"AUTOML_BINARY": str(site.binary)}
    with subprocess.Popen(command, cwd=site.root, env=env, stderr=subprocess.PIPE, text=True) as search:
        assert search.stderr is not None
        for line in search.stderr:
            if "trial 0" in line:
                search.send_signal(signal.SIGINT)  # to it alone, not to the program
                break
        assert "KeyboardInterrupt" in search.stderr.read()
    assert not (site.data / "daemon.json").exists()  # the program has ended, in order
    assert automl.load_study("Ridge", data_dir=site.data).trials


def test_whole_numbers_of_a_regressor_are_dealt_by_tenths() -> None:
    split, rows = _rows(Ridge(), numpy.zeros((20, 1)), numpy.arange(20.0), None)
    assert split == "stratified" and rows["y"] == [str(i // 2) for i in range(20)]


def test_distributions_are_parameters() -> None:
    parameters, labels = _space({"a": uniform(1, 2), "b": randint(3, 9), "c": numpy.array([1, 2]), "d": [(10,), (10, 5)]})
    assert parameters == {
        "a": {"type": "float", "low": 1.0, "high": 3.0},
        "b": {"type": "int", "low": 3, "high": 8},
        "c": {"type": "categorical", "choices": [1, 2]},
        "d": {"type": "categorical", "choices": ["(10,)", "(10, 5)"]},
    }
    assert labels["d"] == {"(10,)": (10,), "(10, 5)": (10, 5)}
