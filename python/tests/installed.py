"""Which frameworks are there; a test that needs one skips without it."""

from __future__ import annotations

import importlib.util
import os
import sys

import pytest


def need(name: str) -> None:
    """Skips the test where a framework is not installed, without loading it: the scripts that the program starts do that."""
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed: ./check frameworks_more has it")


def load(name: str) -> None:
    """Skips the whole file where a framework is not installed, or where it would meet one that it does not bear."""
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed: ./check frameworks_more has it", allow_module_level=True)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    tensorflow = name == "tensorflow" or (name == "keras" and os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow")
    other = "torch" if tensorflow else "tensorflow"
    if other in sys.modules:
        pytest.skip(f"{other} is loaded, which {name} does not bear: run this file alone", allow_module_level=True)
