"""PyTorch: the state of a training loop, so that a trial that was paused goes on to the same bits."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import torch

from ._errors import AutomlError

__all__ = ["State"]

FILE = "state.pt"


class State:
    """What a training loop has to keep: models, optimizers, schedulers, samplers, by name, and all random generators.

        state = State(model=model, optimizer=optimizer, scheduler=scheduler)
        start = trial.resume(state.load)
        ...
        trial.checkpoint(state.save)

    Each has ``state_dict`` and ``load_state_dict``; a ``torch.Generator`` is kept, too. The generators of Python, NumPy (where it
    is loaded), torch and its GPUs are kept besides, so that shuffling and dropout go on where they were. Nothing is unpickled
    but tensors and plain values.
    """

    def __init__(self, **parts: Any) -> None:
        for name, part in parts.items():
            if not isinstance(part, torch.Generator) and not (hasattr(part, "state_dict") and hasattr(part, "load_state_dict")):
                raise AutomlError(f"State: {name} is a {type(part).__name__}, which has no state_dict and load_state_dict")
        self._parts = parts

    def save(self, folder: Path) -> None:
        """Writes the state into a folder."""
        parts = {
            name: part.get_state() if isinstance(part, torch.Generator) else part.state_dict() for name, part in self._parts.items()
        }
        torch.save({"parts": parts, "random": random_state()}, folder / FILE)

    def load(self, folder: Path) -> None:
        """Takes over the state that ``save`` wrote. Raises AutomlError where it is of other parts."""
        kept = torch.load(folder / FILE, map_location="cpu", weights_only=True)
        if kept["parts"].keys() != self._parts.keys():
            raise AutomlError(f"the checkpoint has {', '.join(kept['parts'])}, the script wants {', '.join(self._parts)}")
        for name, part in self._parts.items():
            if isinstance(part, torch.Generator):
                part.set_state(kept["parts"][name])
            else:
                part.load_state_dict(kept["parts"][name])
        set_random_state(kept["random"])


def random_state() -> dict[str, Any]:
    """Of the generators of Python, torch, its GPUs, and NumPy where it is loaded: tensors and plain values."""
    state: dict[str, Any] = {"python": random.getstate(), "torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state_all()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        kind, keys, position, gauss, cached = numpy.random.get_state()
        state["numpy"] = (kind, keys.tolist(), position, gauss, cached)
    return state


def set_random_state(state: dict[str, Any]) -> None:
    """Puts the generators where ``random_state`` found them."""
    random.setstate(state["python"])
    torch.set_rng_state(state["torch"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])
    if "numpy" in state:
        import numpy

        kind, keys, position, gauss, cached = state["numpy"]
        numpy.random.set_state((kind, numpy.array(keys, dtype="uint32"), position, gauss, cached))
