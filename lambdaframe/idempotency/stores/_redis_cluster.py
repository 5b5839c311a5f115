"""A cluster: which node has a key's slot, and what to do when slots move or nodes fail.

https://valkey.io/topics/cluster-spec/
"""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeAlias

from redis.asyncio.connection import AbstractConnection
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import AskError, ClusterDownError, MovedError, TryAgainError
from redis.exceptions import ConnectionError as BrokenError
from redis.exceptions import TimeoutError as SlowError

from lambdaframe.idempotency.stores._redis_connections import Connections, Limits
from lambdaframe.idempotency.stores._redis_routes import Call, packed, run_at, watch_at

Node: TypeAlias = tuple[str, int]
"""Host and port."""

ASKED = 3
"""How many nodes are asked who has which slots, before none is there to answer."""
REDIRECTIONS = 5
"""How often a call goes on at another node."""
PAUSE = 0.05
"""Seconds until a call is repeated whose slot nobody can serve at this moment."""

_ASKING = packed(b"ASKING")
_SLOTS = packed(b"CLUSTER", b"SLOTS")


class Clustered:
    """``seed``: the node that is asked first. ``make``: a connection to a node. The limits are those of each node."""

    def __init__(self, seed: Node, make: Callable[[Node], AbstractConnection], limits: Limits) -> None:
        self._seed = seed
        self._make = make
        self._limits = limits
        self._servers: dict[Node, Connections] = {}
        self._owners: list[Node] = []
        self._nodes: Collection[Node] = ()
        self._learning = asyncio.Lock()

    async def run(self, call: Call) -> bytes:
        """See Route."""
        slot = key_slot(call.keys[0])
        node, before = await self._owner(slot), b""
        redirections, give_up = 0, time.monotonic() + self._limits.read
        while True:
            try:
                return await run_at(self._server(node), call, before)
            except (TryAgainError, ClusterDownError):
                # The record and its tokens are not both on one node yet, or the node's successor is not elected yet.
                if time.monotonic() > give_up:
                    raise
                await asyncio.sleep(PAUSE)
            except (AskError, BrokenError, SlowError, OSError) as error:
                if redirections == REDIRECTIONS:
                    raise
                redirections += 1
                node, before = await self._elsewhere(slot, node, error)

    async def watch(self, tokens: bytes, seconds: float) -> bool:
        """See Route."""
        return await watch_at(self._server(await self._owner(key_slot(tokens))), tokens, seconds)

    async def close(self) -> None:
        """See Route."""
        for server in self._servers.values():
            await server.close()

    async def _elsewhere(self, slot: int, node: Node, error: Exception) -> tuple[Node, bytes]:
        """Where to go on after what happened at the node, and the command to send first. Raises the error when it is
        the right one all the same."""
        if isinstance(error, AskError):
            named: Any = error
            there = (str(named.host) or node[0], int(named.port))
            if not isinstance(error, MovedError):
                return there, _ASKING  # this call alone: the slot is on its way there
            await self._learn(there)
            self._owners[slot] = there
            return there, b""
        await self._learn(but=node)
        there = self._owners[slot]
        if there == node:
            raise error
        return there, b""

    async def _owner(self, slot: int) -> Node:
        if not self._owners:
            async with self._learning:
                if not self._owners:
                    await self._learn(self._seed)
        return self._owners[slot]

    async def _learn(self, first: Node | None = None, *, but: Node | None = None) -> None:
        """Ask a few nodes, until one answers, who has which slots."""
        known = dict.fromkeys((first or self._seed, *self._nodes, self._seed))
        failure: Exception = ConnectionError("no other node is known")
        for node in [node for node in known if node != but][:ASKED]:
            try:
                ranges = await self._server(node).ask(_SLOTS)
            except (BrokenError, SlowError, OSError) as error:
                failure = error
            else:
                self._owners, self._nodes = _read(ranges, node)
                return
        raise failure

    def _server(self, node: Node) -> Connections:
        server = self._servers.get(node)
        if server is None:
            server = self._servers[node] = Connections(lambda: self._make(node), self._limits)
        return server


def _read(ranges: Sequence[Sequence[Any]], asked: Node) -> tuple[list[Node], Collection[Node]]:
    """The reply to CLUSTER SLOTS: the primary of each slot, and all nodes, replicas too.

    A node without a host is where the reply came from. That one is asked for a slot that nobody has, too, and says so.
    """
    owners, nodes = [asked] * REDIS_CLUSTER_HASH_SLOTS, {asked: None}
    for start, end, *members in ranges:
        found = [(host.decode() if host else asked[0], int(port)) for host, port, *_ in members]
        owners[start : end + 1] = [found[0]] * (end + 1 - start)
        nodes |= dict.fromkeys(found)
    return owners, nodes
