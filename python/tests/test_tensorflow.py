"""A TensorFlow loop that goes on from a State goes on to the same bits."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from .installed import load

load("tensorflow")

import numpy  # noqa: E402
import tensorflow as tf  # noqa: E402

from automl import AutomlError  # noqa: E402
from automl.tensorflow import State  # noqa: E402


class Net(tf.Module):  # type: ignore[misc]
    """Without Keras."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = tf.Variable(tf.random.stateless_normal((4, 2), (1, 2)))
        self.bias = tf.Variable(tf.zeros(2))

    def __call__(self, x: Any, training: bool = True) -> Any:
        return x @ self.weight + self.bias


def build(kind: str) -> dict[str, Any]:
    tf.keras.utils.set_random_seed(1)
    model: Any = Net()
    if kind == "keras":
        layers = tf.keras.layers
        model = tf.keras.Sequential(
            [layers.Input((4,)), layers.Dense(8), layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(2)]
        )
    return {"model": model, "optimizer": tf.keras.optimizers.AdamW(0.05), "noise": tf.random.Generator.from_seed(3)}


def epoch(parts: dict[str, Any], number: int) -> list[float]:
    """One epoch over shuffled rows, with noise from every generator; the losses."""
    x = tf.reshape(tf.range(48, dtype=tf.float32), (12, 4)) / 48
    rows = tf.data.Dataset.from_tensor_slices((x, tf.range(12) % 2)).shuffle(12, seed=number).batch(4)
    model, losses = parts["model"], []
    for images, labels in rows:
        noise = parts["noise"].normal(images.shape) + tf.random.get_global_generator().normal(images.shape)
        images = images + 0.01 * noise + 0.01 * random.random() + 0.01 * float(numpy.random.rand())
        with tf.GradientTape() as tape:
            scores = model(images, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores))
        variables = model.trainable_variables
        parts["optimizer"].apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        losses.append(float(loss))
    return losses


@pytest.mark.parametrize("kind", ["keras", "module"])
def test_goes_on_to_the_same_bits(tmp_path: Path, kind: str) -> None:
    tf.random.set_global_generator(tf.random.Generator.from_seed(5))
    through = build(kind)
    straight = [epoch(through, number) for number in range(4)]

    tf.random.set_global_generator(tf.random.Generator.from_seed(5))
    first = build(kind)
    assert [epoch(first, number) for number in (0, 1)] == straight[:2]
    State(**first).save(tmp_path)

    tf.random.set_global_generator(tf.random.Generator.from_seed(6))  # another process has other ones
    second = build(kind)
    State(**second).load(tmp_path)
    assert [epoch(second, number) for number in (2, 3)] == straight[2:]
    for one, other in zip(through["model"].variables, second["model"].variables, strict=True):
        assert numpy.array_equal(one.numpy(), other.numpy())


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    parts = build("keras")
    State(model=parts["model"]).save(tmp_path)
    with pytest.raises(AutomlError, match="the checkpoint has not the parts model as they are built here"):
        State(model=build("module")["model"]).load(tmp_path)
    with pytest.raises(AutomlError, match="epoch is a int"):
        State(epoch=3)
    with pytest.raises(AutomlError, match="model is not built yet"):
        State(model=tf.keras.Sequential([tf.keras.layers.Dense(1)])).save(tmp_path)
