"""Hold the daemon, asked over HTTP by the Python harness, against the same search in process (bench/search).

    python bench/http/compare.py run --automl bin/automl --search bin/search --harness ../shared/bench --out runs
    python bench/http/compare.py report runs > table.md

`run` starts a daemon with a record of its own for each suite and number of workers, has the harness play its seeds against it, and plays
the same seeds in process. Every seed of a suite is a call of its own, so a run that is stopped goes on where it was. `report` needs
nothing but the files. Both sides give a study the same seed, so a run should be the same step by step; where the values come from a
surrogate, two implementations of ONNX differ in the last digits, and after a while so do the searches.

Needs what the harness needs (Python 3.11, numpy, onnxruntime).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

SUITES = "taskset,yahpo_lcbench,tabular_mean,tabular"
BLACK_BOX = ("tabular", "tabular_mean")  # budgets are trials


@dataclass(frozen=True)
class Run:
    """One search: regret by budget (a multiple of the epochs of a full run), and what it took."""

    suite: str
    workers: int
    task: str
    seed: int
    regret: dict[float, float]
    epochs: int
    trials: int
    seconds: float  # inside ask and tell
    ask: tuple[float, float]  # milliseconds: median, 99th percentile

    @property
    def key(self) -> tuple[str, int, str, int]:
        return self.suite, self.workers, self.task, self.seed


@contextmanager
def daemon(binary: Path) -> Iterator[dict[str, str]]:
    """The environment in which the harness reaches a daemon with an empty record."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w") as log:
        child = subprocess.Popen([binary, "daemon", "--data-dir", folder, "--listen", "127.0.0.1:0"], stdout=log, stderr=log)
        try:
            found = Path(folder) / "daemon.json"
            while not found.exists():
                if child.poll() is not None:
                    raise SystemExit(f"the daemon ended: {(Path(folder) / 'log').read_text()}")
                time.sleep(0.05)
            info = json.loads(found.read_text())
            yield {"AUTOML_URL": info["url"], "AUTOML_TOKEN": info["token"]}
        finally:
            child.terminate()
            child.wait()


def play(args: argparse.Namespace) -> None:
    out = args.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    common = dict(os.environ, OMP_NUM_THREADS="1", PYTHONDONTWRITEBYTECODE="1", AUTOML_BENCH=str(args.harness.resolve()))
    for seed in range(args.seeds):
        for suite in args.suites.split(","):
            for workers in map(int, args.workers.split(",")):
                budget = args.trials if suite in BLACK_BOX else args.budget
                name = f"{suite}-{workers}-{seed}"
                http, inside = out / f"{name}.http.json", out / f"{name}.inside.json"
                if not http.exists():
                    part = http.with_suffix(".part")
                    with daemon(args.automl.resolve()) as where:
                        subprocess.run(
                            [sys.executable, "-m", "harness", "--suite", suite, "--optimizers", "automl", "--seeds", "1", "--first-seed", str(seed),
                             "--workers", str(workers), "--max-budget", str(budget), "--out", str(part)],
                            check=True, cwd=args.harness, env=common | where, stdout=subprocess.DEVNULL)
                    part.rename(http)
                if not inside.exists():
                    part = inside.with_suffix(".part")
                    subprocess.run(
                        [args.search.resolve(), "-suite", suite, "-optimizers", "auto", "-seeds", "1", "-first-seed", str(seed), "-workers",
                         str(workers), "-budget", str(budget), "-plain-seeds", "-parallel", "1", "-runs", str(part)],
                        check=True, env=common, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    part.rename(inside)


def read_http(path: Path) -> Iterator[Run]:
    for d in json.loads(path.read_text()):
        regret = {int(b) / d["max_epochs"]: float(r) for b, r in d["regret"].items()}
        yield Run(d["suite"], d["workers"], d["task"], d["seed"], regret, d["epochs"], d["trials"], d["optimizer_seconds"],
                  (d["ask"]["p50_ms"], d["ask"]["p99_ms"]))


def read_inside(path: Path) -> Iterator[Run]:
    for s in json.loads(path.read_text()):
        for r in s["runs"]:
            regret = {float(b): float(v) for b, v in zip(s["budgets"], r["regret"], strict=True)}
            yield Run(s["suite"], s["workers"], s["task"], r["seed"], regret, r["epochs"], r["trials"],
                      (r["ask_ms"][2] + r["tell_ms"][2]) / 1000, (r["ask_ms"][0], r["ask_ms"][1]))


def same(a: Run, b: Run) -> bool:
    """Whether two runs are one, as far as can be seen: regret at every budget to the digits that are kept, epochs and trials."""
    return (a.regret.keys() == b.regret.keys() and all(abs(r - b.regret[x]) < 1e-7 for x, r in a.regret.items())
            and (a.epochs, a.trials) == (b.epochs, b.trials))


def interval(values: list[float]) -> tuple[float, float]:
    """95% percentile interval of the mean when the tasks are drawn again."""
    rng = random.Random(0)
    means = sorted(mean(rng.choices(values, k=len(values))) for _ in range(2000))
    return means[49], means[1949]


def signed(value: float) -> str:
    """Four digits with a sign; what rounds to zero has none."""
    text = f"{value:+.4f}"
    return "0" if float(text) == 0 else text


def by_task(runs: list[Run], budget: float) -> list[float]:
    """The mean over seeds of each task."""
    tasks: dict[str, list[float]] = {}
    for r in runs:
        tasks.setdefault(r.task, []).append(r.regret[budget])
    return [mean(v) for _, v in sorted(tasks.items())]


def report(folder: Path) -> None:
    http = {r.key: r for p in sorted(folder.glob("*.http.json")) for r in read_http(p)}
    inside = {r.key: r for p in sorted(folder.glob("*.inside.json")) for r in read_inside(p)}
    pairs = [(http[k], inside[k]) for k in http if k in inside]
    print("| suite | workers | tasks x seeds | budget | over HTTP | in process (95%) | difference (95%) | the same runs |")
    print("|---|---|---|---|---|---|---|---|")
    groups = sorted({(a.suite, a.workers) for a, _ in pairs})
    for suite, workers in groups:
        mine = [(a, b) for a, b in pairs if (a.suite, a.workers) == (suite, workers)]
        tasks, seeds = len({a.task for a, _ in mine}), len({a.seed for a, _ in mine})
        for budget in sorted(mine[0][0].regret):
            over, within = by_task([a for a, _ in mine], budget), by_task([b for _, b in mine], budget)
            low, high = interval(within)
            gap = [a - b for a, b in zip(over, within, strict=True)]
            least, most = interval(gap)
            print(f"| {suite} | {workers} | {tasks} x {seeds} | {budget:g}x | {mean(over):.4f} | {mean(within):.4f} ({low:.4f} to {high:.4f}) | "
                  f"{signed(mean(gap))} ({signed(least)} to {signed(most)}) | {sum(same(a, b) for a, b in mine)} of {len(mine)} |")
    print()
    print("| suite | workers | seconds in ask and tell of a run, over HTTP | in process | ask p50/p99 ms, over HTTP | in process |")
    print("|---|---|---|---|---|---|")
    for suite, workers in groups:
        mine = [(a, b) for a, b in pairs if (a.suite, a.workers) == (suite, workers)]
        cells = []
        for side in (0, 1):
            cells.append((mean(p[side].seconds for p in mine), mean(p[side].ask[0] for p in mine), mean(p[side].ask[1] for p in mine)))
        print(f"| {suite} | {workers} | {cells[0][0]:.1f} | {cells[1][0]:.1f} | {cells[0][1]:.2f}/{cells[0][2]:.1f} | "
              f"{cells[1][1]:.2f}/{cells[1][2]:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="play what is not there yet")
    run.add_argument("--automl", type=Path, required=True, help="the built program")
    run.add_argument("--search", type=Path, required=True, help="bench/search, built")
    run.add_argument("--harness", type=Path, required=True, help="the folder with the suites and the package harness")
    run.add_argument("--out", type=Path, required=True, help="folder of the runs")
    run.add_argument("--suites", default=SUITES)
    run.add_argument("--seeds", type=int, default=3)
    run.add_argument("--workers", default="1", help="numbers of simulated workers, separated by commas")
    run.add_argument("--budget", type=int, default=4, help="of curves: a multiple of the epochs of a full run")
    run.add_argument("--trials", type=int, default=50, help="of black boxes")
    show = commands.add_parser("report", help="Markdown tables of what was played")
    show.add_argument("folder", type=Path)
    args = parser.parse_args()
    if args.command == "run":
        play(args)
    else:
        report(args.folder)


if __name__ == "__main__":
    main()
