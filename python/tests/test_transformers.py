"""A Trainer of Transformers under the real program, with a small BERT: paused or killed it goes on to the same numbers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import automl
from automl import AutomlError, FoldsError

from .conftest import REPO, Site
from .sweeps import check

transformers = pytest.importorskip("transformers")
pytest.importorskip("torch")
pytest.importorskip("accelerate")

import automl.transformers as at  # noqa: E402

BERT = REPO / "runner" / "finetune" / "model" / "testdata" / "bert"
READY = "a resident process is ready"
VOCABULARY = json.loads((BERT / "config.json").read_text(encoding="utf-8"))["vocab_size"]

DATA = f"""
import random
draw = random.Random(1)
rows = [{{"input_ids": [draw.randrange(3, {VOCABULARY}) for _ in range(5)], "label": i % 3}} for i in range(36)]
for row in rows:
    row["input_ids"][0] = 3 + row["label"]
"""

SCRIPT = """
import os, pathlib, signal
import numpy, torch
import transformers
from transformers import AutoModelForSequenceClassification, Trainer, TrainingArguments
import automl.transformers
from data import rows

class Crash(transformers.TrainerCallback):
    def on_save(self, args, state, control, **kwargs):
        crash = pathlib.Path(os.environ.get("CRASH", "nowhere"))
        if round(state.epoch) == 2 and automl.trial().number == 0 and crash.exists():
            crash.unlink()
            os.kill(os.getpid(), signal.SIGKILL)

torch.set_num_threads(1)
args = TrainingArguments("out", num_train_epochs=9, report_to="none", disable_tqdm=True, logging_strategy="epoch", use_cpu=True)
args = automl.transformers.arguments(args)
torch.manual_seed(args.seed)
model = AutoModelForSequenceClassification.from_pretrained("bert", num_labels=3, hidden_dropout_prob=0.1, ignore_mismatched_sizes=True)
train, valid = automl.transformers.split(rows, "label")
def metrics(evaluated):
    return {"accuracy": float((evaluated[0].argmax(-1) == evaluated[1]).mean())}
trainer = Trainer(
    automl.transformers.adapt(model), args, train_dataset=train, eval_dataset=valid, compute_metrics=metrics,
    callbacks=[automl.transformers.AutomlCallback(), Crash()],
)
automl.transformers.train(trainer)
"""

SWEEP = """
name: mine
objective: {objective}
parameters:
  learning_rate: {{type: float, low: 1e-4, high: 1e-2, log: true}}
  per_device_train_batch_size: {{type: ordinal, choices: [4, 8]}}
  warmup_ratio: {{type: float, low: 0, high: 0.3}}
  lr_scheduler_type: cosine
  train_sampling_strategy: {order}
  freeze: {{type: freeze, strategies: [{strategy}]}}
folds: {{k: 2, split: stratified, race: false}}
epochs: 3
budget: {{trials: 2}}
sampler: random
scheduler: fifo
trainer: {{type: command, command: [python3, train.py], resident: true, env: {env}}}
"""


def place(site: Site, script: str = SCRIPT) -> None:
    """What the script reads, beside it."""
    (site.root / "bert").symlink_to(BERT)
    site.write("data.py", DATA)
    site.write("train.py", script)


def curves(site: Site, sweep: str) -> list[dict[str, Any]]:
    """What the study has on record in the end."""
    site.run("run", str(site.write("sweep.yaml", sweep)))
    return site.rows("SELECT trial, fold, epoch, metric, value FROM curves_v ORDER BY 1, 2, 3, 4")


@pytest.mark.parametrize(("strategy", "order"), [("gradual", "random"), ("lora", "group_by_length")])
def test_a_killed_trainer_goes_on_to_the_same_numbers(site: Site, strategy: str, order: str) -> None:
    if strategy == "lora":
        pytest.importorskip("peft")
    place(site)
    sweep = {"objective": "{metric: eval_accuracy, goal: maximize}", "strategy": strategy, "order": order}
    calm = curves(site, SWEEP.format(**sweep, env="{}"))
    assert len(calm) == 2 * 2 * 3 * 2 and {row["metric"] for row in calm} == {"eval_accuracy", "eval_loss"}

    site.data = site.root / "again"
    crash = site.write("crash", "")
    assert curves(site, SWEEP.format(**sweep, env=f"{{CRASH: {crash}}}")) == calm
    assert site.rows("SELECT * FROM decisions_v WHERE what = 'retried' AND failure = 'signal'")
    assert site.rows("SELECT sum(extra_epochs) AS n FROM trials_v")[0]["n"] == 0  # it went on after epoch 2


def test_a_resident_trainer_has_the_losses_of_a_cold_one(site: Site) -> None:
    place(site)
    sweep = SWEEP.format(objective="{metric: eval_loss, goal: minimize}", strategy="full, gradual", order="random", env="{}")
    resident = curves(site, sweep)
    assert READY in (site.data / "runner.log").read_text()
    site.data = site.root / "cold"
    assert curves(site, sweep.replace("resident: true", "resident: false")) == resident
    assert READY not in (site.data / "runner.log").read_text()
    assert len({row["value"] for row in resident}) > 10


def test_the_diff_of_the_documentation(site: Site) -> None:
    text = (REPO / "docs" / "python.md").read_text(encoding="utf-8")
    diff = next(block for block in re.findall(r"```diff\n(.*?)```", text, re.S) if "Trainer" in block).splitlines()
    added = [line for line in diff if line.startswith("+")]
    assert 0 < len([line for line in diff if line.startswith("-")]) <= len(added) <= 5  # a changed line is one of each
    before, after = ("\n".join(line[1:] for line in diff if not line.startswith(sign)) for sign in "+-")
    place(site, before)
    assert site.script(site.root / "train.py").returncode == 0

    site.write("train.py", after)
    ordinary = site.script(site.root / "train.py")
    assert ordinary.returncode == 0 and "epoch 3: eval_loss=" in ordinary.stdout, ordinary.stderr
    tuned = site.script(site.root / "train.py", AUTOML_PARAMS='{"learning_rate": 0.01, "num_train_epochs": 1}')
    assert "epoch 1: eval_loss=" in tuned.stdout and "epoch 2" not in tuned.stdout

    sweep = SWEEP.format(objective="{metric: eval_loss, goal: minimize}", strategy="full, gradual", order="random", env="{}")
    sweep = (
        sweep.replace("trials: 2", "trials: 5")
        .replace("fifo", "{type: hyperband, eta: 2, brackets: 1}")
        .replace("epochs: 3", "epochs: 4")
    )
    site.run("run", str(site.write("sweep.yaml", sweep)))
    check(site)


SEARCH = """
from transformers import AutoModelForSequenceClassification, Trainer, TrainingArguments
import automl.transformers
from data import rows

def model_init(trial):
    assert trial is None or trial.params["learning_rate"] > 0
    return AutoModelForSequenceClassification.from_pretrained("bert", num_labels=3, ignore_mismatched_sizes=True)

def hp_space(trial):
    return {
        "learning_rate": trial.suggest_float("learning_rate", 1e-5, 1e-2, log=True),
        "per_device_train_batch_size": trial.suggest_categorical("per_device_train_batch_size", [4, 8]),
    }

args = TrainingArguments("out", num_train_epochs=3, report_to="none", disable_tqdm=True, use_cpu=True)
trainer = Trainer(args=args, model_init=model_init, train_dataset=rows[9:], eval_dataset=rows[:9])
best = automl.transformers.hyperparameter_search(
    trainer, hp_space, n_trials=3, direction="minimize", study_name="searched", data_dir="data", workers=2, trainer={"resident": True}
)
print("BEST", best.run_id, best.objective, sorted(best.hyperparameters))
"""


def test_hyperparameter_search(site: Site) -> None:
    place(site, SEARCH)
    done = site.script(site.root / "train.py", AUTOML_BINARY=str(site.binary))
    assert done.returncode == 0, done.stderr + site.logs()
    best = re.findall(r"^BEST (\d+) (\S+) (.*)$", done.stdout, re.M)
    assert len(best) == 1 and best[0][2] == "['learning_rate', 'per_device_train_batch_size']"
    trials = site.rows("SELECT * FROM trials_v")
    assert len(trials) == 3 and not any(trial["failures"] for trial in trials)
    assert min(trial["value"] for trial in trials if trial["state"] == "COMPLETE") == float(best[0][1])
    again = site.script(site.root / "train.py", AUTOML_BINARY=str(site.binary))  # n_trials is the total
    assert re.findall(r"^BEST (\d+) (\S+) (.*)$", again.stdout, re.M) == best


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    trainer = transformers.Trainer(
        model=transformers.AutoModelForSequenceClassification.from_pretrained(BERT),
        args=transformers.TrainingArguments(str(tmp_path), use_cpu=True),
    )
    with pytest.raises(AutomlError, match="model_init"):
        at.hyperparameter_search(trainer)
    trainer.model_init = lambda: trainer.model
    with pytest.raises(AutomlError, match="direction is 'up', and must be minimize or maximize"):
        at.hyperparameter_search(trainer, direction="up")
    with pytest.raises(AutomlError, match=r"direction is \['minimize', 'maximize'\], and must be .*there is one objective"):
        at.hyperparameter_search(trainer, direction=["minimize", "maximize"])  # type: ignore[arg-type]


def test_rows_are_split() -> None:
    rows = [{"label": i % 2, "text": str(i)} for i in range(20)]
    train, valid = at.split(rows, "label")
    assert (texts(train), texts(valid)) == automl.trial().split([row["label"] for row in rows])


@pytest.mark.parametrize("kind", [None, "numpy", "torch", "pandas", "arrow"])
def test_a_dataset_is_split_as_a_list(kind: str | None) -> None:
    datasets = pytest.importorskip("datasets")
    rows = [{"label": i % 2, "marks": [i % 2, i // 2 % 2], "size": i / 7, "who": f"w{i % 9}", "text": str(i)} for i in range(40)]
    data = datasets.Dataset.from_list(rows).cast_column("label", datasets.ClassLabel(names=["no", "yes"])).with_format(kind)
    for by in ({"label": "label"}, {"label": "marks"}, {"label": "size"}, {"groups": "who"}, {"fixed": "label"}, {}):
        want = at.split(rows, **by)
        assert [texts(part.with_format(None)) for part in at.split(data, **by)] == [texts(part) for part in want], by
    shuffled = data.shuffle(seed=1)
    assert texts(at.split(shuffled, "label")[0].with_format(None)) == texts(at.split(list(shuffled.with_format(None)), "label")[0])


def test_what_has_no_row_numbers_is_refused() -> None:
    datasets = pytest.importorskip("datasets")
    data = datasets.Dataset.from_list([{"label": i % 2} for i in range(20)])
    with pytest.raises(FoldsError, match=r"a datasets\.Dataset or a list of dictionaries, not IterableDataset"):
        at.split(data.to_iterable_dataset(), "label")
    with pytest.raises(FoldsError, match="not DatasetDict"):
        at.split(datasets.DatasetDict(train=data), "label")


def texts(rows: Any) -> list[int]:
    return [int(row["text"]) for row in rows]


def test_a_dataset_trains_as_a_list(site: Site) -> None:
    pytest.importorskip("datasets")
    place(site)
    listed = site.script(site.root / "train.py")
    site.write("data.py", DATA + "import datasets\nrows = datasets.Dataset.from_list(rows)\n")
    dataset = site.script(site.root / "train.py")
    epochs = re.findall("^epoch .*", listed.stdout, re.M)
    assert len(epochs) == 9 and re.findall("^epoch .*", dataset.stdout, re.M) == epochs, listed.stderr + dataset.stderr
