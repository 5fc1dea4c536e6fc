"""A loop that goes on from a State goes on to the same bits."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
numpy = pytest.importorskip("numpy")

from automl import AutomlError  # noqa: E402
from automl.pytorch import State  # noqa: E402


def build() -> dict[str, Any]:
    torch.manual_seed(1)
    random.seed(1)
    numpy.random.seed(1)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4)
    return {"model": model, "optimizer": optimizer, "scheduler": scheduler, "order": torch.Generator().manual_seed(3)}


def epoch(parts: dict[str, Any]) -> list[float]:
    """One epoch over shuffled rows, with noise from every generator; the losses."""
    rows = torch.utils.data.TensorDataset(torch.arange(48.0).reshape(12, 4) / 48, torch.arange(12) % 2)
    losses = []
    for x, y in torch.utils.data.DataLoader(rows, batch_size=4, shuffle=True, generator=parts["order"]):
        x = x + 0.01 * torch.randn_like(x) + 0.01 * random.random() + 0.01 * float(numpy.random.rand())
        parts["optimizer"].zero_grad()
        loss = torch.nn.functional.cross_entropy(parts["model"](x), y)
        loss.backward()
        parts["optimizer"].step()
        losses.append(loss.item())
    parts["scheduler"].step()
    return losses


def test_resumes_to_the_same_bits(tmp_path: Path) -> None:
    through = build()
    straight = [epoch(through) for _ in range(4)]

    first = build()
    assert [epoch(first) for _ in range(2)] == straight[:2]
    State(**first).save(tmp_path)

    second = build()
    torch.rand(7)  # another process draws other numbers first
    random.random()
    State(**second).load(tmp_path)
    assert [epoch(second) for _ in range(2)] == straight[2:]
    for name, value in through["model"].state_dict().items():
        assert torch.equal(value, second["model"].state_dict()[name]), name


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    parts = build()
    State(model=parts["model"]).save(tmp_path)
    with pytest.raises(AutomlError, match="the checkpoint has model, the script wants model, optimizer"):
        State(model=parts["model"], optimizer=parts["optimizer"]).load(tmp_path)
    with pytest.raises(AutomlError, match="epoch is a int, which has no state_dict"):
        State(epoch=3)
