"""A plain TensorFlow loop as the trainer of a study: a small network tells benign from malignant tumours.

    automl run configs/tensorflow.yaml
    python configs/tensorflow/train.py

By hand every parameter has its default.
"""

import csv
import gzip
from pathlib import Path

import numpy
import tensorflow as tf

import automl
from automl.tensorflow import State

TABLE = Path(__file__).parents[1] / "tabular" / "breast_cancer.csv.gz"  # with its origin and licence


def tumours() -> tuple[numpy.ndarray, numpy.ndarray]:
    """The measurements of each, and whether it was malignant."""
    with gzip.open(TABLE, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    x = numpy.array([[float(value) for name, value in row.items() if name != "target"] for row in rows], "float32")
    return x, numpy.array([row["target"] == "malignant" for row in rows], "float32")


def network(x: numpy.ndarray, hidden: int, dropout: float) -> tf.keras.Model:
    """Measurements, standardised as those of x are, to the logit of a malignant one."""
    scale = tf.keras.layers.Normalization()
    scale.adapt(x)
    layers = [tf.keras.layers.Dense(hidden, "relu"), tf.keras.layers.Dropout(dropout), tf.keras.layers.Dense(1)]
    return tf.keras.Sequential([tf.keras.Input((x.shape[1],)), scale, *layers])


def main() -> None:
    trial = automl.trial(objective={"metric": "val_accuracy", "goal": "maximize"}, folds=3, epochs=4)
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    hidden = trial.suggest_int("hidden", 4, 128, log=True)
    dropout = trial.suggest_float("dropout", 0, 0.5)
    batch_size = trial.suggest_ordinal("batch_size", [16, 32, 64])

    tf.keras.utils.set_random_seed(trial.seed * 1000 + trial.fold)
    x, y = tumours()
    train, valid = trial.split(y.astype(int))
    model, optimizer = network(x[train], hidden, dropout), tf.keras.optimizers.Adam(lr)

    @tf.function
    def step(rows: tf.Tensor, labels: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            loss = tf.nn.sigmoid_cross_entropy_with_logits(labels, model(rows, training=True)[:, 0])
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    state = State(model=model, optimizer=optimizer)
    start = trial.resume(state.load)
    for epoch in range(start + 1, trial.epochs + 1):
        shuffled = tf.data.Dataset.from_tensor_slices((x[train], y[train])).shuffle(len(train), seed=trial.seed + epoch)
        for rows, labels in shuffled.batch(batch_size, drop_remainder=True):
            step(rows, labels)
        scores = model(x[valid], training=False)[:, 0]
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y[valid], scores))
        trial.report(epoch=epoch, val_loss=loss, val_accuracy=numpy.mean((scores.numpy() > 0) == (y[valid] > 0)))
        trial.checkpoint(state.save)
        if trial.should_prune():
            break


if __name__ == "__main__":
    main()
