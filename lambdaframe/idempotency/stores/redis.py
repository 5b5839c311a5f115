"""A store in Redis 6.2 or newer, or Valkey: one server, or a cluster.

Each move is one Lua script, atomic on the server and timed by the server's clock. What the server promises about
durability is all that is promised here: without an append-only file that is written ``always``, and at a fail-over,
records that were confirmed may be lost, and an operation is run a second time.
"""

from collections.abc import Sequence
from inspect import iscoroutinefunction
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

from redis.exceptions import RedisClusterException, RedisError

from lambdaframe.errors import ConfigurationError
from lambdaframe.idempotency.counters import Counters
from lambdaframe.idempotency.lock import Lockable
from lambdaframe.idempotency.policy import Duration
from lambdaframe.idempotency.stores._redis_cluster import Clustered
from lambdaframe.idempotency.stores._redis_connections import Connections
from lambdaframe.idempotency.stores._redis_errors import translated
from lambdaframe.idempotency.stores._redis_loops import LoopBound
from lambdaframe.idempotency.stores._redis_routes import Borrowed, Call, Direct, Route
from lambdaframe.idempotency.stores._redis_scripts import (
    SERVER_TIME,
    WAITED,
    Script,
    read,
    scripts,
    to_acquire,
    to_complete,
    to_extend,
    to_release,
)
from lambdaframe.idempotency.stores._redis_settings import IN_URL, settings
from lambdaframe.idempotency.stores._redis_url import address
from lambdaframe.idempotency.transitions import NOTHING, Claim, Outcome, Reply

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

DEFAULT_URL = "redis://localhost:6379"


class RedisStore(Lockable):
    """Records in Redis or Valkey.

    ``url``: ``redis://user:password@host:6379/0``, ``rediss://`` (TLS), ``unix:///path``; with ``redis+cluster://``,
    ``rediss+cluster://`` or ``cluster=True`` any node of a cluster. It may hold the options below and redis-py's, which
    win over the arguments. ``client``: a ``redis.asyncio`` client of yours instead; its own time limits and retries
    count, it serves one event loop, and it is never closed.

    ``prefix``: before every key; applications that share a server have different ones. ``connect_timeout``,
    ``read_timeout``: seconds or timedelta. ``max_connections``: for each event loop and server; further moves wait for
    a free one. ``max_result_size``: the longest result it keeps, in bytes; None for no limit. ``idle_limit``: seconds
    or timedelta after which a connection that was not used is replaced: it may have died while the process was frozen.

    One store serves any number of event loops of a process; its connections are kept until their loop ends, or until
    ``aclose``. It runs on asyncio. The moves raise StoreUnavailableError when there is no answer, and
    ConfigurationError for what no repetition mends: a wrong password, a missing permission. Mistakes in the URL are
    ConfigurationError here.
    """

    _clock_source: ClassVar[str] = SERVER_TIME

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        client: "Redis | RedisCluster | None" = None,
        prefix: str = "lambdaframe:",
        cluster: bool = False,
        connect_timeout: Duration = 1.0,
        read_timeout: Duration = 2.0,
        max_connections: int = 32,
        max_result_size: int | None = None,
        idle_limit: Duration = 60.0,
    ) -> None:
        if client is not None:
            _check_client(client, alone=url == DEFAULT_URL and not cluster)
        there = address(url, cluster=cluster, own=IN_URL)
        self._name = there.name if client is None else "Redis"
        arguments = {
            "prefix": prefix,
            "connect_timeout": connect_timeout,
            "read_timeout": read_timeout,
            "idle_limit": idle_limit,
            "max_connections": max_connections,
            "max_result_size": max_result_size,
        }
        given, limits, self.max_result_size = settings(self._name, arguments, there.own)

        def route() -> Route:
            if client is not None:
                return Borrowed(client, limits)
            if there.cluster:
                return Clustered(there.node, lambda node: there.make(limits.connect, node), limits)
            return Direct(Connections(lambda: there.make(limits.connect, None), limits))

        self.counters = Counters()
        self._prefix = given.encode()
        self._clustered = there.cluster
        self._routes = LoopBound(route)
        self._scripts = scripts(self._clock_source)

    async def acquire(self, claim: Claim) -> Reply:
        """See Store."""
        return await self._move("acquire", self._scripts.acquire, claim, to_acquire(claim))

    async def complete(self, claim: Claim, outcome: Outcome) -> Reply:
        """See Store."""
        return await self._move("complete", self._scripts.complete, claim, to_complete(claim, outcome), outcome)

    async def release(self, claim: Claim) -> Reply:
        """See Store."""
        return await self._move("release", self._scripts.release, claim, to_release(claim))

    async def extend(self, claim: Claim) -> Reply:
        """See Store."""
        return await self._move("extend", self._scripts.extend, claim, to_extend(claim))

    async def changed(self, key: str, seconds: float) -> bool:
        """See Notifying. For a caller that was told BUSY; sixteen wait at a time, for each event loop and server."""
        route = await self._routes.here()
        try:
            return await route.watch(self._keys(key)[1], seconds)
        except (RedisError, RedisClusterException, OSError):
            return False  # the next move says what is wrong

    async def aclose(self) -> None:
        """Close the connections of this and of other running loops. A later move connects again."""
        await self._routes.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<RedisStore {self._name}>"

    async def _move(
        self, move: str, script: Script, claim: Claim, args: Sequence[bytes], outcome: Outcome = NOTHING
    ) -> Reply:
        route = await self._routes.here()
        keys = self._keys(claim.key)
        try:
            answer = await route.run(Call(script, keys[:1], args))
            if answer == WAITED:
                answer = await route.run(Call(script, keys, args))
        except (RedisError, RedisClusterException, OSError) as error:
            raise translated(error, self._name, move, cluster=self._clustered) from error
        return read(answer, script, claim, outcome)

    def _keys(self, key: str) -> tuple[bytes, bytes]:
        # In braces the key alone decides on the slot of a cluster: https://valkey.io/topics/cluster-spec/#hash-tags
        record = b"%b{%b}" % (self._prefix, key.encode())
        return record, record + b":done"


def _check_client(client: object, *, alone: bool) -> None:
    if not alone:
        raise ConfigurationError("RedisStore takes a URL or a client, not both: the client knows where to go.")
    if not iscoroutinefunction(getattr(client, "execute_command", None)):
        kind = type(client)
        raise ConfigurationError(
            f"RedisStore's client= is a redis.asyncio.Redis or RedisCluster, not a {kind.__module__}.{kind.__name__}."
        )
