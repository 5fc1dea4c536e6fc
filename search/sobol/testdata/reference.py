"""Writes reference.json: points of SciPy's Sobol' sequence (Joe and Kuo's direction numbers), which the package is compared with.

SciPy takes the points in Gray-code order: its point i is the point i ^ (i >> 1) here.

Run: python reference.py > reference.json
"""

import json

from scipy import __version__
from scipy.stats import qmc

DIMS, NUMBERS = 64, [0, 1, 2, 3, 4, 7, 12, 31, 100, 1000, 4095, 65537]

points = []
for i in NUMBERS:
    s = qmc.Sobol(DIMS, scramble=False, bits=32)
    if i > 0:
        s.fast_forward(i)
    points.append([int(x * 2**32) for x in s.random(1)[0]])
print(json.dumps({"scipy": __version__, "numbers": [i ^ (i >> 1) for i in NUMBERS], "points": points}))
