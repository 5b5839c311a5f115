"""Compressed answers, as clients and caches get them: under ASGI and from Lambda."""

import gzip
import subprocess
import sys
import textwrap
import zlib
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe import App, FileResponse, JSONResponse, PlainTextResponse, Request, Response, StreamingResponse
from lambdaframe.errors import ConfigurationError
from lambdaframe.http.middleware.accept import weights
from lambdaframe.http.middleware.compression import CompressionMiddleware
from lambdaframe.testing import TestClient
from lambdaframe.types import Message, Receive, Scope, Send
from lambdaframe_adapters.testing import GATEWAYS, LambdaClient

brotli: Any = import_module("brotli")  # it has no type hints

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


TEXT = b"It was the best of times, it was the worst of times. " * 40


def unpacked(coding: str | None, body: bytes) -> bytes:
    """The whole body, which must be complete."""
    if coding == "gzip":
        return gzip.decompress(body)
    if coding == "br":
        return bytes(brotli.decompress(body))
    if coding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(body)
    assert coding is None
    return body


class Answer:
    """What the middleware has sent of one answer."""

    def __init__(self) -> None:
        self.sent: list[Message] = []

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def headers(self) -> dict[str, str]:
        pairs = [(name.decode(), value.decode()) for name, value in self.sent[0]["headers"]]
        assert len(dict(pairs)) == len(pairs), "no header stands twice"
        return dict(pairs)

    @property
    def coding(self) -> str | None:
        return self.headers.get("content-encoding")

    @property
    def parts(self) -> list[bytes]:
        return [message.get("body", b"") for message in self.sent[1:]]

    @property
    def body(self) -> bytes:
        return unpacked(self.coding, b"".join(self.parts))


async def answer_of(app: Any, accept: str | None = "gzip", method: str = "GET", **options: Any) -> Answer:
    """What the application's answer becomes. ``app`` is a response, too."""
    answer = Answer()
    headers = [] if accept is None else [(b"accept-encoding", accept.encode())]
    scope = {"type": "http", "asgi": {"spec_version": "2.4"}, "method": method, "path": "/", "headers": headers}

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    await CompressionMiddleware(app, **options)(scope, receive, answer.send)
    return answer


async def stream(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


CHOICES: list[tuple[str | None, str | None]] = [
    (None, None),
    ("", None),
    ("identity", None),
    ("deflate", None),
    ("gzip", "gzip"),
    ("GZIP", "gzip"),
    ("x-gzip", "gzip"),
    ("gzip, deflate, br, zstd", "zstd"),
    ("gzip, br", "br"),
    ("*", "zstd"),
    ("*;q=0", None),
    ("gzip;q=0, *;q=0.5", "zstd"),
    ("zstd;q=0, *", "br"),
    ("gzip;q=1.0, br;q=0.8, zstd;q=0.2", "gzip"),
    ("zstd;q=0.5, br;q=0.500", "zstd"),
    ("gzip;q=0", None),
    ("gzip;q=0.000", None),
    ("gzip;q=0.001", "gzip"),
    ("gzip ; q=0.4 , br;Q=0.3", "gzip"),
    ("identity;q=1, gzip;q=0.5", None),
    ("identity;q=0.5, gzip;q=0.5", "gzip"),
    ("identity;q=0, gzip", "gzip"),
    ("identity;q=0", None),
    ("gzip;q=nan", None),
    ("gzip;q=-1, br", "br"),
    ("gzip;q=2", None),
    ("gzip;q=", None),
    (",, gzip ,", "gzip"),
    ("notgzip", None),
]


@pytest.mark.parametrize(("accept", "coding"), CHOICES)
async def test_the_encoding_is_what_the_client_likes_best(accept: str | None, coding: str | None) -> None:
    answer = await answer_of(Response(TEXT, media_type="text/plain"), accept)
    assert answer.coding == coding
    assert answer.body == TEXT
    assert answer.headers["content-length"] == str(len(answer.parts[0]))
    assert answer.headers["vary"] == "Accept-Encoding", "the answer depends on it, whatever this client got"


async def test_several_headers_are_one_list() -> None:
    answer = Answer()
    headers = [(b"accept-encoding", b"gzip;q=0.1"), (b"accept-encoding", b"br")]
    scope = {"type": "http", "method": "GET", "headers": headers}
    await CompressionMiddleware(Response(TEXT))(scope, None, answer.send)  # type: ignore[arg-type]  # nothing receives
    assert answer.coding == "br"


@given(st.text(st.sampled_from('gzipbr*;q=., 01\t"é')))
def test_any_header_can_be_read(value: str) -> None:
    assert all(0 <= weight <= 1 for weight in weights(value).values())


@pytest.mark.parametrize("coding", ["zstd", "br", "gzip"])
async def test_a_stream_is_compressed_part_by_part_and_each_part_arrives(coding: str) -> None:
    """What has been sent so far can be read before the next part is made."""
    parts = [b"first " * 5, b"", b"second " * 100, b"third"]
    answer = Answer()
    decoders: dict[str, Any] = {
        "gzip": zlib.decompressobj(16 + zlib.MAX_WBITS).decompress,
        "br": brotli.Decompressor().process,
        "zstd": zstandard.ZstdDecompressor().decompressobj().decompress,
    }
    read: list[bytes] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
            read.append(decoders[coding](answer.sent[-1]["body"]))
        await send({"type": "http.response.body"})

    scope = {"type": "http", "method": "GET", "headers": [(b"accept-encoding", coding.encode())]}
    await CompressionMiddleware(app)(scope, None, answer.send)  # type: ignore[arg-type]  # nothing receives
    assert read == parts
    assert answer.body == b"".join(parts)
    assert "content-length" not in answer.headers
    assert [message.get("more_body", False) for message in answer.sent[1:]] == [True] * 4 + [False]


ALONE: list[tuple[str, Any]] = [
    ("small", Response(b"x" * 499)),
    ("empty", Response(b"")),
    ("no content", Response(status_code=204)),
    ("part of a whole", Response(TEXT, 206, {"content-range": "bytes 0-9/99"})),
    ("a range that is none", Response(TEXT, 416, {"content-range": "bytes */99"})),
    ("encoded", Response(TEXT, headers={"content-encoding": "br"})),
    ("events", StreamingResponse(stream(TEXT), media_type="text/event-stream; charset=utf-8")),
    ("no-transform", Response(TEXT, headers={"cache-control": "public, No-Transform"})),
    *[
        (kind, Response(TEXT, media_type=kind))
        for kind in (
            "image/png",
            "IMAGE/JPEG",
            "video/mp4",
            "audio/ogg",
            "application/zip",
            "font/woff2",
            "application/pdf",
        )
    ],
    ("excluded", Response(TEXT, media_type="text/csv")),
    ("family excluded", Response(TEXT, media_type="model/gltf")),
]


@pytest.mark.parametrize("response", [pytest.param(app, id=name) for name, app in ALONE])
async def test_what_is_left_alone(response: Any) -> None:
    answers: list[Answer] = []
    for accept in (None, "gzip"):
        if isinstance(response, StreamingResponse):
            response.body_iterator = stream(TEXT)
        answers.append(await answer_of(response, accept, exclude=["text/csv", "Model/*"]))
    plain, answer = answers
    assert [message.get("body") for message in answer.sent] == [message.get("body") for message in plain.sent]
    assert {**answer.headers, "vary": ""} == {**plain.headers, "vary": ""}


async def test_only_what_could_have_been_compressed_varies() -> None:
    assert "vary" in (await answer_of(Response(b"small"))).headers
    assert "vary" in (await answer_of(Response(status_code=304))).headers
    assert "vary" not in (await answer_of(Response(TEXT, media_type="image/png"))).headers


@pytest.mark.parametrize(
    "kind", ["image/svg+xml", "application/json", "application/problem+json", "text/html", "image/bmp"]
)
async def test_what_is_compressed(kind: str) -> None:
    assert (await answer_of(Response(TEXT, media_type=kind))).coding == "gzip"
    assert (await answer_of(Response(TEXT, 500, media_type=kind))).coding == "gzip"


async def test_a_client_that_refuses_the_plain_body_gets_small_ones_compressed() -> None:
    assert (await answer_of(Response(b"small"), "gzip, identity;q=0")).coding == "gzip"
    assert (await answer_of(Response(b"small"), "gzip, *;q=0")).coding == "gzip"
    assert (await answer_of(Response(b""), "gzip, *;q=0")).coding is None


async def test_the_declared_length_decides_for_a_body_in_parts() -> None:
    for length, coding in ((100, None), (len(TEXT), "gzip")):
        response = StreamingResponse(stream(TEXT[:50], TEXT[50:length]), headers={"content-length": str(length)})
        answer = await answer_of(response)
        assert (answer.coding, answer.body) == (coding, TEXT[:length])
        assert answer.headers.get("content-length") == (None if coding else str(length))


@pytest.mark.parametrize(
    ("given_headers", "expected"),
    [
        ({"etag": '"abc"'}, {"etag": 'W/"abc"'}),
        ({"etag": 'W/"abc"'}, {"etag": 'W/"abc"'}),
        ({"vary": "Origin"}, {"vary": "Origin, Accept-Encoding"}),
        ({"vary": "origin, accept-encoding"}, {"vary": "origin, accept-encoding"}),
        ({"vary": "*"}, {"vary": "*"}),
        ({"accept-ranges": "bytes"}, {"accept-ranges": None}),
        ({"x-other": "1"}, {"x-other": "1"}),
    ],
)
async def test_headers_that_change_with_the_body(
    given_headers: dict[str, str], expected: dict[str, str | None]
) -> None:
    answer = await answer_of(Response(TEXT, headers=given_headers))
    assert {name: answer.headers.get(name) for name in expected} == expected


async def test_an_entity_tag_stays_strong_where_the_bytes_stay() -> None:
    assert (await answer_of(Response(b"small", headers={"etag": '"abc"'}))).headers["etag"] == '"abc"'


async def test_head_tells_what_get_would() -> None:
    for body in (TEXT, b"small"):
        get = await answer_of(Response(body, headers={"etag": '"abc"'}))
        head = await answer_of(Response(body, headers={"etag": '"abc"'}), method="HEAD")
        length = get.headers.pop("content-length") if body == TEXT else None
        assert head.headers == {
            name: value for name, value in get.headers.items() if name != "content-length" or not length
        }
    assert b"".join((await answer_of(Response(TEXT), method="HEAD")).parts) == b""


async def test_a_large_part_is_compressed_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from lambdaframe.http.middleware import compression
    from lambdaframe.http.middleware.codecs import Compressor

    threads: list[bool] = []

    def note(part: bytes) -> bytes:
        threads.append(threading.current_thread() is threading.main_thread())
        return part

    def noting(*_: Any) -> Any:
        return lambda: Compressor(note, note)

    monkeypatch.setattr(compression, "needed_codec", noting)
    for size in (999, 1000):
        await answer_of(Response(b"x" * size), encodings=["gzip"], thread_size=1000)
    assert threads == [True, False]


async def test_levels_are_used() -> None:
    sizes = [
        len((await answer_of(Response(TEXT * 50), coding, levels={coding: level})).parts[0])
        for coding, level in (("gzip", 1), ("gzip", 9), ("br", 0), ("br", 11), ("zstd", 1), ("zstd", 19))
    ]
    assert sizes[0] > sizes[1]
    assert sizes[2] > sizes[3]
    assert sizes[4] >= sizes[5]


@pytest.mark.parametrize("kind", ["records", "lifespan", "websocket", "future"])
async def test_other_traffic_passes_by_untouched(kind: str) -> None:
    seen: list[Any] = []

    async def app(*given: Any) -> None:
        seen.extend(given)

    passed: list[Any] = [{"type": kind}, object(), object()]
    await CompressionMiddleware(app)(*passed)
    assert all(a is b for a, b in zip(seen, passed, strict=True))


async def test_a_file_that_the_server_sends_is_left_to_it() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9999")]})
        await send({"type": "http.response.pathsend", "path": "/tmp/x"})

    answer = await answer_of(app)
    assert [message["type"] for message in answer.sent] == ["http.response.start", "http.response.pathsend"]
    assert answer.headers == {"content-length": "9999", "vary": "Accept-Encoding"}


# Mistakes, and what is not installed


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"encodings": ["deflate"]}, "deflate.*br.*gzip.*zstd"),
        ({"encodings": "gzip"}, r"write \['gzip'\]"),
        ({"levels": {"gzip": 10}}, "0 to 9"),
        ({"levels": {"zstd": 22}}, "1 to 19"),
        ({"encodings": ["gzip"], "levels": {"br": 1}}, "br"),
    ],
)
def test_mistakes_are_found_at_start_up(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        CompressionMiddleware(Response(), **options)


@pytest.mark.parametrize(
    ("missing", "coding"),
    [
        (["brotli"], "zstd"),
        (["backports.zstd", "compression.zstd", "compression"], "zstd"),
        (["backports.zstd", "compression.zstd", "compression", "zstandard"], "br"),
        (["backports.zstd", "compression.zstd", "compression", "zstandard", "brotli"], "gzip"),
    ],
)
async def test_the_default_takes_what_is_installed(
    monkeypatch: pytest.MonkeyPatch, missing: list[str], coding: str
) -> None:
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    answer = await answer_of(StreamingResponse(stream(TEXT, TEXT)), "gzip, br, zstd")
    assert (answer.coding, answer.body) == (coding, TEXT * 2)
    if "brotli" in missing:
        with pytest.raises(ConfigurationError, match="needs the package brotli"):
            CompressionMiddleware(Response(), encodings=["br", "gzip"])


def test_no_library_is_loaded_before_an_application_compresses() -> None:
    code = """
        import sys, lambdaframe, lambdaframe.http.middleware.compression
        print([name for name in ("brotli", "zstandard", "backports.zstd", "zlib", "starlette") if name in sys.modules])
    """
    run = [sys.executable, "-c", textwrap.dedent(code)]
    loaded = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert "brotli" not in loaded
    assert "zst" not in loaded


# In an application


def make_app(tmp: Any) -> App:
    app = App(middleware=[lambda inner: CompressionMiddleware(inner)])
    (tmp / "text.txt").write_bytes(TEXT)

    @app.get("/json")
    async def rows() -> list[dict[str, int]]:
        return [{"row": row} for row in range(500)]

    @app.get("/stream")
    async def streamed() -> StreamingResponse:
        return StreamingResponse(stream(TEXT, TEXT), media_type="text/plain")

    @app.get("/file")
    async def file() -> FileResponse:
        return FileResponse(tmp / "text.txt", media_type="text/plain")

    @app.get("/small")
    async def small() -> PlainTextResponse:
        return PlainTextResponse("small")

    @app.get("/fails")
    async def fails(request: Request) -> JSONResponse:
        raise RuntimeError

    return app


@pytest.fixture(params=["asgi", *GATEWAYS])
def client(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Any]:
    app = make_app(tmp_path)
    if request.param == "asgi":
        yield TestClient(app, raise_server_exceptions=False)
    else:
        with LambdaClient(app, request.param, raise_server_exceptions=False) as client:
            yield client


@pytest.mark.parametrize("coding", ["gzip", "zstd", "identity"])
def test_compressed_answers_arrive_whole(client: Any, coding: str) -> None:
    """The client unpacks what it gets, so that a wrong byte or length would fail it."""
    headers = {"accept-encoding": coding}
    expected = None if coding == "identity" else coding
    rows = client.get("/json", headers=headers)
    assert rows.json() == [{"row": row} for row in range(500)]
    assert rows.headers.get("content-encoding") == expected
    streamed = client.get("/stream", headers=headers)
    assert (streamed.content, streamed.headers.get("content-encoding")) == (TEXT * 2, expected)
    file = client.get("/file", headers=headers)
    assert file.content == TEXT
    assert file.headers["etag"].startswith("W/") == (expected is not None)
    assert client.get("/small", headers=headers).text == "small"
    assert client.get("/fails", headers=headers).json()["status"] == 500
    part = client.get("/file", headers={**headers, "range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, TEXT[:10])
    again = client.get("/file", headers={**headers, "if-none-match": file.headers["etag"]})
    assert again.status_code in {200, 304}
