"""The runtime: one event loop and one lifespan for the life of the process.

Nothing else in the framework owns a loop. The loop is kept between invocations, so clients made once at module level
work over any number of them. Each invocation runs in a task of its own, and so in a fresh copy of the context
variables.

Lifespan protocol: https://asgi.readthedocs.io/en/latest/specs/lifespan.html
"""

import asyncio
import math
import weakref
from collections.abc import Coroutine
from typing import Any, TypeVar

from lambdaframe.errors import LifespanError
from lambdaframe.logging import get_logger
from lambdaframe.types import ASGIApp, Message

T = TypeVar("T")

_RECANCEL = 0.05
"""Seconds after which a task that ignored its cancellation is cancelled again."""

_LAST_WORDS = 1.0
"""Seconds that tasks get to clean up when the process ends."""

_log = get_logger("lambdaframe.runtime")


class DeadlineExceededError(Exception):
    """Raised by ``Runtime.run`` when it cancelled the work at the deadline."""


class Runtime:
    """Runs coroutines of one application on the process's own loop, from synchronous code.

    It must be used from one thread, and not from inside a running loop. ``state`` is what the lifespan yielded.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._loop = asyncio.new_event_loop()
        self._lifespan = _Lifespan(app)
        self._watch = _Watch(self._loop)
        self._close = weakref.finalize(self, _shut_down, self._loop, self._lifespan)

    @property
    def state(self) -> dict[str, Any]:
        return self._lifespan.state

    def start(self) -> None:
        """Run the lifespan's start-up unless it is up already. Raises LifespanError when it fails."""
        if self._lifespan.task is None:
            self.run(self._lifespan.start())

    def stop(self) -> None:
        """Run the lifespan's shutdown, if it is up. ``start`` starts it again."""
        if self._lifespan.task is not None:
            self.run(self._lifespan.stop())

    @property
    def running(self) -> bool:
        """Whether the loop is at work right now (seen from a signal handler)."""
        return self._loop.is_running()

    def run(self, coro: Coroutine[Any, Any, T], *, soft: float = math.inf, hard: float = math.inf) -> T:
        """The coroutine's result. It is cancelled after ``soft`` seconds; after ``hard`` seconds it is left behind.

        Raises DeadlineExceededError in both cases, and whatever the coroutine raises.
        """
        if asyncio._get_running_loop() is not None:  # noqa: SLF001  exported by asyncio, and four times as quick
            coro.close()
            raise RuntimeError("This is called from synchronous code, as Lambda does, not from inside an event loop.")
        if soft <= 0:
            coro.close()
            raise DeadlineExceededError
        task = self._loop.create_task(self._then_stop(coro))
        watch = self._watch
        watch.arm(task, soft, hard)
        try:
            while not (task.done() or watch.abandoned):
                self._loop.run_forever()
        except BaseException:  # SystemExit or KeyboardInterrupt, out of some task
            if task.done() and not task.cancelled():
                task.exception()  # it is on its way already
            raise
        finally:
            watch.disarm()
        if watch.abandoned:
            _log.error("The handler ignored its cancellation at the deadline and was left behind")
            raise DeadlineExceededError
        if watch.fired and task.cancelled():
            raise DeadlineExceededError
        return task.result()

    async def _then_stop(self, coro: Coroutine[Any, Any, T]) -> T:
        """Stop the loop in the step that ends the work: ``run_until_complete`` takes another turn of the loop for it,
        which is a third of what an event costs."""
        try:
            return await coro
        finally:
            self._loop.stop()

    def close(self) -> None:
        """Run the lifespan's shutdown and close the loop. Happens by itself when the process ends."""
        self._close()


class _Watch:
    """Watches one task at a time: cancels it at its deadline, again while it goes on, and at last lets it go.

    One timer serves all invocations: it is set anew when it fires too early, so that arming costs no timer of its own.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._task: asyncio.Task[Any] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._soft = self._hard = math.inf
        self.fired = self.abandoned = False

    def arm(self, task: "asyncio.Task[Any]", soft: float, hard: float) -> None:
        self._task = task
        self.fired = self.abandoned = False
        if soft != math.inf:
            now = self._loop.time()
            self._soft, self._hard = now + soft, now + hard
            self._set_timer(self._soft)
        else:
            self._soft = self._hard = soft

    def disarm(self) -> None:
        self._task = None

    def _set_timer(self, when: float) -> None:
        if self._timer is None or when < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(when, self._check)

    def _check(self) -> None:
        self._timer = None
        now = self._loop.time()
        if self._task is None or self._task.done():
            return
        if now < self._soft:
            if self._soft != math.inf:
                self._set_timer(self._soft)
        elif self.fired and now >= self._hard:
            self.abandoned = True
            self._loop.stop()
        else:
            self.fired = True
            self._task.cancel()
            self._set_timer(now + _RECANCEL)


class _Lifespan:
    """The application's side of the lifespan, kept running between invocations."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.state: dict[str, Any] = {}
        self.task: asyncio.Task[None] | None = None
        self._inbox: asyncio.Queue[Message]
        self._answer: asyncio.Future[Message] | None = None

    async def start(self) -> None:
        self.state = {}
        self._inbox = asyncio.Queue()
        self.task = asyncio.get_running_loop().create_task(self._serve())
        answer = await self._ask("lifespan.startup", self.task)
        if answer["type"] == "lifespan.startup.failed":
            self.task = None
            raise LifespanError(f"The application's start-up failed: {answer.get('message', '')}")

    async def stop(self) -> None:
        task, self.task = self.task, None
        if task is None or task.done():
            return
        answer = await self._ask("lifespan.shutdown", task)
        if answer["type"] == "lifespan.shutdown.failed":
            _log.error("The application's shutdown failed", reason=answer.get("message", ""))

    async def _ask(self, message: str, task: "asyncio.Task[None]") -> Message:
        """Send a message to the application and wait for its answer, or for it to end without one."""
        self._answer = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait({"type": message})
        awaited: tuple[asyncio.Future[Any], ...] = (task, self._answer)
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        if self._answer.done():
            return self._answer.result()
        return {"type": "lifespan.unsupported"}

    async def _serve(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        try:
            await self._app(scope, self._inbox.get, self._send)
        except BaseException as exc:
            if self._answer is None or not self._answer.done():
                _log.debug("The application does not speak the lifespan protocol", reason=repr(exc))
            else:
                _log.exception("The application's lifespan failed")

    async def _send(self, message: Message) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(message)


def _shut_down(loop: asyncio.AbstractEventLoop, lifespan: _Lifespan) -> None:
    if loop.is_closed() or loop.is_running():
        return
    if asyncio._get_running_loop() is not None:  # noqa: SLF001  a forgotten runtime, collected while another loop runs
        import threading

        thread = threading.Thread(target=_shut_down, args=(loop, lifespan))
        thread.start()
        thread.join()
        return
    try:
        loop.run_until_complete(lifespan.stop())
        leftovers = asyncio.all_tasks(loop)
        for task in leftovers:
            task.cancel()
        if leftovers:  # one that goes on although it was cancelled must not keep the process
            loop.run_until_complete(asyncio.wait(leftovers, timeout=_LAST_WORDS))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
