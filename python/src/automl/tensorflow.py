"""TensorFlow: the state of a training loop of one's own, so that a trial that was paused goes on where it was."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy
import tensorflow as tf

from ._errors import AutomlError
from .keras import seeds

__all__ = ["State"]

NAME, RANDOM = "state", "random.json"


class State:
    """What a training loop has to keep: models, optimizers, variables and generators by name, as ``tf.train.Checkpoint`` takes them.

        state = State(model=model, optimizer=optimizer)
        start = trial.resume(state.load)
        ...
        trial.checkpoint(state.save)

    The global generator of tf.random and those of Python and NumPy are kept besides. Operations that draw from the seed of the
    process (tf.random.uniform, Dataset.shuffle without a seed) have no state that could be kept: draw from a tf.random.Generator, or
    give them a seed made of the epoch.
    """

    def __init__(self, **parts: Any) -> None:
        for name, part in parts.items():
            if not isinstance(part, tf.__internal__.tracking.Trackable):
                raise AutomlError(f"State: {name} is a {type(part).__name__}, which tf.train.Checkpoint cannot keep")
        self._parts = parts

    def save(self, folder: Path) -> None:
        """Writes the state into a folder."""
        self._build()
        self._checkpoint().write(str(folder / NAME))
        drawn: Any = numpy.random.get_state()
        kind, keys, position, gauss, cached = drawn
        state = {"python": random.getstate(), "numpy": [kind, keys.tolist(), position, gauss, cached]}
        (folder / RANDOM).write_text(json.dumps(state), encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Takes over the state that ``save`` wrote. Raises AutomlError where it is of other parts."""
        self._build()
        try:
            self._checkpoint().read(str(folder / NAME)).assert_consumed()
        except AssertionError as error:
            raise AutomlError(f"the checkpoint has not the parts {', '.join(self._parts)} as they are built here: {error}") from error
        state = json.loads((folder / RANDOM).read_text(encoding="utf-8"))
        version, keys, gauss = state["python"]
        random.setstate((version, tuple(keys), gauss))
        kind, keys, position, gauss, cached = state["numpy"]
        numpy.random.set_state((kind, numpy.array(keys, "uint32"), position, gauss, cached))

    def _checkpoint(self) -> Any:
        models = [part for part in self._parts.values() if isinstance(part, tf.keras.Model)]
        drawn = [state.value for model in models for state in seeds(model)]
        return tf.train.Checkpoint(**self._parts, automl_generator=tf.random.get_global_generator(), automl_seeds=drawn)

    def _build(self) -> None:
        """Optimizers make their variables with the first step; a checkpoint wants them before."""
        models = [part for part in self._parts.values() if isinstance(part, tf.Module) or hasattr(part, "trainable_variables")]
        for name, part in self._parts.items():
            if not getattr(part, "built", True) and hasattr(part, "apply_gradients"):
                variables = [variable for model in models for variable in model.trainable_variables]
                part.build(variables)
            elif not getattr(part, "built", True):
                raise AutomlError(f"State: {name} is not built yet; call it on a batch first")
