"""Writes reference.json: values of scikit-learn and SciPy that the package is compared with.

Run: python reference.py > reference.json
"""

import itertools
import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy
import sklearn
from scipy.stats import spearmanr
from sklearn import metrics as m

Array = np.ndarray
Values = dict[str, float]

warnings.simplefilter("ignore")  # of classes that do not occur, which is the point
rng = np.random.default_rng(20260)
STEPS = 1024  # probabilities are multiples of 1/STEPS: exact, short in JSON, and with ties


def averages(y: Any, z: Any) -> Values:
    out: Values = {}
    for suffix, average in [("", "macro"), ("_micro", "micro"), ("_weighted", "weighted")]:
        p, r, f, _ = m.precision_recall_fscore_support(y, z, average=average, zero_division=0)
        out |= {"precision" + suffix: p, "recall" + suffix: r, "f1" + suffix: f}
    return out


def worst(groups: Array, value: Callable[[Array], float], pick: Callable[[list[float]], float]) -> float:
    return pick([value(groups == g) for g in np.unique(groups)])


def columns(y: Array, p: Array, score: Callable[[Array, Array], float]) -> float:
    """The mean over the columns that have rows of either kind."""
    return float(np.mean([score(y[:, c], p[:, c]) for c in range(y.shape[1]) if 0 < y[:, c].sum() < len(y)]))


def calibration_error(y: Array, p: Array) -> float:
    """Guo et al. 2017, equation 3, by the formula: sum over bins of |B|/n |acc(B) - conf(B)|."""
    confidence, hit = p.max(axis=1), p.argmax(axis=1) == y
    edges, total = np.linspace(0, 1, 16), 0.0
    for low, high in itertools.pairwise(edges):
        b = (confidence > low) & (confidence <= high)
        if b.any():
            total += b.mean() * abs(hit[b].mean() - confidence[b].mean())
    return float(total)


def classified(name: str, k: int, y: Array, p: Array) -> dict[str, Any]:
    z, groups = p.argmax(axis=1), rng.integers(0, 3, len(y))
    every = np.eye(k)[y]
    auc = m.roc_auc_score(y, p[:, 1]) if k == 2 else columns(every, p, m.roc_auc_score)
    if k > 2 and len(np.unique(y)) == k:
        assert abs(auc - m.roc_auc_score(y, p, multi_class="ovr", average="macro")) < 1e-15
    want = {
        "accuracy": m.accuracy_score(y, z),
        "balanced_accuracy": m.balanced_accuracy_score(y, z),
        **averages(y, z),
        "mcc": m.matthews_corrcoef(y, z),
        "roc_auc": auc,
        "loss": m.log_loss(y, p, labels=range(k)),
        "calibration_error": calibration_error(y, p),
        "worst_group_accuracy": worst(groups, lambda g: m.accuracy_score(y[g], z[g]), min),
    }
    return {"name": name, "k": k, "y": y.tolist(), "p": p.ravel().tolist(), "groups": groups.tolist(), "want": want,
            "confusion": m.confusion_matrix(y, z, labels=range(k)).tolist()}


def probabilities(y: Array, k: int, skill: float) -> Array:
    weights = rng.dirichlet(np.ones(k), len(y)) + skill * np.eye(k)[y]
    return np.stack([rng.multinomial(STEPS, w / w.sum()) for w in weights]) / STEPS


def labelled(name: str, y: Array, p: Array) -> dict[str, Any]:
    z, groups = (p >= 0.5).astype(int), rng.integers(0, 3, len(y))
    want = {
        "accuracy": m.accuracy_score(y, z),
        "hamming_loss": m.hamming_loss(y, z),
        **averages(y, z),
        "roc_auc": columns(y, p, m.roc_auc_score),
        "average_precision": columns(y, p, m.average_precision_score),
        "loss": float(np.mean([m.log_loss(y[:, c], p[:, c], labels=[0, 1]) for c in range(y.shape[1])])),
        "worst_group_accuracy": worst(groups, lambda g: m.accuracy_score(y[g], z[g]), min),
    }
    return {"name": name, "k": y.shape[1], "y": y.astype(bool).ravel().tolist(), "p": p.ravel().tolist(),
            "groups": groups.tolist(), "want": want}


def predicted(name: str, y: Array, p: Array) -> dict[str, Any]:
    groups = rng.integers(0, 3, len(y))
    rank = 0.0 if len(set(y)) == 1 or len(set(p)) == 1 else spearmanr(y, p).statistic
    want = {
        "mse": m.mean_squared_error(y, p),
        "rmse": m.root_mean_squared_error(y, p),
        "mae": m.mean_absolute_error(y, p),
        "r2": m.r2_score(y, p),
        "spearman": rank,
        "loss": m.mean_squared_error(y, p) / 2.5,
        "worst_group_mse": worst(groups, lambda g: m.mean_squared_error(y[g], p[g]), max),
    }
    return {"name": name, "y": y.tolist(), "p": p.tolist(), "groups": groups.tolist(), "scale": 2.5, "want": want}


def main() -> None:
    y5, y2 = rng.integers(0, 5, 60), rng.integers(0, 2, 50)
    gaps = rng.choice([0, 2, 3], 40)
    p_gaps = probabilities(gaps, 6, 0.4)
    p_gaps[:, 5] = 0  # neither a class nor a prediction
    p_gaps /= p_gaps.sum(axis=1, keepdims=True)
    many = (rng.random((40, 5)) < [0.5, 0.2, 0.1, 0.9, 0.4]).astype(int)
    p_many = np.round(np.clip(0.45 * many + rng.random(many.shape) * 0.6, 0, 1) * STEPS) / STEPS
    rare = many.copy()
    rare[:, 2] = 0
    p_rare = p_many.copy()
    p_rare[:, 2] = 0.25  # no positive row, and never taken
    number = np.round(rng.normal(100, 3, 50), 1)  # with ties
    result = {
        "comment": f"Made with scikit-learn {sklearn.__version__}, SciPy {scipy.__version__}, NumPy {np.__version__}.",
        "classified": [
            classified("five classes", 5, y5, probabilities(y5, 5, 0.3)),
            classified("two classes", 2, y2, probabilities(y2, 2, 0.3)),
            classified("classes that do not occur", 6, gaps, p_gaps),
            classified("one class predicted", 3, np.arange(30) % 3, np.tile([0.5, 0.25, 0.25], (30, 1))),
            classified("perfect", 3, np.arange(30) % 3, np.eye(3)[np.arange(30) % 3]),
            classified("certain and wrong", 2, np.arange(10) % 2, np.eye(2)[(np.arange(10) // 2) % 2]),
        ],
        "labelled": [
            labelled("five labels", many, p_many),
            labelled("a label without rows", rare, p_rare),
            labelled("nothing taken", many, np.full(many.shape, 0.125)),
        ],
        "predicted": [
            predicted("numbers", number, np.round(number + rng.normal(0, 2, 50), 3)),
            predicted("constant prediction", number, np.full(50, 99.5)),
            predicted("constant target", np.full(20, 4.0), np.round(rng.normal(4, 1, 20), 3)),
            predicted("perfect constant", np.full(20, 4.0), np.full(20, 4.0)),
        ],
    }
    json.dump(result, sys.stdout, default=float, separators=(",", ":"))
    print()


main()
