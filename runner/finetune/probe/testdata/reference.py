"""Writes reference.json: coefficients of scikit-learn that the package is compared with.

Run: python reference.py > reference.json
"""

import json
import sys
from typing import Any

import numpy as np
import scipy
import sklearn
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import normalize
from sklearn.utils.class_weight import compute_class_weight

Array = np.ndarray
rng = np.random.default_rng(20261)
STEPS = 64  # features are multiples of 1/STEPS: exact in float32, and short in JSON


def short(x: Array) -> Array:
    return np.round(np.asarray(x) * STEPS) / STEPS


def classes(rows: int, cols: int, k: int, apart: float) -> tuple[Array, Array]:
    y = np.arange(rows) % k
    centres = rng.normal(size=(k, cols)) * apart
    return short(rng.normal(size=(rows, cols)) + centres[y]), y


def logistic(name: str, x: Array, y: Array, c: float, **more: Any) -> dict[str, Any]:
    k = int(y.max()) + 1
    rows, per_class = more.get("row_weights"), more.get("class_weights")
    seen = normalize(x) if more.get("normalize") else x
    # For two classes scikit-learn has one row of weights, with |w|^2/2 where two rows of w/2 and -w/2 have half of it.
    theirs = c * (2 if k == 2 else 1)
    class_weight = dict(enumerate(per_class)) if per_class else None
    intercept = not more.get("no_intercept")
    fit = LogisticRegression(C=theirs, tol=1e-12, max_iter=100000, class_weight=class_weight, fit_intercept=intercept)
    fit.fit(seen, y, sample_weight=rows)
    w, b = fit.coef_, np.atleast_1d(fit.intercept_)
    if not intercept:
        b = np.zeros(len(w))
    if k == 2:
        w, b = np.concatenate([-w, w]) / 2, np.concatenate([-b, b]) / 2
    weights = np.asarray(rows or np.ones(len(y))) * (np.asarray(per_class)[y] if per_class else 1)
    z = seen @ w.T + b
    losses = scipy.special.logsumexp(z, axis=1) - z[np.arange(len(y)), y]
    objective = c * float(weights @ losses) + float((w**2).sum()) / 2
    return {"name": name, "x": x.tolist(), "y": y.tolist(), "c": c, **more, "w": w.tolist(), "b": b.tolist(), "objective": objective}


def ridge(name: str, rows: int, cols: int, outputs: int, alpha: float, **more: Any) -> dict[str, Any]:
    x = short(rng.normal(size=(rows, cols)) * 2 + 3)
    y = short(x @ rng.normal(size=(cols, outputs)) + rng.normal(size=(rows, outputs)) - 5)
    seen = normalize(x) if more.get("normalize") else x
    intercept = not more.get("no_intercept")
    fit = Ridge(alpha=alpha, solver="svd", fit_intercept=intercept).fit(seen, y, sample_weight=more.get("row_weights"))
    w, b = fit.coef_.reshape(outputs, cols), np.atleast_1d(fit.intercept_)
    if not intercept:
        b = np.zeros(outputs)
    return {"name": name, "x": x.tolist(), "y": y.tolist(), "alpha": alpha, **more, "w": w.tolist(), "b": b.tolist()}


def main() -> None:
    three, y3 = classes(45, 6, 3, 0.7)
    five, y5 = classes(60, 4, 5, 1.0)
    y5[y5 == 4] = np.where(np.arange((y5 == 4).sum()) % 3, 0, 4)  # the last class is rare
    balanced = compute_class_weight("balanced", classes=np.arange(5), y=y5).tolist()
    two, y2 = classes(30, 5, 2, 0.5)
    apart, ya = classes(24, 3, 3, 8.0)
    wide, yw = classes(12, 20, 3, 0.5)
    scaled = short(three * np.array([1, 100, 0.25, 1, 10, 1]) + np.array([0, 500, 0, -3, 0, 0]))
    tied = np.concatenate([three[:15], three[:15]])  # every row twice, with classes that contradict each other
    out = {
        "made_with": f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}",
        "logistic": [
            logistic("three classes", three, y3, 1.0),
            logistic("weak penalty", three, y3, 50.0),
            logistic("strong penalty", three, y3, 1e-3),
            logistic("normalized", three, y3, 20.0, normalize=True),
            logistic("features of different size", scaled, y3, 1.0),
            logistic("balanced classes", five, y5, 0.5, class_weights=balanced),
            logistic("weighted rows", five, y5, 2.0, row_weights=[float(i % 4) for i in range(60)]),
            logistic("two classes", two, y2, 1.0),
            logistic("separable", apart, ya, 1e4),
            logistic("more features than rows", wide, yw, 1.0),
            logistic("contradicting rows", tied, np.concatenate([y3[:15], (y3[:15] + 1) % 3]), 10.0),
            logistic("no intercept", three, y3, 2.0, no_intercept=True),
            logistic("no intercept, features of different size", scaled, y3, 0.1, no_intercept=True),
        ],
        "ridge": [
            ridge("one output", 30, 5, 1, 1.0),
            ridge("two outputs", 30, 5, 2, 0.01),
            ridge("weighted rows", 20, 4, 1, 3.0, row_weights=[float(i % 3) for i in range(20)]),
            ridge("normalized", 20, 4, 1, 0.1, normalize=True),
            ridge("more features than rows", 8, 15, 1, 0.5),
            ridge("no intercept", 20, 4, 2, 0.3, no_intercept=True),
        ],
    }
    json.dump(out, sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
