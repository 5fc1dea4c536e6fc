"""The ready sweeps of configs/ whose frameworks are installed, to their end: minutes (./check frameworks)."""

from __future__ import annotations

import pytest

from .conftest import REPO, Site
from .sweeps import finish, params


def test_pytorch(site: Site) -> None:
    pytest.importorskip("torch")
    study = finish(site, "pytorch")
    assert study.best_value > 0.97
    assert all("freeze.strategy" in trial for trial in params(site))


def test_transformers(site: Site) -> None:
    pytest.importorskip("transformers")
    study = finish(site, "transformers")
    assert study.best_value > 0.3  # a guess is right in one of 12
    assert {trial["freeze.strategy"] for trial in params(site)} == {"full", "gradual", "partial"}


def test_minilm(site: Site) -> None:
    pytest.importorskip("peft")
    if not (REPO.parent / "shared" / "data" / "minilm" / "model.safetensors").exists():
        pytest.skip("../shared/data/minilm is not there")
    study = finish(site, "minilm")
    assert study.best_value > 0.7  # a guess is right in one of 15
    assert "lora" in {trial["freeze.strategy"] for trial in params(site)}
