"""``lambdaframe work`` as a process of its own, on an application that writes down what it does."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from textwrap import dedent
from types import TracebackType
from typing import Self

from docs.examples.local_aws import CREDENTIALS

APPLICATION = dedent('''
    """Writes a line for each order it begins and ends. An order waits while the file ``hold`` is there."""

    import asyncio
    import time
    from contextlib import asynccontextmanager
    from pathlib import Path

    from lambdaframe import App, Record

    here = Path(__file__).parent


    def note(*words):
        with (here / "notes").open("a") as notes:
            print(*words, file=notes, flush=True)


    @asynccontextmanager
    async def lifespan(app):
        note("up")
        yield
        note("down")


    app = App(service="orders", lifespan=lifespan)


    @app.sqs()
    async def fulfil(order: int, record: Record):
        note("begun", order)
        while (here / "hold").exists():
            await asyncio.sleep(0.01)
        note("fulfilled", order)


    @app.sqs("blocking")
    def block(order: int):
        note("begun", order)
        time.sleep(600)


    @app.kinesis("clicks")
    async def count(click: int):
        note("clicked", click)
''')


class Folder:
    """Where the application stands, and what it has written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "main.py").write_text(APPLICATION)

    def hold(self) -> None:
        """Let no order be done."""
        (self.path / "hold").touch()

    def release(self) -> None:
        (self.path / "hold").unlink()

    def notes(self, word: str) -> Counter[str]:
        """What follows this word, and how often."""
        notes = self.path / "notes"
        lines = notes.read_text().splitlines() if notes.exists() else []
        return Counter(line.removeprefix(word).strip() for line in lines if line.split()[0] == word)


class Process:
    """``lambdaframe work main:app …`` in a folder. Its lines go to the file ``log``. It is killed at the end."""

    def __init__(self, folder: Folder, *options: str) -> None:
        self._log = folder.path / "log"
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "lambdaframe.cli", "work", "main:app", *options],
                cwd=folder.path,
                env=os.environ | CREDENTIALS,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        if error is not None:
            error.add_note(self.log())

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def status(self) -> int:
        """Its exit status, when it has ended."""
        return self._process.wait(timeout=30)

    def log(self) -> str:
        return self._log.read_text()
