"""A TCP proxy on loopback that loses, cuts, delays and swallows what passes between a client and a server.

    with FaultProxy(server.port) as proxy:
        store = RedisStore(proxy.url("redis"))
        proxy.arm(REPLY_LOST, matching=b"EVALSHA")     # the next request that has these bytes in it
        await store.acquire(claim)                     # the server did it; the client never heard
        await proxy.wait_struck_async()

It runs on a thread and a loop of its own, so it serves synchronous and asynchronous tests alike, and never shares the
fate of the loop that is tested. A request is one chunk of bytes from the client, as TCP delivered it: for clients that
send one request and wait for its reply, which is what all of ours do.
"""

import asyncio
import math
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from enum import Enum
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias

PATIENCE = 10.0
"""Seconds that a test waits for a fault to strike."""


class Kind(Enum):
    """What happens to a request."""

    PASS = "passes on"
    REPLY_LOST = "delivered; its reply is dropped and the connection closed (the client reads the end)"
    CUT = "not delivered; the connection is reset"
    DELAYED = "delivered; its reply is held back"
    BLACK_HOLE = "swallowed, as everything after it on this connection; the connection stays open"


class Fault(NamedTuple):
    """``seconds``: how long a reply is held back, at most; ``release`` and ``heal`` let it go before."""

    kind: Kind
    seconds: float = math.inf


PASS = Fault(Kind.PASS)
REPLY_LOST = Fault(Kind.REPLY_LOST)
CUT = Fault(Kind.CUT)
DELAYED = Fault(Kind.DELAYED)
BLACK_HOLE = Fault(Kind.BLACK_HOLE)

Choice: TypeAlias = Callable[[bytes], Fault]
"""``choose(request)``: its fate. Called on the proxy's thread, once for every request."""


class FaultProxy:
    """Stands before the server on the loopback ``port``; clients connect to ``.port``.

    Everything passes until ``arm`` says otherwise, or ``choose`` decides for each request. ``struck`` counts faults by
    their Kind: a lost or delayed reply is counted when the server has sent it, so the request has taken effect by then.
    """

    def __init__(self, port: int, choose: Choice | None = None) -> None:
        self._upstream = port
        self._choose = choose or self._armed
        self._armed_fault: tuple[Fault, int | None, bytes] = (PASS, None, b"")
        self._links: set[_Link] = set()
        self._lock = threading.Condition()
        self.struck: Counter[Kind] = Counter()

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._released = asyncio.Event()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault proxy", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def url(self, scheme: str) -> str:
        """Where clients connect to: ``url("redis")``, ``url("http")``."""
        return f"{scheme}://127.0.0.1:{self.port}"

    def arm(self, fault: Fault, *, times: int | None = 1, matching: bytes = b"") -> None:
        """The next ``times`` requests (None: all) that have ``matching`` in them meet it. Replaces what was armed."""
        with self._lock:
            self._armed_fault = (fault, times, matching)

    def heal(self) -> None:
        """From now on everything passes, held replies too. Connections that fell into a black hole stay there."""
        self.arm(PASS, times=None)
        self.release()

    def release(self) -> None:
        """Deliver the replies that are held back."""
        self._loop.call_soon_threadsafe(self._release)

    def cut_all(self) -> None:
        """Reset every open connection now: what a client finds after a long pause, or a fail-over."""
        asyncio.run_coroutine_threadsafe(self._cut_all(), self._loop).result(PATIENCE)

    def wait_struck(self, times: int = 1) -> None:
        """Return when so many faults have struck since the start. Raises TimeoutError after ten seconds."""
        with self._lock:
            if not self._lock.wait_for(lambda: self.struck.total() >= times, PATIENCE):
                raise TimeoutError(f"{self.struck.total()} of {times} faults struck within {PATIENCE} s")

    async def wait_struck_async(self, times: int = 1) -> None:
        """The same for a caller on an asyncio loop."""
        await asyncio.to_thread(self.wait_struck, times)

    def _armed(self, request: bytes) -> Fault:
        with self._lock:
            fault, times, matching = self._armed_fault
            if times == 0 or matching not in request:
                return PASS
            if times is not None:
                self._armed_fault = (fault, times - 1, matching)
            return fault

    def _strike(self, kind: Kind) -> None:
        with self._lock:
            self.struck[kind] += 1
            self._lock.notify_all()

    def _release(self) -> None:
        self._released.set()
        self._released = asyncio.Event()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(reader, writer)
        self._links.add(link)
        try:
            await link.connect(self._upstream)
            pumps = [asyncio.ensure_future(self._requests(link)), asyncio.ensure_future(self._replies(link))]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        except OSError:
            link.reset()  # nobody listens there now
        finally:
            link.close()
            self._links.discard(link)

    async def _requests(self, link: "_Link") -> None:
        while request := await link.reader.read(1 << 16):
            fault = self._choose(request)
            match fault.kind:
                case Kind.CUT:
                    link.reset()
                    self._strike(Kind.CUT)
                    return
                case Kind.BLACK_HOLE:
                    link.fault = fault
                    self._strike(Kind.BLACK_HOLE)
                    while await link.reader.read(1 << 16):
                        pass
                    return
                case Kind.REPLY_LOST | Kind.DELAYED:
                    link.fault = fault
                case Kind.PASS:
                    pass
            link.server_writer.write(request)
            await link.server_writer.drain()

    async def _replies(self, link: "_Link") -> None:
        while (reply := await link.server_reader.read(1 << 16)) and link.fault.kind is not Kind.BLACK_HOLE:
            fault, link.fault = link.fault, PASS
            if fault.kind is Kind.REPLY_LOST:
                link.close()
                self._strike(Kind.REPLY_LOST)
                return
            if fault.kind is Kind.DELAYED:
                released = self._released
                self._strike(Kind.DELAYED)
                await _wait(released, fault.seconds)
            link.writer.write(reply)
            await link.writer.drain()
        if link.fault.kind is Kind.BLACK_HOLE:
            await asyncio.Event().wait()  # the server may go: nobody tells the client

    async def _cut_all(self) -> None:
        for link in list(self._links):
            link.reset()

    async def _close(self) -> None:
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), None if seconds == math.inf else seconds)
    except TimeoutError:
        return


class _Link:
    """One client's connection and the one to the server that belongs to it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.fault = PASS

    async def connect(self, port: int) -> None:
        self.server_reader, self.server_writer = await asyncio.open_connection("127.0.0.1", port)

    def reset(self) -> None:
        """Close with RST instead of FIN, throwing away what was not sent."""
        raw: socket.socket = self.writer.get_extra_info("socket")
        if not self.writer.transport.is_closing():
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def close(self) -> None:
        self.writer.close()
        if hasattr(self, "server_writer"):
            self.server_writer.close()
