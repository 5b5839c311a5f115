"""Idempotent calls of sync functions: the function runs in its caller's thread, the store on an event loop in another.

Heartbeats have to go on while the function blocks, so its own thread can't run the loop. Where the thread is a worker
of an event loop (a sync route or consumer, ``anyio.to_thread``), that loop is used, and with it the connections that it
has; else one loop of this process (see ``loops``). The caller's thread waits for what the loop tells it: to run the
function now, or how the call has ended.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from threading import Lock
from types import TracebackType
from typing import Any, Generic, NamedTuple, TypeVar, cast

from lambdaframe.concurrency import cancelled_error, on_asyncio
from lambdaframe.errors import ConfigurationError, StoreUnavailableError
from lambdaframe.idempotency.codec import NoEffectError
from lambdaframe.idempotency.lease import Lease, current_lease, held_leases
from lambdaframe.idempotency.loops import background_loop, check_may_block, event, worker
from lambdaframe.idempotency.runner import Operation, is_disabled, run_once, run_unrecorded

T = TypeVar("T")

LOOK = 1.0
"""Seconds between two looks whether the loop is still there."""
LAST_WORDS = 1.0
"""Seconds that a caller who was interrupted gives the loop to leave the record as it should be."""


def run_blocking(operation: Operation[T], key: str, fingerprint: str, function: Callable[[], T]) -> T:
    """``run_once`` for a function that blocks: in the thread and the context of the caller, who gets its result.

    Raises what ``run_once`` does, StoreUnavailableError when the loop ends meanwhile, and ConfigurationError inside a
    running event loop.
    """
    check_may_block(operation.name)
    if is_disabled():
        return _at_once(run_unrecorded(_async(function)))
    return _Call(operation, key, fingerprint, function).result()


class _Run(NamedTuple):
    """Told by the loop: run the function under these leases, then call ``wake``."""

    leases: tuple[Lease, ...]
    wake: Callable[[], object]


class _End(NamedTuple):
    """Told by the loop: how the call has ended."""

    value: Any
    error: BaseException | None


_NOTHING = _End(None, None)


class _InterruptedError(BaseException):
    """What the loop sees of a KeyboardInterrupt, a SystemExit or the like in the function: they would end the loop. The
    record stays as it is: nobody knows how far the function came."""


class _Raised(NamedTuple):
    """What the function raised, and from where: the traceback grows on the way over the loop."""

    error: BaseException
    trace: TracebackType | None


class _Call(Generic[T]):
    """One call: what the caller's thread and the loop tell each other."""

    def __init__(self, operation: Operation[T], key: str, fingerprint: str, function: Callable[[], T]) -> None:
        self._name = operation.name
        self._asked = (operation, key, fingerprint)
        self._function = function
        self._inbox: SimpleQueue[_Run | _End] = SimpleQueue()
        self._begun = Lock()  # taken once: by the thread that runs the function, or by the loop that withdraws the call
        self._worker = worker()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._value: T
        self._error: Exception | _InterruptedError | None = None
        self._raised: _Raised | None = None

    # In the caller's thread

    def result(self) -> T:
        """Make the call."""
        try:
            with self._interruptible():
                self._start()
                told = self._receive()
                if isinstance(told, _Run):
                    self._run(told)
                    told = self._receive()
            end = cast("_End", told)
            if end.error is None:
                return cast("T", end.value)
            raise self._original(end.error)
        finally:
            # An exception holds its frames, and they hold this: without a cycle all is freed at once.
            told = end = _NOTHING
            self._error = self._raised = None

    def _start(self) -> None:
        try:
            if self._worker is not None:
                self._worker.run_sync(self._begin)
            else:
                self._loop = background_loop()
                self._loop.call_soon_threadsafe(self._begin)
        except RuntimeError as exc:  # the loop is closed, or the interpreter starts no thread any more
            raise StoreUnavailableError(self._name, "start", exc) from exc

    def _receive(self) -> _Run | _End:
        while True:
            with suppress(Empty):
                return self._inbox.get(timeout=LOOK)
            if self._loop is not None and self._loop.is_closed() and self._inbox.empty():
                gone = RuntimeError("the event loop of this thread was closed")
                raise StoreUnavailableError(self._name, "go on", gone)

    def _run(self, told: _Run) -> None:
        if not self._begun.acquire(blocking=False):
            return
        outer = held_leases.get()
        held_leases.set(told.leases)
        began = False
        try:
            if self._worker is not None:
                self._worker.check_cancelled()  # whoever waits for this thread may have given up meanwhile
            began = True
            self._value = value = self._function()
            _check(self._name, value)
        except BaseException as error:
            self._raised = _Raised(error, error.__traceback__)
            if not began or told.leases[-1].without_effect is error:
                self._error = NoEffectError()
            else:
                self._error = error if isinstance(error, Exception) else _InterruptedError()
        finally:
            held_leases.set(outer)
        with suppress(RuntimeError):  # the loop has ended, and said so
            told.wake()

    def _original(self, error: BaseException) -> BaseException:
        """The function's own error, with its own traceback, where that is what the loop tells."""
        raised = self._raised
        if raised is None:
            return error
        # A StopIteration can't pass through a coroutine: https://peps.python.org/pep-0479/
        if error is self._error or error.__cause__ is raised.error:
            return raised.error.with_traceback(raised.trace)
        return error

    @contextmanager
    def _interruptible(self) -> Generator[None]:
        """Interrupted while it waits (KeyboardInterrupt), the thread ends the call on the loop before it goes on."""
        try:
            yield
        except BaseException:
            loop = self._loop
            if loop is not None and not loop.is_closed():
                loop.call_soon_threadsafe(self._cancel)
                with suppress(Empty):
                    while not isinstance(self._inbox.get(timeout=LAST_WORDS), _End):
                        pass
            raise

    # On the loop

    def _begin(self) -> None:
        if on_asyncio():
            self._loop = asyncio.get_running_loop()
            self._task = self._loop.create_task(self._main())
        else:
            from contextvars import copy_context

            from trio.lowlevel import spawn_system_task

            spawn_system_task(self._main, context=copy_context())

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _main(self) -> None:
        try:
            self._inbox.put(_End(await run_once(*self._asked, self._ask), None))
        except (Exception, _InterruptedError) as error:
            self._inbox.put(_End(None, error))
        except BaseException as error:
            self._inbox.put(_End(None, error))
            raise

    async def _ask(self) -> T:
        """Have the caller's thread run the function."""
        answered, wake = event()
        self._inbox.put(_Run(held_leases.get(), wake))
        try:
            await answered.wait()
        except cancelled_error() as cancellation:
            if self._begun.acquire(blocking=False):
                current_lease().without_effect = cancellation
            raise
        if self._error is not None:
            raise self._error
        return self._value


def _check(name: str, value: object) -> None:
    if isinstance(value, Coroutine):
        value.close()
        raise ConfigurationError(
            f"{name} gave a coroutine: put @idempotent next to the async function, below other decorators."
        )


def _async(function: Callable[[], T]) -> Callable[[], Coroutine[Any, Any, T]]:
    async def call() -> T:
        return function()

    return call


def _at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return cast("T", stop.value)
    raise AssertionError("it waits")
