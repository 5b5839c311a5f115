"""Servers of our own on this machine: a free port, the wait until one listens, and uvicorn as a context manager."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

START_TIMEOUT = 30.0
"""Seconds until a server must listen."""


class ServerError(Exception):
    """A server did not start."""


def free_port() -> int:
    """A loopback port on which nobody listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_listening(port: int, process: "subprocess.Popen[str]", timeout: float = START_TIMEOUT) -> None:
    """Return as soon as ``process`` accepts connections on the loopback ``port``.

    Raises ServerError when it ends before, or does not listen within ``timeout`` seconds.
    """
    limit = time.monotonic() + timeout
    while time.monotonic() < limit:
        if process.poll() is not None:
            raise ServerError(
                f"{process.args!r} ended with status {process.returncode} before it listened on port {port}."
            )
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise ServerError(f"{process.args!r} did not listen on port {port} within {timeout} s.")


class Uvicorn:
    """An ASGI application served by uvicorn, in a process of its own, on a free loopback port.

    ``folder`` holds the code, ``app`` is ``module:name`` in it. Use it as a context manager; ``url`` is where it is.
    """

    def __init__(
        self, folder: str | Path, app: str = "main:app", *, environment: Mapping[str, str] | None = None
    ) -> None:
        self.folder = Path(folder).resolve()
        self.app = app
        self.environment = dict(environment or {})

    def __enter__(self) -> Self:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        # A file, not a pipe: what the application wrote before it answered can be read after the answer. Opened for
        # appending, because the two processes share one position in it.
        self._output = tempfile.TemporaryFile("a+")
        self._position = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", self.app, "--port", str(port), "--log-level", "warning"],
            cwd=self.folder,
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            wait_until_listening(port, self._process)
        except BaseException as error:
            self._stop()
            error.add_note("\n".join(self.lines()))
            self._output.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        self._output.close()

    def lines(self) -> list[str]:
        """What the process has written since this was last asked."""
        self._output.seek(self._position)
        text = self._output.read()
        self._position = self._output.tell()
        return text.splitlines()

    def stop(self) -> list[str]:
        """End it as a terminal would, wait, and give the lines it wrote until then."""
        self._stop()
        return self.lines()

    def kill(self) -> None:
        """End it at once, as a power failure would."""
        self._process.kill()
        self._process.wait()

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
