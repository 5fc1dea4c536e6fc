"""The built program, and a place to run it in."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPO = Path(__file__).resolve().parents[2]
LIMIT = 1200  # seconds of a run of the program, on a machine that does other things too


@pytest.fixture(scope="session")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The automl program: AUTOML_BINARY, or built from this repository."""
    if given := os.environ.get("AUTOML_BINARY"):
        return Path(given)
    go = shutil.which("go")
    if go is None:
        pytest.skip("neither AUTOML_BINARY nor go is there")
    path = tmp_path_factory.mktemp("bin") / "automl"
    subprocess.run([go, "build", "-o", str(path), "./cmd/automl"], cwd=REPO, check=True)
    return path


class Site:
    """A folder with scripts and sweeps, its data directory, and the ways to run the program there."""

    def __init__(self, root: Path, binary: Path) -> None:
        self.root, self.binary, self.data = root, binary, root / "data"
        tools = root / "tools"  # python3 is this interpreter, as in an activated virtual environment
        tools.mkdir()
        (tools / "python3").symlink_to(sys.executable)
        self.env = dict(os.environ)
        for name in [name for name in self.env if name.startswith(("AUTOML_", "RANK"))]:
            del self.env[name]
        self.env["PATH"] = f"{tools}{os.pathsep}{self.env['PATH']}"
        self.env["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.write_text(text, encoding="utf-8")
        return path

    def command(self, *args: str) -> list[str]:
        return [str(self.binary), *args, "--data-dir", str(self.data)]

    def run(self, *args: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Runs the program to its end, with the exit code it must have."""
        done = subprocess.run(
            self.command(*args), cwd=self.root, env=self.env, capture_output=True, text=True, timeout=LIMIT, check=False
        )
        assert done.returncode == code, f"automl {' '.join(args)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}{self.logs()}"
        return done

    def script(self, path: Path, **env: str) -> subprocess.CompletedProcess[str]:
        """Runs a script as a person would."""
        return subprocess.run(
            [sys.executable, str(path)],
            cwd=self.root,
            env=self.env | env,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """What the record says."""
        with sqlite3.connect(f"file:{self.data / 'automl.db'}?mode=ro", uri=True) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]

    def study(self) -> dict[str, Any]:
        """The document of the study."""
        document: dict[str, Any] = json.loads(self.rows("SELECT document FROM studies_v")[0]["document"])
        return document

    def logs(self) -> str:
        """What trainers printed, the last lines of each attempt."""
        tails = []
        for path in sorted(self.data.glob("logs/*/*/*.log"))[-3:]:
            tails.append(f"\n-- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-15:]))
        return "".join(tails)


@pytest.fixture
def site(tmp_path: Path, binary: Path) -> Iterator[Site]:
    yield Site(tmp_path, binary)
