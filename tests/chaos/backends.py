"""The stores under test: each with its server, and how a worker opens it."""

import asyncio
import os
import random
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Protocol, Self

from docs.examples.local_aws import CREDENTIALS
from docs.examples.local_redis import LocalRedis
from lambdaframe.idempotency.store import Store
from lambdaframe.idempotency.stores.memory import MemoryStore
from lambdaframe.idempotency.transitions import Reply
from tests.chaos.hosted import HostedStore, UnfencedStore, answer
from tests.chaos.processes import Server
from tests.chaos.weather import weather
from tests.chaos.wire import Moving

PROXIED = 0.3
"""The share of workers that reach the server through the fault proxy."""
TIMEOUT = 0.5
"""Seconds that a client waits for a connection and for a reply."""


class Backend(Protocol):
    """Where the records are. ``restartable``: whether its server may be killed and started again meanwhile."""

    @property
    def restartable(self) -> bool: ...

    def open(self, ask: Callable[[Moving], None], rng: random.Random) -> Store:
        """In a worker: its store. ``ask`` sends a move to the world."""
        ...

    def move(self, moving: Moving) -> Reply:
        """In the world: a hosted store's move."""
        ...

    def kill(self) -> None:
        """The server, as a power failure would."""
        ...

    def start(self) -> None:
        """The server, with what it has kept."""
        ...


class Hosted(AbstractContextManager["Hosted"]):
    """A store in the world's own memory."""

    restartable = False

    def __init__(self, *, unfenced: bool = False) -> None:
        self._store = UnfencedStore() if unfenced else MemoryStore()

    def __exit__(self, *exception: object) -> None:
        return None

    def open(self, ask: Callable[[Moving], None], rng: random.Random) -> Store:
        return HostedStore(ask)

    def move(self, moving: Moving) -> Reply:
        return answer(self._store, moving)

    def kill(self) -> None:
        raise NotImplementedError

    def start(self) -> None:
        raise NotImplementedError


class _Served:
    """A server and a fault proxy before it. The stores are made once, before anything is forked."""

    restartable = False

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            port = self._serve(opened)
            proxy = opened.enter_context(weather(port, self._seed))
            self._direct, self._proxied = self._store(port), self._store(proxy.port)
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def _serve(self, opened: ExitStack) -> int:
        raise NotImplementedError

    def _store(self, port: int) -> Store:
        raise NotImplementedError

    def open(self, ask: Callable[[Moving], None], rng: random.Random) -> Store:
        return self._proxied if rng.random() < PROXIED else self._direct

    def move(self, moving: Moving) -> Reply:
        raise NotImplementedError

    def kill(self) -> None:
        raise NotImplementedError

    def start(self) -> None:
        raise NotImplementedError


class Redis(_Served):
    """RedisStore on a real Valkey that writes everything to its disk before it answers."""

    restartable = True

    def _serve(self, opened: ExitStack) -> int:
        self._server = opened.enter_context(LocalRedis())
        return self._server.port

    def _store(self, port: int) -> Store:
        from lambdaframe.idempotency.stores.redis import RedisStore

        return RedisStore(f"redis://127.0.0.1:{port}", connect_timeout=TIMEOUT, read_timeout=TIMEOUT)

    def kill(self) -> None:
        self._server.kill()

    def start(self) -> None:
        self._server.start()


class DynamoDB(_Served):
    """DynamoDBStore on moto, one request after the other.

    moto evaluates a condition and writes the item in separate steps, on as many threads as its own server has
    connections. DynamoDB does both at once; with threads two attempts are granted one key, and the chaos is moto's.
    """

    def _serve(self, opened: ExitStack) -> int:
        os.environ.update(CREDENTIALS)
        return opened.enter_context(Server(_moto)).port

    def _store(self, port: int) -> Store:
        from lambdaframe.idempotency.stores.dynamodb import DynamoDBStore

        store = DynamoDBStore("chaos", endpoint_url=f"http://127.0.0.1:{port}")
        asyncio.run(store.create_table())
        return store


def _moto(listening: Callable[[int], None]) -> None:
    from tests.idempotency.subjects.moto_server import MotoServer

    async def serve() -> None:
        server = MotoServer()
        await server.start()
        listening(int(server.url.rpartition(":")[2]))
        await asyncio.Event().wait()

    asyncio.run(serve())
