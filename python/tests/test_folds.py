"""The folds are those of the Go side, which wrote data/folds.json (trial/python_test.go)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from automl import FoldPlan, FoldsError
from automl._folds import keys_of, quantile_keys, sort_names

CASES = json.loads((Path(__file__).parent / "data" / "folds.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['plan']['split']}-{case['plan']['k']}-{case['plan']['seed']}")
def test_folds_are_those_of_the_go_side(case: dict[str, Any]) -> None:
    plan, keys = FoldPlan(**case["plan"]), case["keys"]
    assert plan.manifest_hash(keys) == case["hash"]
    for fold, held in enumerate(case["folds"]):
        train, valid = plan.fold(keys, fold)
        assert valid == (held or [])
        assert sorted(train + valid) == list(range(len(keys)))


@pytest.mark.parametrize(
    ("values", "keys"),
    [
        (["b", "a"], ["b", "a"]),
        ([3, 1], ["3", "1"]),
        ([2.0, 1.0], ["2", "1"]),
        ([True, False], ["true", "false"]),
        ([[1, 0], [0, 1]], ["10", "01"]),
        ([0.5, 3.0], ["0", "5"]),
        ([3, 0.5], ["5", "0"]),
        ([[3], [1]], ["3", "1"]),
        ([[0.5], [3.0]], ["0", "5"]),
    ],
)
def test_keys(values: list[Any], keys: list[str]) -> None:
    assert keys_of(values, "y") == keys


def test_keys_of_an_array() -> None:
    numpy = pytest.importorskip("numpy")
    assert keys_of(numpy.array([3, 1]), "y") == ["3", "1"]
    assert keys_of([numpy.int64(3), numpy.int64(1)], "y") == ["3", "1"]
    assert keys_of(numpy.array([[True, False]]), "y") == ["10"]
    assert keys_of([numpy.array([1, 0]), numpy.array([0, 1])], "y") == ["10", "01"]
    assert keys_of([numpy.float32(0.5), numpy.float32(3)], "y") == ["0", "5"]
    assert keys_of(numpy.array([[7], [9]]), "groups") == ["7", "9"]


def test_keys_of_a_frame() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"kind": ["b", "a", "b"], "toxic": [0, 1, 1], "rude": [1, 1, 0]})
    assert keys_of(frame["kind"], "y") == keys_of(frame[["kind"]], "y") == ["b", "a", "b"]
    assert keys_of(frame[["toxic", "rude"]], "y") == ["01", "11", "10"]


def test_quantile_keys_are_those_of_the_go_side() -> None:
    # what runner/finetune/data makes of the same numbers: 20 rows, two each tenth, and ties that share the key of their first
    assert quantile_keys([float(i) for i in range(20)]) == [str(i // 2) for i in range(20)]
    assert quantile_keys([1.0, 1.0, 1.0, 2.0]) == ["0", "0", "0", "7"]


def test_sort_names() -> None:
    assert sort_names({"10", "9", "01", "1"}) == ["01", "1", "9", "10"]
    assert sort_names({"b", "10", "9"}) == ["10", "9", "b"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: FoldPlan(5, "plain", 1).draw([""] * 4), "4 rows cannot be cut into 5 folds"),
        (lambda: FoldPlan(3, "group", 1).draw(["a", "b"] * 9), "2 groups cannot be cut into 3 folds"),
        (lambda: FoldPlan(3, "fixed", 1).draw(["a", "b"]), "2 folds are named, but k is 3"),
        (lambda: FoldPlan(3, "stratify", 1), "folds.split is 'stratify', none of stratified, plain, group, fixed"),
        (lambda: FoldPlan(0, "plain", 1), "folds.k is 0, which is at least 1"),
        (lambda: FoldPlan(3, "plain", -1), "the seed -1, from 0"),
        (lambda: keys_of([], "y"), "y is empty"),
        (lambda: keys_of("label", "y"), "y is the str 'label', which has not a value for each row"),
        (lambda: keys_of({"label": [1, 2]}, "y"), "y is the dict"),
        (lambda: keys_of([["news", "sport"], ["news"]], "y"), r"row 0 of y is \['news', 'sport'\]; a row of labels has a mark"),
        (lambda: keys_of([[1, 2], [3, 4]], "groups"), "row 0 of groups"),
        (lambda: keys_of(["a", {}], "y"), "row 1 of y"),
        (lambda: keys_of([0.5, float("nan")], "y"), "row 1 of y is not a number"),
    ],
)
def test_what_cannot_be_is_said(call: Any, words: str) -> None:
    with pytest.raises(FoldsError, match=words):
        call()
