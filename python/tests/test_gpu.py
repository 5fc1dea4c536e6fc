"""What holds a trial to its share of a GPU. No machine with one is at hand: torch is a stand-in that notes what it is told."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from automl._gpu import hold_to


def stand_in(told: list[Any], *, build: str | None = "12.8", lazy: bool = True, there: bool = True) -> SimpleNamespace:
    cuda = SimpleNamespace(
        device_count=lambda: 2,
        is_available=lambda: there,
        set_per_process_memory_fraction=lambda share, device: told.append((share, device)),
    )
    if lazy:
        cuda._lazy_call = told.append
    return SimpleNamespace(cuda=cuda, version=SimpleNamespace(cuda=build, hip=None))


def test_a_share_is_a_limit_from_the_first_use_on(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setitem(sys.modules, "torch", stand_in(told))
    assert hold_to(0.25)
    (later,) = told  # nothing has happened: CUDA is not in use yet
    told.clear()
    later()
    assert told == [(0.25, 0), (0.25, 1)]


def test_without_lazy_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    for there, want in ((True, [(0.5, 0), (0.5, 1)]), (False, [])):
        told: list[Any] = []
        monkeypatch.setitem(sys.modules, "torch", stand_in(told, lazy=False, there=there))
        assert hold_to(0.5) and told == want


def test_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setitem(sys.modules, "torch", stand_in(told))
    assert hold_to(0) and hold_to(1)
    monkeypatch.setitem(sys.modules, "torch", stand_in(told, build=None))
    assert hold_to(0.5) and told == []
    monkeypatch.delitem(sys.modules, "torch")
    assert not hold_to(0.5)  # asked again when torch is there
