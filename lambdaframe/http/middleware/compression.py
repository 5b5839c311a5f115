"""Compressed answers: zstd, brotli or gzip, as the client accepts and as is installed.

Specification: RFC 9110, sections 8.4 (content codings), 8.8.3 (entity tags), 12.5.3 (Accept-Encoding).
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from lambdaframe.concurrency import in_thread
from lambdaframe.errors import ConfigurationError
from lambdaframe.http.answers.responses import BODILESS, Headers
from lambdaframe.http.middleware.accept import weights
from lambdaframe.http.middleware.codecs import Compressor, MakeCompressor, codec, needed_codec
from lambdaframe.http.middleware.content_types import is_packed
from lambdaframe.types import ASGIApp, Message, Receive, Scope, Send

_USUAL = ("zstd", "br", "gzip")

_OF_THE_BYTES = frozenset({b"accept-ranges", b"content-digest", b"content-length", b"content-md5", b"digest"})
"""Headers that are true of the uncompressed bytes only."""


class CompressionMiddleware:
    """An ASGI middleware that compresses the answers of the application inside.

    Of the encodings that the client likes best, the first of ``encodings`` is taken. By default those are zstd, br and
    gzip, without the ones whose library is not installed. ``minimum_size``: bytes below which a body is left alone.
    ``levels`` maps an encoding to its level. ``exclude``: more content types to be left alone (``"text/csv"``,
    ``"text/*"``). From ``thread_size`` bytes on a part is compressed in a worker thread.

    Each part of a stream is compressed and flushed as it comes. Left alone are server-sent events, answers that have an
    encoding already, are part of a whole (206) or have no content, types that are compressed by themselves, and what is
    marked ``no-transform``. A strong ETag becomes a weak one, since the bytes are others.

    Keep secrets and what a client has sent out of one compressed answer: its length tells one by the other (BREACH,
    https://breachattack.com).

    Raises ConfigurationError for an encoding that is unknown, or is named and not installed.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        minimum_size: int = 500,
        encodings: Iterable[str] | None = None,
        levels: Mapping[str, int] | None = None,
        exclude: Collection[str] = (),
        thread_size: int = 128 * 1024,
    ) -> None:
        self.app = app
        self._codecs = _codecs(encodings, levels or {})
        self._minimum_size = minimum_size
        self._thread_size = thread_size
        self._exclude = frozenset(kind.lower() for kind in exclude)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        name, identity = _chosen(self._codecs, scope["headers"])
        rules = _Rules(
            make=self._codecs.get(name),
            name=name.encode(),
            minimum_size=self._minimum_size if identity else 1,
            thread_size=self._thread_size,
            exclude=self._exclude,
            bodiless=scope["method"] == "HEAD",
        )
        await self.app(scope, receive, _CompressedAnswer(rules, send).send)


def _codecs(encodings: Iterable[str] | None, levels: Mapping[str, int]) -> dict[str, MakeCompressor]:
    if isinstance(encodings, str):
        raise ConfigurationError(f"encodings is a list: write [{encodings!r}].")
    names = _USUAL if encodings is None else tuple(encodings)
    if unused := sorted(set(levels) - set(names)):
        raise ConfigurationError(f"levels names {unused}, which are not among the encodings {list(names)}.")
    if encodings is not None:
        return {name: needed_codec(name, levels.get(name)) for name in names}
    found = {name: codec(name, levels.get(name)) for name in names}
    return {name: make for name, make in found.items() if make is not None}


def _chosen(codecs: Mapping[str, MakeCompressor], headers: Headers) -> tuple[str, bool]:
    """The encoding to answer with, or ``""``; and whether the body may also be sent as it is."""
    value = b",".join(value for name, value in headers if name == b"accept-encoding")
    accepted = weights(value.decode("latin-1"))
    if "x-gzip" in accepted:  # the old name of gzip (RFC 9110, section 8.4.1.3)
        accepted.setdefault("gzip", accepted["x-gzip"])
    others = accepted.get("*", 0.0)
    best = max(codecs, key=lambda name: accepted.get(name, others), default="")
    weight = accepted.get(best, others)
    if weight == 0 or weight < accepted.get("identity", 0.0):
        return "", True
    return best, accepted.get("identity", accepted.get("*", 1.0)) > 0


class _Rules(NamedTuple):
    """What is to be done with one answer. ``make`` is None where the client takes no encoding of ours."""

    make: MakeCompressor | None
    name: bytes
    minimum_size: int
    thread_size: int
    exclude: frozenset[str]
    bodiless: bool


class _CompressedAnswer:
    """One answer. Its head waits for the first part of the body, which decides what becomes of it."""

    def __init__(self, rules: _Rules, send: Send) -> None:
        self._rules = rules
        self._send = send
        self._start: Message | None = None
        self._compressor: Compressor | None = None

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            await self._begin(message)
        elif kind == "http.response.body":
            await self._send_part(message)
        else:  # a file's path is sent as it is, and so is its head
            await self._send_start(None)
            await self._send(message)

    async def _begin(self, message: Message) -> None:
        """Keep the head of what may be compressed. Caches are told that it depends, whatever this client gets."""
        headers: Headers = [(bytes(name).lower(), bytes(value)) for name, value in message.get("headers", ())]
        if message["status"] == 304 or _may_be_compressed(message["status"], headers, self._rules.exclude):
            self._start = {**message, "headers": _with_vary(headers)}
            if message["status"] == 304 or self._rules.make is None:
                await self._send_start(None)
        else:
            await self._send(message)

    async def _send_part(self, message: Message) -> None:
        body = bytes(message.get("body", b""))
        more = bool(message.get("more_body", False))
        if self._start is not None:
            length = _length(self._start["headers"])
            if length is None and not more:
                length = len(body)
            if self._rules.make is not None and (length is None or length >= self._rules.minimum_size):
                await self._begin_compressed(self._rules.make, body, more)
                return
            await self._send_start(None)
        if self._compressor is None:
            await self._send(message)
        else:
            await self._send({**message, "body": await self._packed(self._compressor, body, more)})

    async def _begin_compressed(self, make: MakeCompressor, body: bytes, more: bool) -> None:
        if self._rules.bodiless:
            await self._send_start(self._rules.name)
            await self._send({"type": "http.response.body", "body": b"", "more_body": more})
            return
        self._compressor = make()
        packed = await self._packed(self._compressor, body, more)
        await self._send_start(self._rules.name, None if more else len(packed))
        await self._send({"type": "http.response.body", "body": packed, "more_body": more})

    async def _packed(self, compressor: Compressor, part: bytes, more: bool) -> bytes:
        """A part of the body, compressed: a large one elsewhere than in the event loop."""
        if more and not part:
            return b""
        work = compressor.flush if more else compressor.finish
        return work(part) if len(part) < self._rules.thread_size else await in_thread(work)(part)

    async def _send_start(self, name: bytes | None, length: int | None = None) -> None:
        start, self._start = self._start, None
        if start is not None:
            headers = start["headers"]
            await self._send({**start, "headers": headers if name is None else _encoded(headers, name, length)})


def _may_be_compressed(status: int, headers: Headers, exclude: frozenset[str]) -> bool:
    values = dict(headers)
    kind = values.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
    return not (
        status < 200
        or status == 206
        or status in BODILESS
        or b"content-range" in values
        or b"content-encoding" in values
        or b"no-transform" in values.get(b"cache-control", b"").lower()
        or kind == "text/event-stream"
        or kind in exclude
        or f"{kind.partition('/')[0]}/*" in exclude
        or is_packed(kind)
    )


def _length(headers: Headers) -> int | None:
    value = dict(headers).get(b"content-length", b"")
    return int(value) if value.isdigit() else None


def _with_vary(headers: Headers) -> Headers:
    """The headers with ``Accept-Encoding`` among what ``Vary`` names."""
    named = b",".join(value for name, value in headers if name == b"vary").lower()
    if {b"accept-encoding", b"*"} & {item.strip() for item in named.split(b",")}:
        return headers
    first = next((i for i, (name, _) in enumerate(headers) if name == b"vary"), None)
    if first is None:
        return [*headers, (b"vary", b"Accept-Encoding")]
    merged = (b"vary", headers[first][1] + b", Accept-Encoding")
    return [*headers[:first], merged, *headers[first + 1 :]]


def _encoded(headers: Headers, name: bytes, length: int | None) -> Headers:
    """The headers of the compressed body. ``length``: its bytes, or None where that is not known."""
    kept = [
        (header, b"W/" + value if header == b"etag" and not value.startswith(b"W/") else value)
        for header, value in headers
        if header not in _OF_THE_BYTES
    ]
    kept.append((b"content-encoding", name))
    if length is not None:
        kept.append((b"content-length", b"%d" % length))
    return kept
