"""Every kind of answer, as the clients of three servers see it: the same one."""

import json
import mimetypes
from collections.abc import AsyncGenerator, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx2 as httpx
import pytest

from docs.examples.loopback import Uvicorn
from lambdaframe import App, HTTPException, StreamingResponse
from lambdaframe.http.answers.responses import capture
from lambdaframe.http.answers.sse import EventSourceResponse
from lambdaframe.testing import TestClient
from lambdaframe.types import Message, Scope
from lambdaframe_adapters.testing import GATEWAYS, LambdaClient
from tests.http.responses_app import Stored, User, app

mimetypes.init()
"""It reads the system's table, once in a process; a FileResponse may be the first to ask."""

LETTERS = b"abcdefghijklmnopqrstuvwxyz"
JSON, TEXT = "application/json", "text/plain; charset=utf-8"


@pytest.fixture(scope="module", params=["TestClient", "uvicorn", *GATEWAYS])
def client(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A client that follows no redirects; unhandled errors are answers."""
    if request.param == "TestClient":
        yield TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    elif request.param == "uvicorn":
        with (
            Uvicorn(Path(__file__).parents[2], "tests.http.responses_app:app") as server,
            httpx.Client(base_url=server.url) as over_http,
        ):
            yield over_http
    else:
        with LambdaClient(app, request.param, raise_server_exceptions=False, follow_redirects=False) as through_events:
            yield through_events


@pytest.mark.parametrize(
    ("path", "status", "headers", "body"),
    [
        ("/dict", 200, {"content-type": JSON, "content-length": "7"}, b'{"a":1}'),
        ("/model", 200, {"content-type": JSON}, b'{"name":"ada"}'),
        ("/null", 200, {"content-type": JSON}, b"null"),
        ("/no-content", 204, {"content-type": None, "content-length": None}, b""),
        ("/model-as-html", 200, {"content-type": "text/html; charset=utf-8"}, b"<p>hi</p>"),
        ("/plain", 201, {"content-type": TEXT, "x-a": "1"}, b"hi"),
        ("/image", 200, {"content-type": "image/png", "content-length": "5"}, b"\x89PNG\xff"),
        ("/json", 202, {"content-type": JSON}, b'{"user":{"name":"ada"}}'),
        ("/redirect", 303, {"location": "/dict?%C3%A4"}, b""),
        ("/redirect-class", 308, {"location": "/dict"}, b""),
        ("/stream", 200, {"content-type": "text/csv; charset=utf-8"}, b"ab"),
        ("/stream-class", 200, {}, b"ab"),
        (
            "/events",
            200,
            {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store"},
            b'data: "a"\nid: 1\n\ndata: {"name":"ada","password":"secret"}\n\n',
        ),
        (
            "/file",
            200,
            {
                "content-type": TEXT,
                "content-length": "26",
                "content-disposition": "attachment; filename*=utf-8''the%20alphabet.txt",
                "accept-ranges": "bytes",
            },
            LETTERS,
        ),
        ("/file-class", 200, {"content-type": TEXT, "content-length": "26"}, LETTERS),
    ],
)
def test_an_answer(client: Any, path: str, status: int, headers: dict[str, str | None], body: bytes) -> None:
    got = client.get(path)
    assert (got.status_code, got.content) == (status, body)
    assert {name: got.headers.get(name) for name in headers} == headers
    asked = client.head(path)
    assert (asked.status_code, asked.content) == (status, b""), "HEAD"
    assert {name: asked.headers.get(name) for name in headers} == headers, "HEAD"


def test_every_cookie_arrives(client: Any) -> None:
    assert client.get("/json").headers.get_list("set-cookie") == [
        "a=1; Path=/; SameSite=lax",
        "b=2; Path=/; SameSite=lax",
    ]


@pytest.mark.parametrize("path", ["/broken", "/file-without-a-file"])
def test_what_goes_wrong_inside_is_told_to_nobody(client: Any, path: str) -> None:
    got = client.get(path)
    assert (got.status_code, got.headers["content-type"]) == (500, "application/problem+json")
    assert got.json()["status"] == 500
    assert "secret" not in got.text
    assert "nowhere" not in got.text


@pytest.mark.parametrize(
    ("wanted", "status", "content_range", "body"),
    [
        ("bytes=0-2", 206, "bytes 0-2/26", b"abc"),
        ("bytes=24-", 206, "bytes 24-25/26", b"yz"),
        ("bytes=-1", 206, "bytes 25-25/26", b"z"),
        ("bytes=26-", 416, "bytes */26", b""),
    ],
)
def test_a_part_of_a_file(client: Any, wanted: str, status: int, content_range: str, body: bytes) -> None:
    got = client.get("/file", headers={"range": wanted})
    assert (got.status_code, got.headers["content-range"], got.content) == (status, content_range, body)
    asked = client.head("/file", headers={"range": wanted})
    assert (asked.status_code, asked.headers["content-range"], asked.content) == (status, content_range, b"")


def test_several_parts_of_a_file(client: Any) -> None:
    got = client.get("/file", headers={"range": "bytes=0-1,24-25"})
    assert got.status_code == 206
    assert got.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert [part for part in (b"ab", b"yz") if b"\r\n\r\n" + part + b"\r\n" in got.content] == [b"ab", b"yz"]


def test_a_part_of_a_file_that_has_changed_is_the_whole(client: Any) -> None:
    etag = client.get("/file").headers["etag"]
    same = client.get("/file", headers={"range": "bytes=0-0", "if-range": etag})
    other = client.get("/file", headers={"range": "bytes=0-0", "if-range": '"other"'})
    assert [(same.status_code, same.content), (other.status_code, other.content)] == [(206, b"a"), (200, LETTERS)]


# What the application says of all answers


def test_a_serializer_of_the_applications_own() -> None:
    def indented(value: Any) -> bytes:
        return json.dumps(value, indent=1, default=str).encode()

    own = App(serializer=indented)

    @own.get("/declared")
    async def declared() -> User:  # pyright: ignore[reportUnusedFunction]
        return Stored(name="ada", password="secret")

    @own.get("/open")
    async def anything() -> Any:  # pyright: ignore[reportUnusedFunction]
        return {"total": Decimal("1.10")}

    @own.get("/problem")
    async def problem() -> Any:  # pyright: ignore[reportUnusedFunction]
        raise HTTPException(404, "gone")

    client = TestClient(own)
    assert client.get("/declared").text == '{\n "name": "ada"\n}'
    assert client.get("/open").text == '{\n "total": "1.10"\n}'
    assert "\n" not in client.get("/problem").text


@pytest.mark.parametrize("spec_version", ["2.3", "2.4"])
async def test_a_captured_stream_is_complete_even_when_the_client_has_left(spec_version: str) -> None:
    """What is kept to be sent again must not be the half that the first client waited for."""
    gone = anyio.Event()

    async def parts() -> AsyncGenerator[str]:
        yield "a"
        gone.set()
        await anyio.lowlevel.checkpoint()
        yield "b"

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    scope: Scope = {"type": "http", "method": "GET", "asgi": {"version": "3.0", "spec_version": spec_version}}
    for response in (StreamingResponse(parts()), EventSourceResponse(parts())):
        answer = await capture(response, scope, receive)
        assert answer.body in {b"ab", b'data: "a"\n\ndata: "b"\n\n'}
