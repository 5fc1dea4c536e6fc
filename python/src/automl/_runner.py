"""The line to the runner: a unix socket, one JSON object a line."""

from __future__ import annotations

import json
import os
import socket
from typing import Any, TextIO

from ._errors import ProtocolError

ASSIGNMENT, SOCKET = "AUTOML_ASSIGNMENT", "AUTOML_SOCKET"


def read_work() -> dict[str, Any] | None:
    """The work file that a runner wrote for this process; None where no runner started it."""
    path = os.environ.get(ASSIGNMENT)
    if not path:
        return None
    try:
        with open(path, encoding="utf-8") as file:
            work: dict[str, Any] = json.load(file)
            return work
    except (OSError, ValueError) as error:
        raise ProtocolError(f"the work file {path} cannot be read: {error}") from error


class Runner:
    """Connects with the first message."""

    def __init__(self) -> None:
        self._lines: TextIO | None = None

    def _connection(self) -> TextIO:
        if self._lines is None:
            path = os.environ.get(SOCKET, "")
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(path)
            except OSError as error:
                connection.close()
                raise ProtocolError(f"the runner is not reached at {path!r}: {error}") from error
            self._lines = connection.makefile("rw", encoding="utf-8", newline="\n")
            connection.close()  # the file keeps it open
        return self._lines

    def send(self, message: dict[str, Any]) -> None:
        """Sends a message that is not answered."""
        try:
            lines = self._connection()
            lines.write(json.dumps(message) + "\n")
            lines.flush()
        except OSError as error:
            raise ProtocolError(f"the runner is gone: {error}") from error

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Sends a message and waits for its answer."""
        self.send(message)
        try:
            line = self._connection().readline()
        except OSError as error:
            raise ProtocolError(f"the runner is gone: {error}") from error
        if not line:
            raise ProtocolError("the runner is gone: it closed the connection")
        answer: dict[str, Any] = json.loads(line)
        if answer.get("error"):
            raise ProtocolError(f"the runner refuses {next(iter(message))}: {answer['error']}")
        return answer
