"""The ready sweeps of configs/ for Keras, TensorFlow, fastai and Lightning, to their end: minutes (./check frameworks_more)."""

from __future__ import annotations

from .conftest import Site
from .installed import need
from .sweeps import finish, params


def test_keras(site: Site) -> None:
    need("keras")
    study = finish(site, "keras")
    assert study.best_value > 0.95
    assert all("freeze.strategy" in trial for trial in params(site))


def test_lightning(site: Site) -> None:
    need("lightning")
    assert finish(site, "lightning").best_value > 0.9


def test_tensorflow(site: Site) -> None:
    need("tensorflow")
    assert finish(site, "tensorflow").best_value > 0.9


def test_fastai(site: Site) -> None:
    need("fastai")
    assert finish(site, "fastai").best_value > 0.9
