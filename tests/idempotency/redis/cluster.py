"""A cluster of our own on loopback: a few primaries that share the slots, and replicas of the first."""

import random
import socket
import time
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any, Self

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from tests.idempotency.redis.servers import Server

PATIENCE = 30.0
"""Seconds within which the nodes must agree."""
PORTS = range(12_000, 22_000)
"""Below those that the system gives to clients, as is a node's second port, higher by 10,000, for the other nodes."""


class Cluster:
    """``primaries`` nodes with equal parts of the slots, then ``replicas`` of the first of them."""

    def __init__(self, primaries: int, replicas: int = 0) -> None:
        self._primaries = primaries
        self.nodes = [_node() for _ in range(primaries + replicas)]

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for node in self.nodes:
                stack.enter_context(node)
            self._share_out()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        """Where it is, by its first node."""
        return self.nodes[0].url.replace("redis:", "redis+cluster:")

    def keys_of(self, number: int, count: int) -> list[str]:
        """So many records' keys that the primary of this number has, from the beginning."""
        found: list[str] = []
        candidate = 0
        while len(found) < count:
            if slot_of(str(candidate)) * self._primaries // REDIS_CLUSTER_HASH_SLOTS == number:
                found.append(str(candidate))
            candidate += 1
        return found

    def _share_out(self) -> None:
        parts: list[list[int]] = [[] for _ in range(self._primaries)]
        for slot in range(REDIS_CLUSTER_HASH_SLOTS):
            parts[slot * self._primaries // REDIS_CLUSTER_HASH_SLOTS].append(slot)
        for epoch, (node, part) in enumerate(zip(self.nodes, parts, strict=False), 1):
            node.ask("CLUSTER", "ADDSLOTS", *part)
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", epoch)
        first, *others = self.nodes
        for node in others:
            first.ask("CLUSTER", "MEET", "127.0.0.1", node.port)
        for node in self.nodes:
            until(b"cluster_known_nodes:%d" % len(self.nodes), node, "CLUSTER", "INFO")
        for node in self.nodes[self._primaries :]:
            until(id_of(first), node, "CLUSTER", "NODES")
            node.ask("CLUSTER", "REPLICATE", id_of(first))
            until(b"connected", node, "ROLE")
            until(b"slave %b" % id_of(first), first, "CLUSTER", "NODES")
        for node in self.nodes:
            until(b"cluster_state:ok", node, "CLUSTER", "INFO")
            until(b"cluster_slots_ok:16384", node, "CLUSTER", "INFO")


def _node() -> Server:
    node = Server("--cluster-enabled", "yes", "--cluster-node-timeout", "5000", "--repl-diskless-sync-delay", "0")
    node.port = _free_pair()
    node.url = f"redis://127.0.0.1:{node.port}"
    return node


def _free_pair() -> int:
    while True:
        port = random.choice(PORTS)
        with suppress(OSError), socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port + 10_000))
            return port


def slot_of(key: str) -> int:
    """The slot of a record."""
    return key_slot(f"lambdaframe:{{{key}}}".encode())


def id_of(node: Server) -> bytes:
    """The node's name in the cluster."""
    name: bytes = node.ask("CLUSTER", "MYID")
    return name


def until(said: bytes, node: Server, *words: Any) -> None:
    """Return as soon as this is part of the node's answer."""
    limit = time.monotonic() + PATIENCE
    while said not in (answer := node.ask(*words)):
        if time.monotonic() > limit:
            raise TimeoutError(f"{words} never answered {said!r}; at last it was {answer!r}")
        time.sleep(0.02)
