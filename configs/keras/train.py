"""Keras as the trainer of a study: a ResNet-8, pretrained on CIFAR-10, learns handwritten digits.

    automl run configs/keras.yaml
    python configs/keras/train.py

By hand every parameter has its default.
"""

import csv
import gzip
from pathlib import Path

import keras
import numpy
from keras import layers
from safetensors.numpy import load_file

import automl
from automl.keras import AutomlCallback

QUICKSTART = Path(__file__).parents[1] / "quickstart"  # weights and data, with their origin and licence
BLOCKS = ["stem", "layer1", "layer2", "layer3", "fc"]


class Stage(layers.Layer):
    """Two convolutions and the way around them."""

    def __init__(self, inside: int, outside: int, stride: int, **names: str) -> None:
        super().__init__(**names)
        self.conv1, self.bn1 = layers.Conv2D(outside, 3, stride, padding="same"), layers.BatchNormalization()
        self.conv2, self.bn2 = layers.Conv2D(outside, 3, padding="same"), layers.BatchNormalization()
        self.downsample = None if stride == 1 else layers.Conv2D(outside, 1, stride)

    def call(self, x, training=None):
        y = keras.ops.relu(self.bn1(self.conv1(x), training=training))
        y = self.bn2(self.conv2(y), training=training)
        return keras.ops.relu(y + (x if self.downsample is None else self.downsample(x)))


def pretrained() -> keras.Model:
    """The network of the quick start, with a fresh head: pixels (rows, height, width, 3), from 0 to 255, to ten scores."""
    stem = keras.Sequential([layers.Conv2D(16, 3, padding="same"), layers.BatchNormalization(), layers.ReLU()], name="stem")
    stages = [Stage(16, 16, 1, name="layer1"), Stage(16, 32, 2, name="layer2"), Stage(32, 64, 2, name="layer3")]
    model = keras.Sequential([keras.Input((16, 16, 3)), stem, *stages, layers.GlobalAveragePooling2D(), layers.Dense(10, name="fc")])
    kept = load_file(QUICKSTART / "resnet8" / "model.safetensors")
    fill(stem.layers[0], kept, "conv1")
    fill(stem.layers[1], kept, "bn1")
    for stage in stages:
        for part in ("conv1", "bn1", "conv2", "bn2"):
            fill(getattr(stage, part), kept, f"{stage.name}.0.{part}")
        if stage.downsample is not None:
            fill(stage.downsample, kept, f"{stage.name}.0.downsample.0")
    return model


def fill(layer: layers.Layer, kept: dict[str, numpy.ndarray], name: str) -> None:
    """Gives a layer its weights, which lie as PyTorch has them."""
    values = [kept[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var") if f"{name}.{part}" in kept]
    layer.set_weights([value.transpose(2, 3, 1, 0) if value.ndim == 4 else value for value in values])


def digits() -> tuple[numpy.ndarray, numpy.ndarray]:
    """The images, 16 x 16 in three equal channels, and what they show."""
    with gzip.open(QUICKSTART / "digits" / "digits.csv.gz", "rt", encoding="utf-8") as file:
        table = numpy.array(list(csv.reader(file))[1:], "float32")
    images = table[:, :64].reshape(-1, 8, 8, 1) * (255 / 16)
    return images.repeat(2, 1).repeat(2, 2).repeat(3, 3), table[:, 64].astype("int64")


def main() -> None:
    trial = automl.trial(objective={"metric": "val_accuracy", "goal": "maximize"}, folds=3, epochs=4)
    lr = trial.suggest_float("lr", 1e-5, 3e-2, log=True, default=1e-3)
    weight_decay = trial.suggest_float("weight_decay", 1e-5, 1e-1, log=True)
    batch_size = trial.suggest_ordinal("batch_size", [16, 32, 64])
    schedule = trial.suggest_freeze()

    keras.utils.set_random_seed(trial.seed * 1000 + trial.fold)
    images, labels = digits()
    train, valid = trial.split(labels)

    model = pretrained()
    model.compile(
        keras.optimizers.AdamW(lr, weight_decay=weight_decay),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(
        images[train],
        labels[train],
        batch_size=batch_size,
        epochs=trial.epochs,
        validation_data=(images[valid], labels[valid]),
        callbacks=[AutomlCallback(trial, freeze=schedule, blocks=BLOCKS)],
        verbose=0,
    )


if __name__ == "__main__":
    main()
