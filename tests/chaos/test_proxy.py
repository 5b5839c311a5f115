"""The fault proxy keeps its word: each fault between a plain client and an echoing server."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

import pytest

from tests.chaos.proxy import BLACK_HOLE, CUT, DELAYED, PASS, REPLY_LOST, Fault, FaultProxy, Kind


class Echo:
    """A server that answers every request with itself, and remembers what it got."""

    def __enter__(self) -> Self:
        self.got: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        for one in (self._listener, *self._open):
            # Closing alone would not wake the thread that waits in it.
            if one.fileno() >= 0:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        try:
            while request := connection.recv(1 << 16):
                self.got.append(request)
                connection.sendall(request)
        except OSError:
            return


@pytest.fixture
def server() -> Iterator[Echo]:
    with Echo() as running:
        yield running


@pytest.fixture
def proxy(server: Echo) -> Iterator[FaultProxy]:
    with FaultProxy(server.port) as running:
        yield running


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[socket.socket]:
    with connect(proxy) as connected:
        yield connected


def connect(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=10)


def ask(client: socket.socket, request: bytes) -> bytes:
    client.sendall(request)
    return client.recv(1 << 16)


def test_passes_everything_until_told_otherwise(client: socket.socket, server: Echo, proxy: FaultProxy) -> None:
    assert ask(client, b"one") == b"one"
    assert ask(client, b"two") == b"two"
    assert server.got == [b"one", b"two"]
    assert not proxy.struck


def test_a_lost_reply_was_delivered_and_the_client_reads_the_end(
    client: socket.socket, server: Echo, proxy: FaultProxy
) -> None:
    proxy.arm(REPLY_LOST)
    assert ask(client, b"write") == b""
    proxy.wait_struck()
    assert server.got == [b"write"]
    with connect(proxy) as again:
        assert ask(again, b"write") == b"write"
    assert proxy.struck == {Kind.REPLY_LOST: 1}


def test_a_cut_request_is_not_delivered_and_the_client_sees_a_reset(
    client: socket.socket, server: Echo, proxy: FaultProxy
) -> None:
    proxy.arm(CUT)
    with pytest.raises(ConnectionResetError):
        ask(client, b"write")
    with connect(proxy) as again:
        assert ask(again, b"read") == b"read"
    assert server.got == [b"read"]


async def test_a_delayed_reply_was_delivered_and_comes_when_it_is_released(
    client: socket.socket, server: Echo, proxy: FaultProxy
) -> None:
    proxy.arm(DELAYED)
    client.sendall(b"write")
    await proxy.wait_struck_async()
    assert server.got == [b"write"]
    client.setblocking(False)
    with pytest.raises(BlockingIOError):
        client.recv(1)
    client.settimeout(10)
    proxy.release()
    assert client.recv(1 << 16) == b"write"


def test_a_delayed_reply_comes_by_itself_when_its_time_is_over(client: socket.socket, proxy: FaultProxy) -> None:
    proxy.arm(Fault(Kind.DELAYED, 0.01))
    assert ask(client, b"write") == b"write"
    assert proxy.struck == {Kind.DELAYED: 1}


def test_a_black_hole_swallows_this_connection_for_ever_and_no_other(
    client: socket.socket, server: Echo, proxy: FaultProxy
) -> None:
    proxy.arm(BLACK_HOLE)
    client.sendall(b"write")
    proxy.wait_struck()
    proxy.heal()
    client.sendall(b"again")
    with connect(proxy) as other:
        assert ask(other, b"read") == b"read"
        server.stop()
        assert other.recv(1) == b""
    assert server.got == [b"read"]
    client.setblocking(False)
    with pytest.raises(BlockingIOError):
        client.recv(1)


def test_only_requests_that_match_are_struck_and_only_so_often(
    client: socket.socket, server: Echo, proxy: FaultProxy
) -> None:
    proxy.arm(REPLY_LOST, times=2, matching=b"SET")
    assert ask(client, b"HELLO") == b"HELLO"
    assert ask(client, b"SET a") == b""
    for answer in (b"", b"SET b"):
        with connect(proxy) as again:
            assert ask(again, b"SET b") == answer
    assert server.got == [b"HELLO", b"SET a", b"SET b", b"SET b"]


def test_open_connections_can_be_reset_and_new_ones_made(client: socket.socket, proxy: FaultProxy) -> None:
    assert ask(client, b"one") == b"one"
    proxy.cut_all()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with connect(proxy) as again:
        assert ask(again, b"two") == b"two"


def test_a_server_that_is_gone_is_a_reset_not_a_silence(server: Echo, proxy: FaultProxy) -> None:
    server.stop()
    with pytest.raises(ConnectionResetError), connect(proxy) as client:
        client.recv(1)


def test_a_function_may_choose_each_fate(server: Echo) -> None:
    with FaultProxy(server.port, lambda request: CUT if request == b"bad" else PASS) as proxy:
        with connect(proxy) as client:
            assert ask(client, b"good") == b"good"
            with pytest.raises(ConnectionResetError):
                ask(client, b"bad")
        assert proxy.struck == {Kind.CUT: 1}
        assert proxy.url("redis") == f"redis://127.0.0.1:{proxy.port}"
