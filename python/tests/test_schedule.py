"""Freeze schedules are those of the Go side, which wrote data/schedules.json (trial/python_test.go)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from automl import FreezeSchedule, ParameterError

CASES = json.loads((Path(__file__).parent / "data" / "schedules.json").read_text(encoding="utf-8"))


def test_schedules_are_those_of_the_go_side() -> None:
    assert len(CASES) > 100
    for case in CASES:
        trained, factors = case.pop("trained"), case.pop("factors")
        schedule = FreezeSchedule(**case)
        for epoch, want in enumerate(trained, 1):
            assert "".join("01"[on] for on in schedule.trained(epoch, len(factors))) == want, (schedule, epoch)
        assert schedule.lr_factors(len(factors)) == pytest.approx(factors, rel=1e-12)


def test_of_parameters() -> None:
    params = {"lr": 0.1, "freeze.strategy": "gradual", "freeze.depth": 0.5, "freeze.unfreeze_every": 2, "freeze.layer_decay": 0.4}
    assert FreezeSchedule.of(params) == FreezeSchedule("gradual", 0.5, 2, 0.4)
    assert FreezeSchedule.of({"lr": 0.1}) == FreezeSchedule()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"strategy": "half"}, "none of head_only"),
        ({"depth": 0.0}, "depth"),
        ({"unfreeze_every": 0}, "unfreeze_every"),
        ({"layer_decay": 1.5}, "layer_decay"),
        ({"head_lr_factor": 0.0}, "head_lr_factor"),
        ({"strategy": "lora", "lora_rank": 0}, "lora_rank 0"),
        ({"depth": "0.5"}, "depth is '0.5', and must be a number"),
        ({"unfreeze_every": 1.5}, r"unfreeze_every is 1\.5, and must be a whole number"),
        ({"depth": float("nan")}, "depth nan lies outside"),
    ],
)
def test_ranges(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        FreezeSchedule(**fields)
