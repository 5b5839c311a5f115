"""Forking, and the two pipes between this process and a child.

A child costs a few milliseconds, because everything is imported before. This process has no thread and no running
loop, so that forking it is safe.
"""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.chaos.wire import FromWorker, Inbox, ToWorker, pack

_MOST_FILES = 4_096


class Process:
    """A child of this process. ``events``: the pipe it writes to."""

    def __init__(self, pid: int, events: int, commands: int) -> None:
        self.pid, self.events, self._commands = pid, events, commands
        self._inbox = Inbox()

    def tell(self, message: ToWorker) -> None:
        """Nothing happens when it is dead; that is learned from its own pipe."""
        data = pack(message)
        with suppress(BrokenPipeError):
            written = os.write(self._commands, data)  # never waits: a stopped process would stop this one
            assert written == len(data)

    def heard(self) -> "list[FromWorker] | None":
        """What it has said since; None when it is dead and all it said was heard. Waits when there is nothing."""
        data = os.read(self.events, 1 << 16)
        return self._inbox.feed(data) if data else None  # type: ignore[return-value]  # pyright: ignore[reportReturnType] -- a child sends these

    def signal(self, what: signal.Signals) -> None:
        """Only to a process that was not waited for: its id is still its own."""
        os.kill(self.pid, what)

    def end(self) -> int:
        """Wait for its end and close the pipes. The signal that ended it, negative; or its exit status."""
        _, status = os.waitpid(self.pid, 0)
        os.close(self.events)
        os.close(self._commands)
        return os.waitstatus_to_exitcode(status)


def spawn(run: Callable[[int, int], None], output: int) -> Process:
    """``run(events, commands)`` in a child whose output goes to the file ``output``."""
    events, child_events = os.pipe()
    child_commands, commands = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        _child(run, child_events, child_commands, output)
    os.close(child_events)
    os.close(child_commands)
    os.set_blocking(commands, False)
    return Process(pid, events, commands)


class Server:
    """A server in a child, as a context manager. ``run(listening)`` serves, and calls ``listening(port)`` when it does.

    It ends with this block, and with this process.
    """

    def __init__(self, run: Callable[[Callable[[int], None]], None]) -> None:
        self._run = run

    def __enter__(self) -> Self:
        with open(os.devnull, "w") as nowhere:
            self._process = spawn(self._serve, nowhere.fileno())
        self.port = int(os.read(self._process.events, 16))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.signal(signal.SIGKILL)
        self._process.end()

    def _serve(self, events: int, commands: int) -> None:
        def end_with_parent() -> None:
            os.read(commands, 1)  # until the other end is closed
            os._exit(0)

        threading.Thread(target=end_with_parent, daemon=True).start()

        def listening(port: int) -> None:
            os.write(events, str(port).encode())

        self._run(listening)


def _child(run: Callable[[int, int], None], events: int, commands: int, output: int) -> None:
    status = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.dup2(output, 1)
        os.dup2(output, 2)
        low, high = sorted((events, commands))
        # The other children's pipes must not stay open here: nobody would learn of an end.
        os.closerange(3, low)
        os.closerange(low + 1, high)
        os.closerange(high + 1, _MOST_FILES)
        run(events, commands)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
