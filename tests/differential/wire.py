"""A client at the level of bytes: a request is sent as it stands, and what comes back is not interpreted."""

import socket
import struct
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lambdaframe_adapters.testing import Request, Response

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: closing leaves nothing behind, so that a hundred thousand requests do not run out of ports."""


def exchange(url: str, request: Request) -> Response:
    """The response of the server at ``url``. The request comes by way of a trusted proxy: scheme and client are told.

    Each request has a connection of its own: a server may close one whose request's body it has not read.
    """
    address = urlsplit(url)
    with socket.create_connection((address.hostname or "", address.port or 80), timeout=30) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.sendall(_written(request))
        received = _Received(connection)
        status, headers = received.head()
        framing = {name.lower(): value for name, value in headers}
        body = b"" if request.method == "HEAD" or status in (204, 304) else received.body(framing)
        return Response(status, tuple(headers), body)


def _written(request: Request) -> bytes:
    target = f"{request.path}?{request.query}" if request.query else request.path
    told = (("x-forwarded-proto", request.scheme), ("x-forwarded-for", request.client))
    framing = (("content-length", str(len(request.body))),) if request.body else ()
    lines = [f"{request.method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in (*request.headers, *told, *framing)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + request.body


@dataclass
class _Received:
    """The bytes of one response."""

    connection: socket.socket
    unread: bytearray = field(default_factory=bytearray)

    def head(self) -> tuple[int, list[tuple[str, str]]]:
        first, *lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return int(first.split(" ")[1]), [(name, value.strip(" \t")) for name, _, value in pairs]

    def body(self, framing: dict[str, str]) -> bytes:
        if framing.get("transfer-encoding") != "chunked":
            return self._exactly(int(framing["content-length"]))
        found = b""
        while length := int(self._until(b"\r\n"), 16):
            found += self._exactly(length)
            self._exactly(2)
        self._exactly(2)
        return found

    def _until(self, end: bytes) -> bytes:
        while end not in self.unread:
            self._receive()
        found = self._exactly(self.unread.index(end))
        self._exactly(len(end))
        return found

    def _exactly(self, length: int) -> bytes:
        while len(self.unread) < length:
            self._receive()
        found = bytes(self.unread[:length])
        del self.unread[:length]
        return found

    def _receive(self) -> None:
        received = self.connection.recv(65536)
        assert received, f"The server closed the connection after {bytes(self.unread)!r}"
        self.unread += received
