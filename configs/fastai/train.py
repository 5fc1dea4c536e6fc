"""fastai as the trainer of a study: a tabular learner tells benign from malignant tumours.

    automl run configs/fastai.yaml
    python configs/fastai/train.py

By hand every parameter has its default.
"""

from pathlib import Path

import fastai.callback.progress
import fastai.callback.schedule  # noqa: F401
import pandas
from fastai.data.block import CategoryBlock
from fastai.metrics import accuracy
from fastai.tabular.core import Normalize, TabularPandas
from fastai.tabular.learner import tabular_config, tabular_learner
from fastai.torch_core import set_seed

import automl
from automl.fastai import AutomlCallback

TABLE = Path(__file__).parents[1] / "tabular" / "breast_cancer.csv.gz"  # with its origin and licence


def main() -> None:
    trial = automl.trial(objective={"metric": "accuracy", "goal": "maximize"}, folds=3, epochs=4)
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    weight_decay = trial.suggest_float("weight_decay", 1e-4, 1e-1, log=True)
    hidden = trial.suggest_int("hidden", 8, 128, log=True)
    dropout = trial.suggest_float("dropout", 0, 0.5)
    batch_size = trial.suggest_ordinal("batch_size", [16, 32, 64])

    set_seed(trial.seed * 1000 + trial.fold)
    table = pandas.read_csv(TABLE)
    splits = trial.split(table["target"])
    measured = [name for name in table.columns if name != "target"]
    rows = TabularPandas(table, [Normalize], cont_names=measured, y_names="target", y_block=CategoryBlock(), splits=splits)
    config = tabular_config(ps=[dropout, dropout])
    learn = tabular_learner(rows.dataloaders(bs=batch_size), layers=[hidden, hidden], config=config, metrics=accuracy, wd=weight_decay)
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(trial.epochs, lr, cbs=AutomlCallback(trial))


if __name__ == "__main__":
    main()
