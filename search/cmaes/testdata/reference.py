"""Writes reference.json: generations of CMA-ES by dense matrices, straight from the equations of Hansen's tutorial
(arXiv:1604.00772; numbers in parentheses), and quantiles of SciPy, which the package is compared with.

Run: python reference.py > reference.json
"""

import json

import numpy as np
from scipy import __version__
from scipy.stats import truncnorm

rng = np.random.default_rng(3)


def constants(n, lam):
    raw = np.log((lam + 1) / 2) - np.log(np.arange(1, lam + 1))  # (49)
    mu = lam // 2
    mueff = raw[:mu].sum() ** 2 / (raw[:mu] ** 2).sum()
    mueff_minus = raw[mu:].sum() ** 2 / (raw[mu:] ** 2).sum()
    csigma = (mueff + 2) / (n + mueff + 5)  # (55)
    dsigma = 1 + 2 * max(0, np.sqrt((mueff - 1) / (n + 1)) - 1) + csigma
    cc = (4 + mueff / n) / (n + 4 + 2 * mueff / n)  # (56)
    c1 = 2 / ((n + 1.3) ** 2 + mueff)  # (57)
    cmu = min(1 - c1, 2 * (0.25 + mueff + 1 / mueff - 2) / ((n + 2) ** 2 + 2 * mueff / 2))  # (58), of the edition of 2023
    alpha = min(1 + c1 / cmu, 1 + 2 * mueff_minus / (mueff + 2), (1 - c1 - cmu) / (n * cmu))  # (50) to (52)
    w = np.where(raw >= 0, raw / raw[raw > 0].sum(), raw * alpha / -raw[raw < 0].sum())  # (53)
    return mu, mueff, csigma, dsigma, cc, c1, cmu, w


def generation(g, m, sigma, cov, ps, pc, x):
    """One update with points x, best first."""
    n, lam = x.shape[1], len(x)
    mu, mueff, csigma, dsigma, cc, c1, cmu, w = constants(n, lam)
    y = (x - m) / sigma
    step = w[:mu] @ y[:mu]  # (41)
    m = m + sigma * step  # (42)
    values, vectors = np.linalg.eigh(cov)
    root = vectors @ np.diag(values**-0.5) @ vectors.T
    ps = (1 - csigma) * ps + np.sqrt(csigma * (2 - csigma) * mueff) * root @ step  # (43)
    chi = np.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n))
    new_sigma = sigma * np.exp(csigma / dsigma * (np.linalg.norm(ps) / chi - 1))  # (44)
    h = np.linalg.norm(ps) / np.sqrt(1 - (1 - csigma) ** (2 * (g + 1))) < (1.4 + 2 / (n + 1)) * chi
    pc = (1 - cc) * pc + h * np.sqrt(cc * (2 - cc) * mueff) * step  # (45)
    length = np.linalg.norm(y @ root, axis=1)
    assert (length <= np.sqrt(n) + 2 * n / (n + 2)).all(), "a point so far away is treated as an injected one"
    wo = w * np.where(w >= 0, 1, n / length**2)  # (46)
    delta = (1 - h) * cc * (2 - cc)
    cov = (1 + c1 * delta - c1 - cmu * w.sum()) * cov + c1 * np.outer(pc, pc) + cmu * np.einsum("k,ki,kj->ij", wo, y, y)  # (47)
    return m, new_sigma, cov, ps, pc


def run(n, lam, generations):
    m, sigma, cov, ps, pc = np.full(n, 0.5), 0.15, np.eye(n), np.zeros(n), np.zeros(n)
    out = []
    for g in range(generations):
        values, vectors = np.linalg.eigh(cov)
        z = np.clip(rng.standard_normal((lam, n)), -0.9, 0.9)
        x = np.clip(m + sigma * z @ np.diag(values**0.5) @ vectors.T, 0.01, 0.99)
        x = x[np.argsort(((x - 0.3) ** 2) @ (10.0 ** np.arange(n)))]
        m, sigma, cov, ps, pc = generation(g, m, sigma, cov, ps, pc, x)
        out.append({"points": x.tolist(), "mean": m.tolist(), "sigma": sigma, "cov": cov.tolist(), "psigma": ps.tolist(), "pc": pc.tolist()})
    return {"n": n, "lambda": lam, "generations": out}


quantiles = [[a, b, u, float(truncnorm(a, b).ppf(u))] for a, b in ((-1.0, 2.0), (0.5, 0.7), (2.0, 3.0), (-6.0, -5.0), (5.0, 30.0), (-30.0, 30.0))
             for u in (0.001, 0.3, 0.5, 0.9, 0.999)]
print(json.dumps({"numpy": np.__version__, "scipy": __version__, "runs": [run(2, 6, 4), run(4, 8, 6), run(4, 20, 3)], "truncated": quantiles}))
