"""Scripts under the real program: real child processes, a real database."""

from __future__ import annotations

import json

import pytest

from .conftest import Site

SCRIPT = """
import json, math, os, pathlib, signal
import automl

trial = automl.trial(
    objective={"metric": "acc", "goal": "maximize"}, epochs={"max": 4, "grace": 1}, folds=3,
    budget={"trials": 8}, scheduler={"type": "hyperband", "eta": 2}, workers=2, seed=3,
)
lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
width = trial.suggest_ordinal("width", [16, 32, 64])
optimizer = trial.suggest_categorical("optimizer", ["adamw", "sgd"])
momentum = trial.suggest_float("momentum", 0.5, 0.9, default=0.8, when={"optimizer": "sgd"})
freeze = trial.suggest_freeze()
train, valid = trial.split([i % 3 for i in range(60)])
assert len(train) == 40 and len(valid) == 20

state = {"epoch": 0, "sum": 0.0}

def save(folder):
    (folder / "state.json").write_text(json.dumps(state))

def load(folder):
    state.update(json.loads((folder / "state.json").read_text()))

start = trial.resume(load)
assert state["epoch"] == start, (state, start)
for epoch in range(start + 1, trial.epochs + 1):
    trial.progress(1, 2)
    state["epoch"], state["sum"] = epoch, state["sum"] + lr * sum(valid)
    acc = 0.9 - 0.05 * (math.log10(lr) + 2) ** 2 + 0.01 * epoch + 0.001 * trial.fold
    trial.report(epoch=epoch, acc=acc, sum=state["sum"])
    trial.checkpoint(save)
    crash = pathlib.Path(os.environ.get("CRASH", "nowhere"))
    if epoch == 2 and trial.number == 0 and crash.exists():
        crash.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    if trial.should_prune():
        break
"""


def test_the_space_comes_from_the_script(site: Site) -> None:
    done = site.run("run", str(site.write("train.py", SCRIPT)))
    assert "asking python3 train.py for its parameters" in done.stderr
    assert "Best of 8 trials" in done.stdout

    study = site.study()
    assert study["name"] == "train"
    assert study["parameters"]["lr"] == {"type": "float", "low": 0.0001, "high": 0.1, "log": True}
    assert study["parameters"]["momentum"]["when"] == {"optimizer": "sgd"}
    assert study["folds"]["split"] == "stratified"
    assert study["trainer"]["command"] == ["python3", "train.py"]

    trials = site.rows("SELECT * FROM trials_v")
    assert {t["state"] for t in trials} == {"COMPLETE", "PRUNED"} and len(trials) == 8
    for t in trials:
        params = json.loads(t["params"])
        assert ("momentum" in params) == (params["optimizer"] == "sgd")
        assert "freeze.strategy" in params
    what = {row["what"] for row in site.rows("SELECT DISTINCT what FROM decisions_v")}
    assert {"paused", "promoted", "pruned", "completed", "manifest"} <= what
    assert not site.rows("SELECT * FROM trials_v WHERE failures > 0"), site.logs()

    # The same command again continues the same study, which is over.
    assert "Best of 8 trials" in site.run("run", str(site.root / "train.py")).stdout
    # And by hand it is an ordinary script.
    assert "epoch 4: acc=" in site.script(site.root / "train.py").stdout


def test_a_killed_trainer_goes_on_from_its_checkpoint(site: Site) -> None:
    text = SCRIPT.replace('{"type": "hyperband", "eta": 2}', '"fifo", sampler="random"').replace('"trials": 8', '"trials": 2')
    script = site.write("train.py", text.replace("folds=3", 'folds={"k": 3, "race": False}'))
    site.run("run", str(script))
    calm = site.rows("SELECT trial, fold, epoch, metric, value FROM curves_v ORDER BY 1, 2, 3, 4")
    site.data = site.root / "again"
    crash = site.write("crash", "")
    sweep = f"trainer: {{type: command, command: [python3, train.py], env: {{CRASH: {crash}}}}}\n"
    site.run("run", str(site.write("train.yaml", sweep)))  # all else comes from the script
    assert not crash.exists()
    assert site.rows("SELECT * FROM decisions_v WHERE what = 'retried' AND failure = 'signal'")
    assert site.rows("SELECT trial, fold, epoch, metric, value FROM curves_v ORDER BY 1, 2, 3, 4") == calm
    first = site.rows("SELECT count(*) AS n FROM curves_v WHERE trial = 0 AND fold = 0 AND attempt = 1 AND metric = 'acc'")
    assert first[0]["n"] == 2  # the second attempt went on after the checkpoint of epoch 2


GREEDY = """
import automl

PIECE = 4 << 20  # bytes that each row of a micro-batch takes while its gradient is computed
trial = automl.trial(objective={"metric": "loss", "goal": "minimize"}, epochs=2, folds=1, budget={"trials": 1}, scheduler="fifo")
lr = trial.suggest_float("lr", 0.01, 0.02)
batch = trial.suggest_ordinal("batch", [64, 65])
rows = [(i % 7, (3 * (i % 7) + i % 2) % 5) for i in range(128)]  # whole numbers: sums do not depend on their order
w, updates, largest = 0.5, 0, 0
for epoch in range(1, trial.epochs + 1):
    for first in range(0, len(rows), batch):
        whole = rows[first : first + batch]
        size = -(-len(whole) // trial.accumulate)
        sx = sy = 0
        for at in range(0, len(whole), size):
            micro = whole[at : at + size]
            memory = [bytearray(b"1") * PIECE for _ in micro]
            sx, sy = sx + sum(x * x for x, _ in micro), sy + sum(x * y for x, y in micro)
            largest = max(largest, len(micro))
            memory.clear()
        w, updates = w - lr * (w * sx - sy) / len(whole), updates + 1
    trial.report(epoch=epoch, loss=sum((w * x - y) ** 2 for x, y in rows), updates=updates, largest=largest)
    if trial.should_prune():
        break
"""


def test_out_of_memory_halves_the_micro_batch(site: Site) -> None:
    site.write("train.py", GREEDY)
    sweep = "name: {0}\nseed: 5\nenqueue: [{{batch: 64}}]\ntrainer: {{type: command, command: [python3, train.py]}}\n{1}"
    losses: dict[str, list[float]] = {}
    for name, more in (("roomy", ""), ("tight", "resources: {memory: 220MiB}\n")):  # the interpreter, and 256 or 128 MiB
        site.data = site.root / name
        site.run("run", str(site.write(f"{name}.yaml", sweep.format(name, more))))
        losses[name] = [row["value"] for row in site.rows("SELECT value FROM curves_v WHERE metric = 'loss' ORDER BY epoch")]
        metrics = {row["metric"]: row["value"] for row in site.rows("SELECT metric, value FROM curves_v WHERE epoch = 2")}
        assert metrics["updates"] == 4 and metrics["largest"] == (64 if name == "roomy" else 32)
    assert losses["tight"] == losses["roomy"] and len(losses["tight"]) == 2  # the effective batch is the same
    retried = site.rows("SELECT reason, failure FROM decisions_v WHERE what = 'retried'")
    assert [row["failure"] for row in retried] == ["oom"], retried
    assert "killed for its use of memory" in retried[0]["reason"]
    assert "told to compute each batch in 2 parts" in retried[0]["reason"]


def test_a_sweep_file_goes_before_the_script(site: Site) -> None:
    site.write("train.py", SCRIPT)
    sweep = """
name: mine
objective: {metric: sum, goal: minimize}
epochs: {max: 2}
folds: 1
budget: {trials: 2}
scheduler: fifo
trainer: {type: command, command: [python3, train.py]}
"""
    site.write("sweep.yaml", sweep)
    assert "mine: 1 fold of 2 epochs" in site.run("plan", str(site.root / "sweep.yaml")).stdout
    site.run("run", str(site.write("sweep.yaml", sweep)), code=3)  # 40 and 20 rows are asserted, a hold-out has 48 and 12
    assert site.study()["folds"] == {"k": 1, "split": "stratified"}
    assert "AssertionError" in site.rows("SELECT reason FROM trials_v")[0]["reason"]


ARGV = """
import argparse
parser = argparse.ArgumentParser()
for name, kind in (("lr", float), ("width", int), ("epochs", int), ("fold", int), ("momentum", float)):
    parser.add_argument("--" + name, type=kind, default=None)
args = parser.parse_args()
for epoch in range(1, args.epochs + 1):
    print("training ...")
    print('automl: {"epoch": %d, "acc": %.17g, "width": %d, "fold_was": %d}' % (epoch, args.lr + epoch, args.width, args.fold))
"""

SHELL = """
lr=$1 epochs=$2 word="$3"
[ "$word" = "a b" ] || exit 9
i=0
while [ $i -lt $epochs ]; do
	i=$((i + 1))
	echo "automl: {\\"epoch\\": $i, \\"acc\\": $lr}"
done
"""

PLAIN = """
objective: {{metric: acc, goal: maximize}}
parameters: {parameters}
epochs: {{max: 3, grace: 1}}
folds: 2
budget: {{trials: 3}}
scheduler: {scheduler}
trainer: {{type: command, command: {command}}}
"""


@pytest.mark.parametrize("scheduler", ["fifo", "{type: hyperband, eta: 2}"])
def test_a_python_script_that_knows_nothing(site: Site, scheduler: str) -> None:
    site.write("train.py", ARGV)
    command = '[python3, train.py, "${args}", --fold, "${fold}", "--epochs=${epochs}"]'
    parameters = "{lr: {type: float, low: 0.1, high: 1}, width: {type: int, low: 8, high: 64}}"
    site.run("run", str(site.write("plain.yaml", PLAIN.format(parameters=parameters, scheduler=scheduler, command=command))))
    trials = {t["number"]: json.loads(t["params"]) for t in site.rows("SELECT * FROM trials_v")}
    assert len(trials) == 3
    for row in site.rows("SELECT * FROM curves_v"):
        params = trials[row["trial"]]
        want = {"acc": params["lr"] + row["epoch"], "width": params["width"], "fold_was": row["fold"]}
        assert row["value"] == want[row["metric"]]


def test_a_shell_script_that_knows_nothing(site: Site) -> None:
    site.write("train.sh", SHELL)
    command = '[sh, train.sh, "${lr}", "${epochs}", "${word}"]'
    parameters = "{lr: {type: float, low: 1e-7, high: 1e-3, log: true}, word: a b}"
    site.run("run", str(site.write("plain.yaml", PLAIN.format(parameters=parameters, scheduler="fifo", command=command))))
    rows = site.rows("SELECT t.params, c.value FROM trials_v t JOIN curves_v c ON c.trial = t.number")
    assert len(rows) == 3 * 2 * 3
    assert all(json.loads(row["params"])["lr"] == row["value"] for row in rows)


@pytest.mark.parametrize("how", ['print(\'automl: {"epoch": 3, "acc": 1}\')', "import automl\nautoml.trial().report(epoch=3, acc=1)"])
def test_a_script_that_leaves_epochs_out_is_told(site: Site, how: str) -> None:
    site.write("train.py", how)
    parameters = "{lr: {type: float, low: 0.1, high: 1}}"
    sweep = PLAIN.format(parameters=parameters, scheduler="{type: hyperband, eta: 3, brackets: 1}", command="[python3, train.py]")
    site.run("run", str(site.write("last.yaml", sweep)), code=3)
    for trial in site.rows("SELECT reason, failure FROM trials_v"):
        assert trial["failure"] == "protocol"
        assert "reported fold 0 epoch 3 and not fold 0 epoch 1" in trial["reason"] and "measures once has epochs: 1" in trial["reason"]
    # With one epoch the same number is a result.
    site.data = site.root / "once"
    site.write("train.py", how.replace("3", "1"))
    site.run("run", str(site.write("once.yaml", sweep.replace("epochs: {max: 3, grace: 1}", "epochs: 1"))))


def fails(site: Site, script: str, sweep: str = "") -> str:
    """What is said when the script is run as a trainer, or asked for its parameters."""
    site.write("train.py", script)
    if not sweep:
        return site.run("run", str(site.root / "train.py"), code=2).stderr
    site.run("run", str(site.write("sweep.yaml", sweep)), code=3)
    reason: str = site.rows("SELECT reason FROM trials_v")[0]["reason"]
    return reason


ASKED = PLAIN.format(parameters="{lr: {type: float, low: 0.1, high: 1}}", scheduler="fifo", command="[python3, train.py]").replace(
    "trials: 3", "trials: 1"
)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("import automl\nt = automl.trial()\nt.suggest_float('wd', 0, 1)", "the trial has no parameter 'wd'; it has lr."),
        ("import automl\nautoml.trial().split([0, 1] * 9)", "write folds: {k: 2, split: stratified}, or call split(n=rows)"),
        ("import automl\nautoml.trial().report(epoch=1, loss=1)", "the study optimizes acc, but the script reports loss"),
        ("import automl\nautoml.trial().checkpoint(print)", "checkpoint: report the epoch first"),
        ("import automl\nautoml.trial().params['wd']", "automl.UnknownParameter: the trial has no parameter 'wd'; it has lr."),
        (
            "import automl\nt = automl.trial()\nt.report(epoch=1, acc=1)\nt.report(epoch=1, acc=2)",
            "report: epoch 1 after epoch 1: an epoch",
        ),
        ("import automl\nt = automl.trial()\nt.split(n=20)\nt.split(n=21)", "these 21 rows are others than those of the call before"),
        ("import automl\nautoml.trial().suggest_int('lr', 0, 1)", "but the script suggests a whole number"),
        ("import automl\nautoml.trial().report(epoch=1, acc=float('nan'))", "acc"),
    ],
)
def test_what_a_trainer_does_wrong_is_said(site: Site, script: str, words: str) -> None:
    assert words in fails(site, script, ASKED)


def test_other_rows_are_found_out(site: Site) -> None:
    script = """
import automl
trial = automl.trial()
trial.split(n=20 if trial.fold == 0 else 21)
for epoch in range(1, trial.epochs + 1):
    trial.report(epoch=epoch, acc=epoch)
    if trial.should_prune():
        break
"""
    assert "other folds" in fails(site, script, ASKED)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("print('hello')", "said none"),
        ("import automl\nautoml.trial(epochs=3).suggest_float('lr', 0, 1)", "objective: is missing"),
        ("import automl\nautoml.trial(epoch=3)", "did you mean"),
        ("import automl\nautoml.trial().suggest_float('lr', 3, 1)", "from 3 to 1 is no range"),
        ("import automl\nt = automl.trial()\nt.suggest_int('n', 1, 2)\nt.suggest_int('n', 1, 3)", "parameter n stands twice"),
        ("raise SystemExit(7)", "exit status 7"),
        (
            "import automl\nt = automl.trial(objective={'metric': 'a', 'goal': 'minimize'}, epochs=1)\n"
            "t.suggest_float('m', 0, 1, when={'optimiser': 'sgd'})",
            "optimiser",
        ),
    ],
)
def test_what_a_script_says_wrong_is_said(site: Site, script: str, words: str) -> None:
    assert words in fails(site, script)


def test_placeholders_are_checked(site: Site) -> None:
    for argument, words in (("${lrr}", "did you mean ${lr}?"), ("--x=${args}", "let it stand alone"), ("${?}", "$${?}")):
        text = PLAIN.format(parameters="{lr: {type: float, low: 0.1, high: 1}}", scheduler="fifo", command=f'[sh, "{argument}"]')
        assert words in site.run("run", str(site.write("bad.yaml", text)), code=2).stderr
