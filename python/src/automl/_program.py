"""The program automl, as Python starts it for a search."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ._errors import AutomlError


def search(document: Mapping[str, Any], data_dir: str | os.PathLike[str], whose: str) -> None:
    """Runs a sweep to its end, as ``automl run`` does; ``whose`` search it is stands in the error.

    Raises AutomlError where there is no program (on PATH, or named by AUTOML_BINARY), and where the study ended without a result.
    """
    program = os.environ.get("AUTOML_BINARY") or shutil.which("automl")
    if program is None:
        raise AutomlError(f"{whose}: the program automl is not on PATH, nor does AUTOML_BINARY name it")
    with tempfile.TemporaryDirectory() as folder:
        sweep = Path(folder) / "sweep.json"
        sweep.write_text(json.dumps(document), encoding="utf-8")
        done = subprocess.run([program, "run", str(sweep), "--data-dir", os.fspath(data_dir)], check=False)
    if done.returncode != 0:
        raise AutomlError(f"{whose}: automl run ended with exit status {done.returncode}; what it wrote says why")
