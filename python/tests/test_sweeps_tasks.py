"""The ready sweeps of configs/ for tasks of their own, all with PyTorch, to their end: minutes (./check frameworks)."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .conftest import REPO, Site
from .sweeps import finish, params

torch = pytest.importorskip("torch")


def test_image_classification(site: Site) -> None:
    pytest.importorskip("transformers")
    study = finish(site, "image-classification")
    assert study.best_value > 0.75  # a ViT that could read 0 to 4 reads 5 to 9
    assert all("freeze.strategy" in trial for trial in params(site))


def test_language_model(site: Site) -> None:
    pytest.importorskip("transformers")
    study = finish(site, "language-model")
    assert study.best_value < 15  # 20 before
    assert {trial["freeze.strategy"] for trial in params(site)} <= {"full", "gradual", "partial"}


def test_object_detection(site: Site) -> None:
    pytest.importorskip("safetensors")
    study = finish(site, "object-detection")
    assert study.best_value > 0.5
    assert all("freeze.strategy" in trial and "box_weight" in trial for trial in params(site))


def test_multimodal(site: Site) -> None:
    pytest.importorskip("safetensors")
    study = finish(site, "multimodal")
    assert study.best_value > 0.75  # the question alone tells 0.6, the image alone less
    assert all("image_freeze.strategy" in trial for trial in params(site))


def test_federated(site: Site) -> None:
    pytest.importorskip("safetensors")
    study = finish(site, "federated")
    assert study.best_value > 0.8
    sent = {row["value"] for row in site.rows("SELECT value FROM curves_v WHERE metric = 'sent_mb'")}
    assert len(sent) > 1  # what is frozen is not sent


MEASURED = """
import torch
from measure import iou, mean_average_precision, suppress

def boxes(*rows): return torch.tensor(rows, dtype=torch.float32).reshape(-1, 4)
def whole(*numbers): return torch.tensor(numbers, dtype=torch.long)

a, b, c = [0, 0, 10, 10], [20, 0, 30, 10], [0, 20, 10, 30]
assert torch.allclose(iou(boxes(a), boxes(a, [5, 0, 15, 10], b)), torch.tensor([[1, 1 / 3, 0]]))
near = [1, 0, 11, 10]
assert suppress(boxes(a, near, b), torch.tensor([0.5, 0.9, 0.1]), whole(0, 0, 0)).tolist() == [1, 2]
assert suppress(boxes(a, near, b), torch.tensor([0.5, 0.9, 0.1]), whole(0, 1, 0)).tolist() == [1, 0, 2]

there = [(boxes(a, b), whole(0, 0)), (boxes(c), whole(1))]
def value(*found):
    return mean_average_precision([(boxes(*f[0]), torch.tensor(f[1]), whole(*f[2])) for f in found], there, 3)
perfect = ([a, b], [0.9, 0.8], [0, 0]), ([c], [0.7], [1])
assert value(*perfect) == 1
assert value(([], [], []), ([], [], [])) == 0
assert value(([a, b], [0.9, 0.8], [1, 1]), ([c], [0.7], [0])) == 0  # right places, wrong kinds
# Of kind 0: right, wrong (a again), right: 1/2 * 1 + 1/2 * 2/3; of kind 1 all. A kind that is nowhere does not count.
assert abs(value(([a, near, b], [0.9, 0.8, 0.7], [0, 0, 0]), ([c], [0.7], [1])) - (0.5 + 0.5 * 2 / 3 + 1) / 2) < 1e-9
# The wrong one comes last: it costs nothing. A kind that is told where none is counts against it.
assert value(([a, b, c], [0.9, 0.8, 0.1], [0, 0, 0]), ([c, a], [0.7, 0.9], [1, 1])) == (1 + 0.5) / 2
"""


def test_map_is_what_it_says() -> None:
    """mAP@50 of the detection sweep, by cases that can be reckoned by hand."""
    folder = REPO / "configs" / "object-detection"
    done = subprocess.run([sys.executable, "-c", MEASURED], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
