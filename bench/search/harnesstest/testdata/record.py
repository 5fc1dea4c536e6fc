"""Records what the Python harness of the benchmark folder says, for the Go tests. Needs numpy and onnxruntime:

    python record.py BENCH_FOLDER > harness.json
"""

import json
import random
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])

from harness import score, suites
from harness.optimizers import maker
from harness.simulate import simulate


def queries(task, n, epochs):
    """n configurations with their values and seconds at some epochs."""
    out, rng = [], random.Random(f"test/{task.name}")
    for seed in range(n):
        config = rng.choice(task.candidates) if task.candidates else task.space.sample(rng)
        values, costs = task.evaluate(config, seed)
        at = [e for e in epochs if e <= len(values)]
        out.append({"config": config, "seed": seed, "epochs": at, "values": [values[e - 1] for e in at],
                        "seconds": [costs[e - 1] for e in at], "length": len(values), "score": task.score(config, values[0])})
    return out


def run(task, name, seed, workers, epochs):
    r = simulate(task, maker(name), seed, workers, name, epochs)
    return {"suite": task.suite, "task": task.name, "optimizer": name, "seed": seed, "workers": workers, "limit": epochs, "epochs": r.epochs,
                "trials": r.trials, "seconds": r.seconds, "ended": r.ended, "trace": r.trace, "asks": len(r.asks), "tells": len(r.tells)}


def main():
    tasks, runs = [], []
    loaded = {s: suites.load(s) for s in ("taskset", "yahpo_lcbench", "tabular", "tabular_mean")}
    for suite, all_tasks in loaded.items():
        for t in all_tasks:
            tasks.append({"suite": suite, "name": t.name, "goal": t.goal, "metric": t.metric, "epochs": t.max_epochs, "best": t.best,
                              "worst": t.worst, "budgets": t.budgets, "candidates": len(t.candidates or ()),
                              "params": [{"name": p.name, "kind": p.kind, "low": p.low, "high": p.high, "log": p.log,
                                           "choices": list(p.choices)} for p in t.space],
                              "queries": queries(t, 3, (1, 2, 10, 52))})
    curves, surrogate, table = loaded["taskset"][4], loaded["yahpo_lcbench"][1], loaded["tabular"][5]
    for name in ("random", "one_epoch", "hyperband", "asha", "random_nearest", "hyperband_nearest", "asha_nearest"):
        for workers in (1, 4):
            runs.append(run(curves, name, 3, workers, 600))
    runs.append(run(curves, "asha", 1, 4, 100_000))  # the candidates are used up
    runs.append(run(curves, "asha_nearest", 1, 1, 100_000))
    for name in ("random", "hyperband", "asha"):
        runs.append(run(surrogate, name, 3, 4, 120))
    runs.append(run(table, "random", 7, 1, 200))
    values = [0.3, 0.1, 0.9, 0.25, 0.5]
    json.dump({"tasks": tasks, "runs": runs, "bootstrap": {"values": values, "interval": score.bootstrap(values)},
                   "rank": {"values": [0.2, 0.1, 0.2, 0.7], "ranks": score.rank([0.2, 0.1, 0.2, 0.7])}},
              sys.stdout, separators=(",", ":"))
    print()


main()
