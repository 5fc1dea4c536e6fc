"""The Keras callback and freeze schedules on Keras models, on the back end that KERAS_BACKEND names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .installed import load

load("keras")

import keras  # noqa: E402
import numpy  # noqa: E402

from automl import AutomlError, FreezeSchedule, blocks_of, freeze  # noqa: E402
from automl.keras import AutomlCallback  # noqa: E402

from .steps import Steps  # noqa: E402

GRADUAL = FreezeSchedule("gradual", depth=0.5, unfreeze_every=1, layer_decay=0.5, head_lr_factor=2)


def build() -> Any:
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.layers.Input((6, 6, 1)),
            keras.layers.Conv2D(4, 3, name="stem"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Conv2D(4, 3, activation="relu", name="body"),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5, name="drop"),
            keras.layers.Dense(2, activation="softmax", name="top"),
        ]
    )


def rows() -> tuple[Any, Any]:
    draw = numpy.random.default_rng(5)
    x = draw.normal(size=(40, 6, 6, 1)).astype("float32")
    return x, (x.mean(axis=(1, 2, 3)) > 0).astype("int64")


def fit(trial: Steps, schedule: FreezeSchedule | None = GRADUAL, **more: Any) -> Any:
    model = build()
    rate = keras.optimizers.schedules.ExponentialDecay(1e-2, 5, 0.9)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = rows()
    callbacks = [*more.pop("callbacks", []), AutomlCallback(trial, freeze=schedule)]
    model.fit(x, y, batch_size=8, validation_data=(x, y), epochs=trial.epochs, verbose=0, callbacks=callbacks, **more)
    return model


@pytest.mark.parametrize("schedule", [GRADUAL, None])
def test_goes_on_to_the_same_bits(tmp_path: Path, schedule: FreezeSchedule | None) -> None:
    through = Steps(tmp_path / "a", 0, 4, 4)
    model = fit(through, schedule)
    assert [epoch for epoch, _ in through.told] == [1, 2, 3, 4]
    assert {"loss", "val_loss", "accuracy", "val_accuracy"} <= through.told[0][1].keys()
    first = Steps(tmp_path / "b", 0, 2, 4)
    fit(first, schedule)
    numpy.random.rand(7)  # another process has drawn other numbers
    second = Steps(tmp_path / "b", 2, 4, 4)
    again = fit(second, schedule)
    assert first.told + second.told == through.told
    for mine, theirs in zip(again.get_weights(), model.get_weights(), strict=True):
        assert numpy.array_equal(mine, theirs)
    assert float(again.optimizer.iterations) == 20


def test_only_what_trains_changes() -> None:
    model = build()
    schedule = FreezeSchedule("gradual", depth=1)
    model.compile(freeze(model, schedule, 1).optimizer(keras.optimizers.Adam(1e-2)), "sparse_categorical_crossentropy")
    x, y = rows()
    for epoch, want in enumerate([{"top"}, {"body", "top"}, {"stem", "norm", "body", "top"}], 1):
        frozen = freeze(model, schedule, epoch)
        assert [block.name for block in frozen.blocks] == ["stem", "body", "head"]
        assert frozen.trainable == sum(numpy.prod(v.shape) for v in model.trainable_variables)
        before = {layer.name: layer.get_weights() for layer in model.layers}
        model.fit(x, y, batch_size=8, verbose=0)
        after = {layer.name: layer.get_weights() for layer in model.layers}
        changed = {n for n in before if any(not numpy.array_equal(a, b) for a, b in zip(before[n], after[n], strict=True))}
        assert changed - {"drop"} == want
    assert model.get_layer("drop").rate == 0.5


def test_frozen_dropout_is_off() -> None:
    model = build()
    names = ["stem", ["norm", "body", "drop"], "top"]
    freeze(model, FreezeSchedule("head_only"), 1, blocks=names)
    x, _ = rows()
    assert numpy.array_equal(*(keras.ops.convert_to_numpy(model(x, training=True)) for _ in range(2)))
    freeze(model, FreezeSchedule("full"), 2, blocks=names)
    assert model.get_layer("drop").rate == 0.5
    assert not numpy.array_equal(*(keras.ops.convert_to_numpy(model(x, training=True)) for _ in range(2)))


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW"])
def test_blocks_have_their_rates(kind: str) -> None:
    x, y = rows()
    steps: dict[float, Any] = {}
    for decay in (1.0, 0.25):
        model = build()
        start = {layer.name: layer.get_weights() for layer in model.layers}
        schedule = FreezeSchedule("full", layer_decay=decay)
        optimizer = getattr(keras.optimizers, kind)(1e-3, weight_decay=0.1)
        model.compile(freeze(model, schedule, 1).optimizer(optimizer), "sparse_categorical_crossentropy")
        keras.utils.set_random_seed(2)
        model.fit(x, y, batch_size=40, shuffle=False, verbose=0)
        steps[decay] = {name: model.get_layer(name).get_weights()[0] - start[name][0] for name in ("stem", "body", "top")}
    for name, factor in (("stem", 0.0625), ("body", 0.25), ("top", 1.0)):
        assert numpy.allclose(steps[0.25][name], factor * steps[1.0][name], rtol=2e-3, atol=1e-7), name


def test_what_was_fixed_stays_fixed() -> None:
    model = build()
    model.get_layer("body").trainable = False
    frozen = freeze(model, FreezeSchedule("full"), 1)
    assert not model.get_layer("body").trainable and model.get_layer("stem").trainable
    assert frozen.trainable == sum(numpy.prod(v.shape) for v in model.trainable_variables)


def test_early_stopping_ends_the_fold(tmp_path: Path) -> None:
    trial = Steps(tmp_path / "a", 0, 9, 9)
    stop = keras.callbacks.EarlyStopping("loss", patience=1, mode="max")
    fit(trial, None, callbacks=[stop])
    assert trial.lasts == [trial.told[-1][0]] and trial.lasts[0] < 9


@pytest.mark.parametrize(
    ("name", "count", "bottom", "second"),
    [
        ("EfficientNetB0", 9, "stem", "block1"),
        ("ResNet50", 6, "conv1", "conv2"),
        ("MobileNetV2", 18, "conv1", "block_1"),
        ("VGG16", 6, "block1", "block2"),
        ("DenseNet121", 6, "conv1", "conv2"),
        ("ConvNeXtTiny", 6, "stem", "stage_0"),
        ("MobileNetV3Small", 12, "stem", "expanded_conv_1"),
        ("Xception", 15, "block1", "block2"),
    ],
)
def test_blocks_of_known_models(name: str, count: int, bottom: str, second: str) -> None:
    base = getattr(keras.applications, name)(weights=None, input_shape=(72, 72, 3), include_top=False)
    inputs = keras.Input((72, 72, 3))
    features = keras.layers.GlobalAveragePooling2D()(base(inputs))
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Dense(8)(features)))
    blocks = blocks_of(model)
    assert [blocks[0].name, blocks[1].name, blocks[-1].name, len(blocks)] == [bottom, second, "head", count]
    assert blocks[-1].size == sum(numpy.prod(v.shape) for layer in model.layers[-2:] for v in layer.trainable_variables)
    assert sum(block.size for block in blocks) == sum(numpy.prod(v.shape) for v in model.trainable_variables)


def test_blocks_of_a_known_model_with_its_head() -> None:
    model = keras.applications.EfficientNetB0(weights=None, input_shape=(64, 64, 3), classes=4)
    blocks = blocks_of(model)
    assert [block.name for block in blocks] == ["stem", *(f"block{i}" for i in range(1, 8)), "head"]
    assert blocks[-1].size == 1280 * 4 + 4


def dense(names: list[str], inputs: Any, below: Any | None = None) -> Any:
    """A model of dense layers with these names."""
    x = inputs if below is None else below
    for name in names:
        x = keras.layers.Dense(4, name=name)(x)
    return keras.Model(inputs, x)


def test_blocks_of_models_beside_each_other_and_on_each_other() -> None:
    words = keras.Input((3,), dtype="int32")
    first = keras.layers.Embedding(9, 4, name="words")(words)
    text = dense(["transformer_layer_0", "transformer_layer_1"], words, keras.layers.Flatten(name="flat")(first))
    image = dense(["conv1_x", *(f"block{i}_x" for i in range(1, 5))], keras.Input((4,)))
    inputs = [keras.Input((3,), dtype="int32"), keras.Input((4,))]
    both = keras.layers.Concatenate()([text(inputs[0]), image(inputs[1])])
    blocks = blocks_of(keras.Model(inputs, keras.layers.Dense(2, name="out")(both)))
    found = {block.name: [layer.name for layer in block.layers if layer.weights] for block in blocks}
    assert found == {
        "conv1": ["words", "conv1_x"],
        "block1": ["block1_x"],
        "block2": ["transformer_layer_0", "block2_x"],
        "block3": ["block3_x"],
        "block4": ["transformer_layer_1", "block4_x"],
        "head": ["out"],
    }
    x = keras.Input((4,))
    upper = dense(["stage1_x", "stage2_x"], keras.Input((4,)))
    blocks = blocks_of(keras.Model(x, keras.layers.Dense(2)(upper(image(x)))))
    assert [block.name for block in blocks] == ["conv1", "block1", "block2", "block3", "block4", "stage1", "stage2", "head"]


def test_blocks_of_an_encoder_below_a_decoder() -> None:
    inputs = keras.Input((3,), dtype="int32")
    x = keras.layers.Dense(4, name="transformer_encoder_layer_0")(keras.layers.Embedding(9, 4, name="words")(inputs))
    places = keras.layers.Embedding(9, 4, name="places")(inputs)
    x = keras.layers.Add()([keras.layers.Dense(4, name="transformer_encoder_layer_1")(x), places])
    x = keras.layers.Dense(4, name="transformer_decoder_layer_0")(x)
    blocks = blocks_of(keras.Model(inputs, keras.layers.Dense(2, name="out")(x)))
    assert [block.name for block in blocks] == [
        "stem",
        *(f"transformer_{n}" for n in ("encoder_layer_0", "encoder_layer_1", "decoder_layer_0")),
        "head",
    ]
    assert {layer.name for layer in blocks[0].layers if layer.weights} == {"words", "places"}


def test_names_that_keras_gives_are_no_stages() -> None:
    layers = [keras.layers.Conv2D(2, 1, name=name) for name in ("conv1d", "conv2d", "conv2d_1", "conv3d_2")]
    blocks = blocks_of(keras.Sequential([keras.layers.Input((4, 4, 1)), *layers, keras.layers.Flatten(), keras.layers.Dense(2)]))
    assert [block.name for block in blocks] == ["conv1d", "conv2d", "conv2d_1", "conv3d_2", "head"]


class Stack(keras.layers.Layer):  # type: ignore[misc]
    """Blocks within a layer, as KerasHub's ViT has them."""

    def __init__(self) -> None:
        super().__init__(name="stack")
        self.blocks = [keras.layers.Dense(4, name=f"transformer_block_{i}") for i in (1, 2)]
        self.drop, self.norm = keras.layers.Dropout(0.5), keras.layers.LayerNormalization(name="ln")

    def build(self, shape: Any) -> None:
        for layer in (*self.blocks, self.norm):
            layer.build(shape)

    def call(self, x: Any) -> Any:
        x = self.drop(x)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


def test_blocks_within_a_layer() -> None:
    model = keras.Sequential(
        [keras.layers.Input((4,)), keras.layers.Dense(4, name="patches"), Stack(), keras.layers.Dense(2, name="out")]
    )
    frozen = freeze(model, FreezeSchedule("partial", depth=0.3), 1)
    assert [block.name for block in frozen.blocks] == ["stem", "transformer_block_1", "transformer_block_2", "head"]
    assert {v.path.split("/")[-2] for v in model.trainable_variables} == {"transformer_block_2", "ln", "out"}
    assert model.layers[1].drop.rate == 0


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(AutomlError, match="has no layer 'neck'; at its top are stem, norm"):
        freeze(build(), FreezeSchedule(), 1, blocks=["stem", "neck", "top"])
    with pytest.raises(AutomlError, match="no block has the weight"):
        freeze(build(), FreezeSchedule(), 1, blocks=["stem", "top"])
    with pytest.raises(AutomlError, match="not built"):
        freeze(keras.Sequential([keras.layers.Dense(1)]), FreezeSchedule(), 1)
    with pytest.raises(AutomlError, match="lora is not there for Keras"):
        freeze(build(), FreezeSchedule("lora"), 1)
    model = build()
    optimizer = keras.optimizers.Adam()
    frozen = freeze(model, FreezeSchedule("head_only"), 1)
    optimizer.build(model.trainable_variables)
    with pytest.raises(AutomlError, match="was built when blocks were frozen"):
        frozen.optimizer(optimizer)
