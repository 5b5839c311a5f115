"""Servers of our own for these tests, and what they are asked past the store."""

import os
import re
from pathlib import Path
from typing import Any

import redis

from docs.examples.local_redis import LocalRedis
from lambdaframe.idempotency.transitions import Claim, Outcome

BINARY = os.environ.get("LAMBDAFRAME_REDIS_SERVER")
"""Another server than Valkey."""

LEASE, RETENTION = 30_000, 3_600_000
FIRST = Claim("7f", "first", "paid", LEASE, RETENTION)
SECOND = FIRST._replace(owner="second")
DONE = Outcome("ok", b'{"charged":995}')
RECORD = "lambdaframe:{7f}"
PAGE = Path(__file__).parents[3] / "docs" / "pages" / "redis-store.md"


class Server(LocalRedis):
    """A server that can be asked past the store. ``login``: username and password of who asks."""

    def __init__(self, *options: str, **login: str) -> None:
        super().__init__(options=options, binary=BINARY)
        self._login: dict[str, Any] = login

    def ask(self, *words: Any) -> Any:
        """The reply to one command. Texts are bytes."""
        with redis.Redis(port=self.port, protocol=2, **self._login) as client:
            execute: Any = client.execute_command  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            return execute(*words)

    def fields(self) -> dict[bytes, bytes]:
        """The record as it is stored."""
        found: dict[bytes, bytes] = self.ask("HGETALL", RECORD)
        return found

    def now(self) -> int:
        """Its clock, in ms."""
        seconds, micros = self.ask("TIME")
        return int(seconds) * 1_000 + int(micros) // 1_000

    def is_deleted_at(self, ttl: int) -> bool:
        """Whether the record will be deleted at this time, s. PTTL and the clock are two questions, so about."""
        return abs(self.now() + int(self.ask("PTTL", RECORD)) - ttl * 1_000) < 1_000

    def clients(self) -> set[int]:
        """The ids of the open connections, without the one that asks."""
        lines: list[str] = self.ask("CLIENT", "LIST").decode().splitlines()
        return {int(line.partition("id=")[2].split()[0]) for line in lines if "cmd=client" not in line}

    def count(self, command: str) -> int:
        """How often the command has been called, since the last CONFIG RESETSTAT."""
        stats = self.ask("INFO", "commandstats")
        return int(stats.get(f"cmdstat_{command}", {"calls": 0})["calls"])


def permitted() -> list[str]:
    """The rules of the documentation's user."""
    found = re.search(r"ACL SETUSER orders on >\S+ (.*)", PAGE.read_text())
    assert found
    return found[1].split()
