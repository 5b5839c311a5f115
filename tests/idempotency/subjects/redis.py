"""RedisStore under the model: two processes over one real Valkey, whose clock is stepped.

The scripts' look at the server's time is replaced by a key that holds the stepped clock. It starts at a time after the
server's and runs ahead of it by days, so nothing is deleted too soon by the server itself; and the processes' own
clocks are wrong by as much.
"""

import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from docs.examples.local_redis import LocalRedis
from lambdaframe.idempotency.stores.redis import RedisStore
from lambdaframe.idempotency.transitions import Entry
from tests.idempotency.clock import FakeClock
from tests.idempotency.subjects.subject import Client, Record, Subject

T = TypeVar("T")

PREFIX = "model:"


class SteppedRedisStore(RedisStore):
    """Takes the time from a key."""

    _clock_source = "local now = tonumber(redis.call('GET', 'clock'))\n"


class RedisSubject(Subject):
    """``make(url)``: a store. The server is in memory only, and starts empty."""

    cleans_up = True

    def __init__(self, make: Callable[[str], RedisStore] = lambda url: SteppedRedisStore(url, prefix=PREFIX)) -> None:
        import redis

        super().__init__()
        self._clock, self._told = FakeClock(), 0
        self._server = LocalRedis(options=["--appendonly", "no"])
        self._stores = [make(self._server.url) for _ in range(2)]
        self._client: Any = redis.Redis(port=self._server.port)
        self._server.__enter__()

    def close(self) -> None:
        for store in self._stores:
            self.run(store.aclose())
        self._client.close()
        self._server.__exit__(None, None, None)
        super().close()

    def new_clock(self, ahead: int) -> FakeClock:
        self._clock, self._told = FakeClock(round(time.time() * 1_000) + ahead), 0
        return self._clock

    def run(self, move: Coroutine[Any, Any, T]) -> T:
        if self._told != self._clock.now_ms:
            self._told = self._clock.now_ms
            self._client.set("clock", self._told)
        return super().run(move)

    def clients(self, clock: FakeClock, skew: int) -> Sequence[Client]:
        return [Client(store, lambda: clock.now_ms) for store in self._stores]

    def records(self, keys: Iterable[str]) -> Mapping[str, Record]:
        """With the time when the server deletes it; without the mark that somebody waits, which a refusal may set."""
        names = list(keys)
        pipeline = self._client.pipeline(transaction=False)
        for key in names:
            pipeline.hgetall(_record(key))
            pipeline.pexpiretime(_record(key))
        found = pipeline.execute()
        records = zip(names, found[::2], found[1::2], strict=True)
        return {
            key: {name.decode(): value for name, value in fields.items() if name != b"waited"}
            | {"pexpiretime": deleted}
            for key, fields, deleted in records
            if fields
        }

    def entry(self, key: str, record: Record) -> Entry:
        seconds, rest = divmod(record["pexpiretime"], 1_000)
        assert not rest, "the server deletes it in the middle of a second"
        return Entry(
            record["state"].decode(),
            record["owner"].decode(),
            int(record["gen"]),
            int(record["lease_until"]),
            record["fingerprint"].decode(),
            int(record["expires"]),
            seconds,
            record.get("result", b""),
            record.get("kind", b"").decode(),
        )

    def clean_up(self, key: str, now: int) -> bool:
        deleted = self._client.pexpiretime(_record(key))
        return 0 <= deleted < now and bool(self._client.delete(_record(key)))


def _record(key: str) -> str:
    return f"{PREFIX}{{{key}}}"
