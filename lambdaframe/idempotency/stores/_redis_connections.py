"""The connections of one event loop to one server: few, kept, replaced when they are dead.

redis-py's connections do the work: address, TLS, authentication, parsing. Its pool and its ``execute_command`` cost as
much as the rest of a call, so a request goes straight to a connection, and waits for one when all are busy. Every
request may be repeated: when a connection breaks, the request is sent again at once over a new one.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import AuthenticationError, AuthorizationError, ReadOnlyError, ResponseError
from redis.exceptions import ConnectionError as BrokenError
from redis.exceptions import TimeoutError as SlowError

from lambdaframe.idempotency.stores._redis_deadlines import Deadlines

RETRIES = 2
"""How often a request is repeated when connections break."""
WATCHES = 16
"""How many connections may be waiting for something to happen, beside those that ask."""


class Limits(NamedTuple):
    """``connect``, ``read``: seconds. ``idle``: seconds of the wall clock after which a connection is not used again:
    it may have died while the process was frozen, and only a time-out would tell. ``connections``: how many may ask."""

    connect: float
    read: float
    idle: float
    connections: int


class Connections:
    """``make``: a connection that is not connected yet, without time limits and retries of its own."""

    def __init__(self, make: Callable[[], AbstractConnection], limits: Limits) -> None:
        self._make = make
        self._limits = limits
        self._slots = asyncio.Semaphore(limits.connections)
        self._watches = asyncio.Semaphore(WATCHES)
        self._kept: list[tuple[float, AbstractConnection]] = []
        self._deadlines = Deadlines(min(limits.connect, limits.read) / 8)
        self._closed = False

    async def ask(self, request: bytes, replies: int = 1) -> Any:
        """Send the request and give its reply, the last one of several. Texts are bytes.

        Raises redis-py's errors; TimeoutError when there is no reply in time, or no connection gets free.
        """
        if self._slots.locked():
            await self._wait_for_a_slot()
        else:
            await self._slots.acquire()
        try:
            return await self._ask(request, replies)
        finally:
            self._slots.release()

    async def watch(self, request: bytes, seconds: float) -> bool:
        """Whether there was a reply to a request that takes up to so many seconds; False at once when too many are
        waiting already."""
        if self._watches.locked():
            return False
        async with self._watches:
            try:
                await self._exchange(await self._kept_one(), request, 1, seconds + self._limits.read)
            except (BrokenError, SlowError, ResponseError, OSError):
                return False
            return True

    async def close(self) -> None:
        """Close what is idle; what is in use is closed when it is done."""
        self._closed = True
        await self._forget_kept(nowait=False)

    async def _wait_for_a_slot(self) -> None:
        seconds = self._limits.connect + self._limits.read
        try:
            with self._deadlines.within(seconds):
                await self._slots.acquire()
        except TimeoutError:
            raise TimeoutError(f"all {self._limits.connections} connections were busy for {seconds:g} s") from None

    async def _ask(self, request: bytes, replies: int) -> Any:
        failures = 0
        while True:
            kept = await self._kept_one()
            try:
                return await self._exchange(kept, request, replies, self._limits.read)
            except (AuthenticationError, AuthorizationError):
                raise
            except (SlowError, TimeoutError) as error:
                # On a kept connection it may be the connection that is dead. On a new one it is the server.
                if kept is None or failures == RETRIES:
                    if isinstance(error, TimeoutError):  # it is asyncio's, and says nothing
                        raise TimeoutError(f"no answer within {self._limits.read:g} s") from error
                    raise
            except (BrokenError, OSError):
                if failures == RETRIES:
                    raise
            except ResponseError as error:
                # A primary that was demoted: its name may be its successor's by now.
                if failures == RETRIES or not _is_replica(error):
                    raise
            failures += 1
            await self._forget_kept()

    async def _kept_one(self) -> AbstractConnection | None:
        """The connection that was used last; None when a new one is needed."""
        if not self._kept:
            return None
        since, connection = self._kept.pop()
        if time.time() - since <= self._limits.idle:
            return connection
        self._kept.append((since, connection))
        await self._forget_kept()
        return None

    async def _exchange(self, kept: AbstractConnection | None, request: bytes, replies: int, seconds: float) -> Any:
        connection: Any = self._make() if kept is None else kept
        reply: Any = None
        try:
            with self._deadlines.within(seconds + self._limits.connect if kept is None else seconds):
                if kept is None:
                    await connection.connect()
                elif await connection.can_read():
                    raise BrokenError("the server has closed the connection")
                await connection.send_packed_command(request)
                for _ in range(replies):
                    reply = await connection.read_response(disable_decoding=True)
        except ResponseError:
            if replies == 1:
                await self._keep(connection)
            else:
                await _drop(connection)  # further replies may be on their way
            raise
        except BaseException:
            await _drop(connection)
            raise
        await self._keep(connection)
        return reply

    async def _keep(self, connection: AbstractConnection) -> None:
        if self._closed:
            await _drop(connection)
        else:
            self._kept.append((time.time(), connection))

    async def _forget_kept(self, *, nowait: bool = True) -> None:
        # They died together: by a restart, a fail-over, a pause.
        kept, self._kept = self._kept, []
        for _, connection in kept:
            await _drop(connection, nowait=nowait)


async def _drop(connection: AbstractConnection, *, nowait: bool = True) -> None:
    with suppress(Exception):
        await connection.disconnect(nowait=nowait)


def _is_replica(error: ResponseError) -> bool:
    # Redis 6.2 says it in the middle of a sentence when the command is a script's.
    return isinstance(error, ReadOnlyError) or "READONLY" in str(error)
