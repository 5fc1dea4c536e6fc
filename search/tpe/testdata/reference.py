"""Writes reference.json: values of SciPy that the package is compared with. Run: python reference.py > reference.json"""

import json
import math

from scipy import __version__
from scipy.special import log_ndtr, ndtr
from scipy.stats import truncnorm


def cut(mean, sigma):
    return truncnorm(-mean / sigma, (1 - mean) / sigma, loc=mean, scale=sigma)


def log_mass(a, b):
    if a > 0:
        a, b = -b, -a
    if b > 0:
        return math.log(ndtr(b) - ndtr(a))
    return float(log_ndtr(b) + math.log(-math.expm1(log_ndtr(a) - log_ndtr(b))))


tails = [[z, float(log_ndtr(z))] for z in (-300.0, -60.0, -38.5, -20.0, -5.5, -5.0, -4.9, -1.0, 0.0, 0.3, 2.0, 9.0)]
masses = [[a, b, log_mass(a, b)] for a, b in
          ((-1.0, 2.0), (0.5, 0.7), (6.0, 6.5), (30.0, 31.0), (-31.0, -30.0), (-0.1, 0.1), (90.0, 95.0), (-8.0, 8.0))]
densities = []
for mean in (0.0, 0.1, 0.5, 0.93, 1.0):
    for sigma in (0.01, 0.1, 0.5, 1.0):
        for x in (0.0, 0.08, 0.5, 1.0):
            densities.append([mean, sigma, x, float(cut(mean, sigma).logpdf(x))])
quantiles = []
for mean in (0.0, 0.3, 1.0):
    for sigma in (0.02, 0.2, 1.0):
        for u in (0.001, 0.25, 0.5, 0.9, 0.999):
            quantiles.append([mean, sigma, u, float(cut(mean, sigma).ppf(u))])

# A mixture over (continuous, five cells, three choices, continuous that exists only with choice 0).
SIGMA = 0.15
points = [[0.2, 0.3, 0, 0.9], [0.25, 0.7, 1, None], [0.8, 0.3, 0, 0.5], [0.5, 0.5, 2, None]]
queries = [[0.21, 0.3, 0, 0.8], [0.9, 0.9, 1, None], [0.5, 0.1, 0, 0.01], [0.0, 0.5, 2, None]]


def choice(c, seen):
    n = len(points) + 1
    return ((c == seen) + 1 / n) / (1 + 3 / n)


def kernel(p, x):
    total = cut(p[0], SIGMA).pdf(x[0])
    i = math.floor(x[1] * 5)
    total *= cut(p[1], SIGMA).cdf((i + 1) / 5) - cut(p[1], SIGMA).cdf(i / 5)
    total *= choice(x[2], p[2])
    if x[3] is not None:  # an observation that lacks it has the mean of those that do not, and the prior's
        having = [cut(q[3], SIGMA) for q in points if q[3] is not None] + [cut(0.5, 1.0)]
        total *= cut(p[3], SIGMA).pdf(x[3]) if p[3] is not None else sum(k.pdf(x[3]) for k in having) / len(having)
    return total


def prior(x):
    i = math.floor(x[1] * 5)
    wide = cut(0.5, 1.0)
    total = wide.pdf(x[0]) * (wide.cdf((i + 1) / 5) - wide.cdf(i / 5)) / 3
    return total * (wide.pdf(x[3]) if x[3] is not None else 1)


def mixture(x):
    return (sum(kernel(p, x) for p in points) + prior(x)) / (len(points) + 1)


reference = {
    "scipy": __version__, "log_cdf": tails, "log_mass": masses, "density": densities, "quantile": quantiles,
    "mixture": {"sigma": SIGMA, "points": points, "queries": queries, "log_density": [math.log(mixture(x)) for x in queries]},
}
print("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in reference.items()) + "\n}")
