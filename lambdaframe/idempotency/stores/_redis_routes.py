"""How a script gets to the server that has the key: over connections of ours, or through a client of the user's."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from redis.asyncio.connection import AbstractConnection
from redis.client import NEVER_DECODE
from redis.exceptions import NoScriptError

from lambdaframe.idempotency.stores._redis_connections import Connections, Limits
from lambdaframe.idempotency.stores._redis_scripts import Script


class Call(NamedTuple):
    """A script, with its KEYS and ARGV. The keys are in one slot of a cluster."""

    script: Script
    keys: Sequence[bytes]
    args: Sequence[bytes]


class Route(Protocol):
    """The way to the server, or the servers, of one event loop."""

    async def run(self, call: Call) -> bytes:
        """What the script answers. Raises redis-py's errors, OSError, TimeoutError."""
        ...

    async def watch(self, tokens: bytes, seconds: float) -> bool:
        """Whether there was a token in this list, or so many seconds have gone by; False at once when it can't be
        watched."""
        ...

    async def close(self) -> None:
        """Close the connections that are its own."""
        ...


class Direct:
    """One server."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def run(self, call: Call) -> bytes:
        """See Route."""
        return await run_at(self._connections, call)

    async def watch(self, tokens: bytes, seconds: float) -> bool:
        """See Route."""
        return await watch_at(self._connections, tokens, seconds)

    async def close(self) -> None:
        """See Route."""
        await self._connections.close()


class Borrowed:
    """A client of the user's, ``redis.asyncio.Redis`` or ``RedisCluster``, with its own time limits and retries.

    Who waits must not take connections away from it, so these are beside its pool; a cluster is not watched.
    """

    def __init__(self, client: Any, limits: Limits) -> None:
        self._client = client
        self._pool = getattr(client, "connection_pool", None)
        self._watching = Connections(self._make, limits)

    async def run(self, call: Call) -> bytes:
        """See Route."""
        words = (len(call.keys), *call.keys, *call.args)
        as_bytes = {NEVER_DECODE: True}
        try:
            answer: bytes = await self._client.execute_command("EVALSHA", call.script.sha, *words, **as_bytes)
        except NoScriptError:
            answer = await self._client.execute_command("EVAL", call.script.source, *words, **as_bytes)
        return answer

    async def watch(self, tokens: bytes, seconds: float) -> bool:
        """See Route."""
        return self._pool is not None and await watch_at(self._watching, tokens, seconds)

    async def close(self) -> None:
        """See Route."""
        await self._watching.close()

    def _make(self) -> AbstractConnection:
        connection: AbstractConnection = self._pool.make_connection()  # type: ignore[union-attr]  # watch() has looked
        connection.socket_timeout = None
        return connection


def packed(*words: bytes) -> bytes:
    """A command as it is sent: https://valkey.io/topics/protocol/"""
    return b"".join([b"*%d\r\n" % len(words), *[b"$%d\r\n%b\r\n" % (len(word), word) for word in words]])


async def run_at(server: Connections, call: Call, before: bytes = b"") -> bytes:
    """Run it there. A server that does not know the script, because it is new or forgot it, is sent the source.

    ``before``: a command that has to come right before.
    """
    words = (b"%d" % len(call.keys), *call.keys, *call.args)
    replies = 2 if before else 1
    try:
        answer: bytes = await server.ask(before + packed(b"EVALSHA", call.script.sha, *words), replies)
    except NoScriptError:
        answer = await server.ask(before + packed(b"EVAL", call.script.source, *words), replies)
    return answer


async def watch_at(server: Connections, tokens: bytes, seconds: float) -> bool:
    """Wait there for a token: https://valkey.io/commands/blmove/"""
    if seconds <= 0:
        return True
    # Moved to where it was, it is there for the next one who waits. Zero means for ever, and to 6.2 a ms is zero.
    timeout = b"%.3f" % max(seconds, 0.01)
    return await server.watch(packed(b"BLMOVE", tokens, tokens, b"LEFT", b"RIGHT", timeout), seconds)
