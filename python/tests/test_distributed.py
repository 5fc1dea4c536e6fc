"""Several processes under torchrun are one trial: rank 0 speaks, all obey; one is killed, and all go on from the checkpoint."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from .conftest import LIMIT, REPO, Site
from .sweeps import finish

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")
pytestmark = pytest.mark.skipif(not torch.distributed.is_available(), reason="this torch has no torch.distributed")

ONE = (  # trial, through all its epochs
    ("k: 2, split: stratified", "k: 1, split: stratified"),
    ("max: 3, grace: 1", "max: 6"),
    ("{type: hyperband, eta: 2, brackets: 1}", "fifo"),
    ("trials: 6", "trials: 1"),
)
CURVE = "SELECT epoch, metric, value FROM curves_v ORDER BY 1, 2"


def test_all_ranks_are_one_trial(site: Site) -> None:
    study = finish(site, "distributed")
    assert study.best_value > 0.85
    seen = 0
    for log in site.data.glob("logs/*/*/*.log"):
        ends: list[Counter[str]] = [Counter(), Counter()]
        for rank, epoch in re.findall(r"rank (\d) of 2 ends after epoch (\d+)", log.read_text()):
            ends[int(rank)][epoch] += 1
        assert ends[0] == ends[1], f"{log}: {ends}"
        seen += ends[0].total()
    assert seen >= len(study.trials)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory, binary: Path) -> list[dict[str, Any]]:
    """The curve of a trial that nobody disturbs."""
    site = Site(tmp_path_factory.mktemp("calm"), binary)
    site.run("run", str(sweep(site)))
    return site.rows(CURVE)


def sweep(site: Site) -> Path:
    text = (REPO / "configs" / "distributed.yaml").read_text(encoding="utf-8")
    for old, new in ONE:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return site.write("distributed.yaml", text.replace("workdir: distributed", f"workdir: {REPO / 'configs' / 'distributed'}"))


@pytest.mark.parametrize("victim", ["rank 0", "rank 1", "torchrun"])
def test_a_killed_process_ends_the_attempt(site: Site, calm: list[dict[str, Any]], victim: str) -> None:
    said = site.root / "said.txt"
    with said.open("w") as out:
        run = subprocess.Popen(site.command("run", str(sweep(site))), cwd=site.root, env=site.env, stdout=out, stderr=out)
    try:
        until = time.monotonic() + LIMIT
        while not kept(site):
            assert run.poll() is None and time.monotonic() < until, said.read_text()
            time.sleep(0.02)
        os.kill(processes(site)[victim], signal.SIGKILL)
        assert run.wait(LIMIT) == 0, said.read_text() + site.logs()
    finally:
        run.kill()
    assert site.rows(CURVE) == calm
    assert [row["what"] for row in site.rows("SELECT what FROM decisions_v WHERE what = 'retried'")] == ["retried"]
    first = site.rows("SELECT max(epoch) AS epoch FROM curves_v WHERE attempt = 1")[0]["epoch"]
    assert 1 <= first < 6  # the second attempt trained the rest
    assert not processes(site)


def kept(site: Site) -> bool:
    """Whether there is a checkpoint to go on from: that of an epoch is there when the next one is reported."""
    try:
        return bool(site.rows("SELECT * FROM curves_v WHERE epoch = 2"))
    except Exception:  # the record is being made
        return False


def processes(site: Site) -> dict[str, int]:
    """The processes of the trainer, by what they are."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            env = dict(entry.partition("=")[::2] for entry in (folder / "environ").read_text().split("\0"))
            line = (folder / "cmdline").read_text()
        except (OSError, UnicodeDecodeError):
            continue
        if not env.get("AUTOML_ASSIGNMENT", "").startswith(str(site.data)):
            continue
        found["torchrun" if "torch.distributed.run" in line else f"rank {env.get('RANK')}"] = int(folder.name)
    return found
