"""Writes numerics.json: values of SciPy, NumPy and mpmath that transformations and tails are compared with.

Run: python numerics.py > numerics.json
"""

import json

import mpmath as mp
import numpy as np
from scipy import __version__
from scipy.special import log_ndtr
from scipy.stats import norm, rankdata

mp.mp.dps = 50
EDGE = mp.mpf("1e-4")


def kumaraswamy(x, a, b):
    x, a, b = EDGE + (1 - 2 * EDGE) * mp.mpf(x), mp.mpf(a), mp.mpf(b)
    return float(1 - (1 - x**a) ** b)


def half_rank(y):
    y = np.asarray(y)
    median = np.median(y)
    good = y[y <= median]
    spread = np.sqrt(((good - median) ** 2).mean())
    ranks = (rankdata(y) - 0.5) / len(y)  # equal values share the mean of their ranks
    return np.where(y <= median, y, median + spread * norm.ppf(ranks)).tolist()


def mean_log(y):
    y = np.asarray(y)
    d = y - y.min()
    return np.log1p(0.3 * d / d.mean()).tolist()


tails = [-300.0, -40.0, -38.5, -8.0, -5.001, -5.0, -4.999, -1.0, 0.0, 1.5, 6.0]
outputs = [0.3, -1.2, 5.0, 0.3, 2.2, 100.0, 0.31, -1.1, 7.0]
print(json.dumps({
    "versions": {"scipy": __version__, "numpy": np.__version__, "mpmath": mp.__version__},
    "log_cdf": [[z, float(log_ndtr(z)), float(mp.npdf(z) / mp.ncdf(z))] for z in tails],
    "kumaraswamy": [[x, a, b, kumaraswamy(x, a, b)] for x in (0.0, 1e-6, 0.2, 0.5, 0.999, 1.0) for a in (0.3, 1.0, 3.0) for b in (0.3, 1.0, 3.0)],
    "outputs": outputs, "half_rank": half_rank(outputs), "mean_log": mean_log(outputs),
}))
