"""The program automl, as Python starts it for a search."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ._errors import AutomlError


def search(document: Mapping[str, Any], data_dir: str | os.PathLike[str], whose: str) -> None:
    """Runs a sweep to its end, as ``automl run`` does; ``whose`` search it is stands in the error.

    Raises AutomlError where there is no program (on PATH, or named by AUTOML_BINARY), and where the study ended without a result.
    """
    given = os.environ.get("AUTOML_BINARY")
    program = shutil.which(given or "automl")
    if program is None:
        there = f"AUTOML_BINARY names {given!r}, which is no program" if given else "it is not on PATH, nor does AUTOML_BINARY name it"
        raise AutomlError(f"{whose} runs the program automl, and {there}")
    try:
        text = json.dumps(document)
    except (TypeError, ValueError) as error:
        raise AutomlError(f"{whose}: a sweep holds texts, numbers, booleans, lists and dictionaries: {error}") from error
    with tempfile.TemporaryDirectory() as folder:
        sweep = Path(folder) / "sweep.json"
        sweep.write_text(text, encoding="utf-8")
        status, said = _run([program, "run", str(sweep), "--data-dir", os.fspath(data_dir)])
    if status != 0:
        raise AutomlError(f"{whose}: automl run ended with exit status {status}: {said or 'what it wrote says why'}")


LAST = 12
"""Lines of what the program wrote that an error shows."""


def _run(command: list[str]) -> tuple[int, str]:
    """The exit status of a command, and the last that it wrote on standard error, which is passed on line by line.

    A notebook shows what is written to sys.stderr, and not what a child process writes by itself. On a terminal the program
    draws there by itself.
    """
    shown = sys.stderr is sys.__stderr__ and os.isatty(2)
    with subprocess.Popen(command, stderr=None if shown else subprocess.PIPE, text=True, errors="replace") as process:
        last: deque[str] = deque(maxlen=LAST)
        try:
            for line in process.stderr or ():
                sys.stderr.write(line)
                last.append(line)
            return process.wait(), "".join(last).strip()
        except BaseException:  # of a person, mostly: the program keeps the study, and ends
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
