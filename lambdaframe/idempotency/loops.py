"""Which event loop serves a thread that blocks.

A worker thread of anyio's (sync routes and consumers run in these) is served by the loop it works for. All others
share one loop of this process. That one is the only state that a module of ours holds, because a process can't have it
twice: stores keep their connections for each loop. Its thread is a daemon: nothing waits for it when the process ends.
"""

import asyncio
import atexit
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Lock, Thread
from types import ModuleType
from typing import Any, Protocol

from lambdaframe.concurrency import on_asyncio
from lambdaframe.errors import ConfigurationError


def check_may_block(name: str) -> None:
    """Raises ConfigurationError where an event loop runs in this thread."""
    trio = sys.modules.get("trio")
    if on_asyncio() or (trio is not None and trio.lowlevel.in_trio_run()):
        raise ConfigurationError(
            f"{name} is a sync function, and would block the event loop that runs in this thread: call it in a worker "
            "thread, as by asyncio.to_thread(), or write 'async def'. If it wraps an async function, put @idempotent "
            "next to that one, below other decorators."
        )


def worker() -> ModuleType | None:
    """``anyio.from_thread`` in a worker thread of an event loop, None in any other.

    Raises the cancellation of whoever waits for the thread, if there was one.
    """
    if "anyio" not in sys.modules:  # then nothing is its worker
        return None
    from anyio import from_thread

    try:
        from_thread.check_cancelled()
    except RuntimeError:
        return None
    return from_thread


class Event(Protocol):
    """asyncio's or trio's."""

    async def wait(self) -> Any:
        """Return when it is set."""
        ...


def event() -> tuple[Event, Callable[[], object]]:
    """An event of the running loop, and what sets it from any thread, or raises RuntimeError when the loop is over."""
    if on_asyncio():
        on_loop = asyncio.Event()
        return on_loop, partial(asyncio.get_running_loop().call_soon_threadsafe, on_loop.set)
    import trio

    on_trio = trio.Event()
    return on_trio, partial(trio.lowlevel.current_trio_token().run_sync_soon, on_trio.set)


LAST_WORDS = 1.0
"""Seconds that connections get to be closed when the process ends."""


class LoopThread:
    """An event loop in a daemon thread, started when it is first asked for."""

    _lock: Lock
    _loop: asyncio.AbstractEventLoop | None

    def __init__(self) -> None:
        self.forget()

    def loop(self) -> asyncio.AbstractEventLoop:
        """The running loop. Safe from any thread; raises RuntimeError when the interpreter is shutting down."""
        with self._lock:
            if self._loop is None:
                loop = asyncio.new_event_loop()
                Thread(target=loop.run_forever, name="lambdaframe idempotency", daemon=True).start()
                self._loop = loop
            return self._loop

    def close_connections(self) -> None:
        """End what stores keep for as long as the loop lives. The loop goes on: there may be callers yet."""
        if self._loop is not None:
            closing = asyncio.run_coroutine_threadsafe(self._loop.shutdown_asyncgens(), self._loop)
            with suppress(Exception):
                closing.result(LAST_WORDS)

    def forget(self) -> None:
        """Start anew. A forked child has the memory but not the thread, and perhaps a lock that nobody will open."""
        self._lock = Lock()
        self._loop = None


_LOOP_THREAD = LoopThread()

background_loop = _LOOP_THREAD.loop

atexit.register(_LOOP_THREAD.close_connections)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_LOOP_THREAD.forget)
