"""Writes reference.json: values of scikit-learn, SciPy, NumPy and mpmath that the package is compared with.

Run: python reference.py > reference.json
"""

import json

import mpmath as mp
import numpy as np
import scipy
import sklearn
from scipy.stats import boxcox, yeojohnson
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

mp.mp.dps = 60
rng = np.random.default_rng(7)


def log_h(z):
    z = mp.mpf(z)
    phi = mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi)
    cdf = mp.erfc(-z / mp.sqrt(2)) / 2
    h = phi + z * cdf
    return [float(z), float(mp.log(h)), float(cdf / h), float(phi / h)]


def gls_mean(cov, y):
    one = np.ones(len(y))
    solved = np.linalg.solve(cov, np.stack([y, one], 1))
    return float(one @ solved[:, 0] / (one @ solved[:, 1] + 1))


# A continuous space: kernel, marginal likelihood and posterior by scikit-learn.
n, d = 12, 3
x, q = rng.random((n, d)), rng.random((5, d))
y = np.sin(5 * x[:, 0]) + x[:, 1] ** 2 + 0.1 * rng.standard_normal(n)
length, scale, noise = [0.3, 0.8, 2.0], 1.7, 0.02
kernel = ConstantKernel(scale) * Matern(length_scale=length, nu=2.5)
cov = kernel(x) + noise * np.eye(n)
mean = gls_mean(cov, y)
gp = GaussianProcessRegressor(kernel + WhiteKernel(noise), optimizer=None, alpha=0).fit(x, y - mean)
exact = GaussianProcessRegressor(kernel, optimizer=None, alpha=noise).fit(x, y - mean)
mu, sd = exact.predict(q, return_std=True)
smooth = {
    "x": x.tolist(), "y": y.tolist(), "queries": q.tolist(), "length": length, "scale": scale, "noise": noise,
    "kernel": kernel(x, q).tolist(), "mean_constant": mean, "log_likelihood": float(gp.log_marginal_likelihood_value_),
    "mean": (mu + mean).tolist(), "variance": (sd**2).tolist(),
}

# FITC as the dense matrix it approximates.
inducing = [0, 3, 5, 8]
kuu = kernel(x[inducing]) + 1e-8 * scale * np.eye(4)
kux = kernel(x[inducing], x)
low_rank = kux.T @ np.linalg.solve(kuu, kux)
full = low_rank + np.diag(scale - np.diag(low_rank) + noise)
mean = gls_mean(full, y)
kuq = kernel(x[inducing], q)
qx = kuq.T @ np.linalg.solve(kuu, kux)
sparse = {
    "inducing": inducing, "mean_constant": mean, "mean": (mean + qx @ np.linalg.solve(full, y - mean)).tolist(),
    "variance": (scale - np.einsum("ij,ji->i", qx, np.linalg.solve(full, qx.T))).tolist(),
}

# A space with a categorical and two conditional coordinates, one of them categorical: (x0, c in 3, x2 if c = 0, k in 2 if c != 0).
ARC = np.pi / 2
LENGTH, GAP = [0.4, 0.9, 0.5, 0.7], 0.35


def tree_kernel(a, b):
    r2 = ((a[0] - b[0]) / LENGTH[0]) ** 2
    ea = np.zeros(3) if a[2] is not None else np.array([0, 0, np.sqrt(GAP)])
    eb = np.zeros(3) if b[2] is not None else np.array([0, 0, np.sqrt(GAP)])
    for e, v in ((ea, a[2]), (eb, b[2])):
        if v is not None:
            e[:2] = np.array([np.sin(ARC * v), np.cos(ARC * v)]) / (ARC * LENGTH[2])
    r = np.sqrt(5 * (r2 + ((ea - eb) ** 2).sum()))
    hamming = LENGTH[1] * (a[1] != b[1]) + LENGTH[3] * (a[3] != b[3])
    return scale * (1 + r + r * r / 3) * np.exp(-r - hamming)


rows = [[0.1, 0, 0.3, None], [0.5, 0, 0.9, None], [0.2, 1, None, 0], [0.9, 1, None, 1], [0.6, 2, None, 1], [0.1, 2, None, 0]]
tree = {"points": rows, "length": LENGTH, "gap": GAP, "scale": scale,
        "kernel": [[float(tree_kernel(a, b)) for b in rows] for a in rows]}

v = [0.2, 0.5, 1.0, 3.0]
print(json.dumps({
    "versions": {"scipy": scipy.__version__, "scikit-learn": sklearn.__version__},
    "log_h": [log_h(z) for z in ("-1e6", "-1000", "-40", "-10", "-3.001", "-3", "-2.999", "-1", "0", "0.5", "3", "30")],
    "smooth": smooth, "sparse": sparse, "tree": tree,
    "box_cox": [[a, l, float(boxcox(np.array([a]), l)[0])] for a in v for l in (-1.5, 0.0, 0.5, 2.0)],
    "yeo_johnson": [[a, l, float(yeojohnson(np.array([a]), l)[0])] for a in (-2.0, -0.3, 0.0, 1.5) for l in (-1.0, 0.0, 1.3, 2.0)],
}, indent=0))
