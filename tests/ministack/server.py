"""ministack, an emulator of AWS, in a process of its own on a free loopback port."""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from docs.examples.loopback import free_port, wait_until_listening

REGION = "us-east-1"


def unsupported() -> str | None:
    """Why ministack can't run here, or None where it can."""
    return None if find_spec("ministack") and find_spec("boto3") else "ministack and boto3 are not installed."


class Ministack:
    """A fresh AWS with nothing in it. ``folder`` is for its files. Use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._output = tempfile.TemporaryFile("a+")
        # Without BIND_HOST it would listen on every interface. Functions run as processes of this interpreter.
        own = {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "LAMBDA_EXECUTOR": "local",
            "TMPDIR": str(self.folder),
            "NO_PROXY": "127.0.0.1,localhost",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            cwd=self.folder,
            env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | own,
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
            error.add_note(self.said())
            self._output.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        if error is not None:
            error.add_note(self.said())
        self._output.close()

    def client(self, service: str) -> Any:
        """A client of boto3."""
        import boto3  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs] -- it has none
        from botocore.config import Config  # type: ignore[import-untyped]  # pyright: ignore -- as above

        make: Any = boto3.client  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] -- as above
        return make(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(proxies={}, retries={"total_max_attempts": 1}, read_timeout=60),
        )

    def said(self) -> str:
        """The end of what it has written."""
        self._output.seek(0)
        return "\n".join(self._output.read().splitlines()[-40:])

    def _stop(self) -> None:
        """End it and the functions that it runs: they are one process group."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
