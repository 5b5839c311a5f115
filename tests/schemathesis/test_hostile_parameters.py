"""Anything at all at the places where values are bound: an answer below 500, and a problem where it is an error.

The handlers assert that each of their arguments is of its declared type, so a wrong one would be a 500. The same
requests go to the application in process, byte by byte, and through LambdaClient.

``LAMBDAFRAME_FUZZ_EXAMPLES`` is twice the number of examples; 1,000 unless it is set.
"""

import asyncio
import json
import os
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

import httpx2 as httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambdaframe.types import Message, Scope
from lambdaframe_adapters.testing import LambdaClient, Request
from tests.schemathesis import hostile
from tests.schemathesis.apps import app

WANTED = int(os.environ.get("LAMBDAFRAME_FUZZ_EXAMPLES", "2000"))
FUZZED = settings(
    derandomize=WANTED <= 2000,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
OWN_ERROR = "/answer/cookie"
"""A route that answers 409 with a response of its own."""

REQUESTS = st.deferred(lambda: hostile.requests(app.openapi()))


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    app.state.stored = {}
    with asyncio.Runner() as runner:
        yield runner


def check(request: Request, status: int, content_type: str | None, body: bytes) -> None:
    """Raises AssertionError for an answer that no request may get."""
    assert 200 <= status < 500, body
    if status >= 400 and request.method != "HEAD" and request.path != OWN_ERROR:
        assert content_type == "application/problem+json", (status, content_type, body)
        problem = json.loads(body)
        assert problem["status"] == status
        assert problem["type"] == "about:blank"
        assert status != 422 or problem.get("errors") or "idempotency key" in problem["detail"]
    elif status == 204:
        assert body == b""


@settings(FUZZED, max_examples=WANTED * 3 // 10)
@given(REQUESTS)
def test_in_process(loop: asyncio.Runner, request: Request) -> None:
    status, headers, body = loop.run(_asked(request))
    check(request, status, headers.get(b"content-type", b"").decode("latin-1") or None, body)


@pytest.mark.parametrize(("source", "share"), [("http_api", 10), ("rest_api", 20), ("alb", 20)])
def test_through_lambda(source: str, share: int) -> None:
    with LambdaClient(app, source, raise_server_exceptions=False, follow_redirects=False) as client:

        @settings(FUZZED, max_examples=WANTED // share)
        @given(REQUESTS)
        def ask(request: Request) -> None:
            target = f"{request.path}?{request.query}" if request.query else request.path
            url = httpx.URL(scheme="https", host="testserver", raw_path=target.encode())
            headers = [(name.encode(), value.encode("latin-1")) for name, value in request.headers]
            answer = client.send(httpx.Request(request.method, url, headers=headers, content=request.body))
            client.cookies.clear()
            check(request, answer.status_code, answer.headers.get("content-type"), answer.content)

        ask()


@pytest.mark.parametrize(
    ("path", "document"),
    [
        pytest.param("/body/mapping", {"a": ["x"] * 15_000}, id="errors"),
        pytest.param("/body/mapping", {"a" * 500_000: ["x"] * 50}, id="names"),
        pytest.param("/body/discriminated", {"kind": "k" * 2_000_000}, id="messages"),
    ],
)
def test_the_answer_to_many_errors_can_be_sent(path: str, document: object) -> None:
    """A load balancer takes a megabyte of an answer; a larger one would be a 500."""
    with LambdaClient(app, "alb") as client:
        answer = client.post(path, content=json.dumps(document), headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert len(answer.content) < 100_000
    assert 1 <= len(answer.json()["errors"]) <= 100


@pytest.mark.parametrize("cut", [1, 4, 6, 8, 12])
def test_a_form_that_was_cut_short_is_refused(cut: int) -> None:
    """Else the part that is not whole would be missing, and nobody told."""
    part = b'--b\r\ncontent-disposition: form-data; name="documents"; filename="a"\r\n\r\nabc\r\n'
    whole = part + part + b"--b--\r\n"
    with LambdaClient(app) as client:
        kind = {"content-type": "multipart/form-data; boundary=b"}
        assert client.post("/form/files", content=whole, headers=kind).json() == [[3, 3], 0, ""]
        assert client.post("/form/files", content=whole[:-2], headers=kind).status_code == 200
        answer = client.post("/form/files", content=whole[: -2 - cut], headers=kind)
    assert answer.status_code == 400
    assert answer.json()["detail"] == "The form ends before its last boundary."


async def _asked(request: Request) -> tuple[int, dict[bytes, bytes], bytes]:
    """The answer, of an application that runs as a server would run it."""
    raw = request.path.encode()
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "path": unquote_to_bytes(raw).decode("utf-8", "replace"),
        "raw_path": raw,
        "root_path": "",
        "scheme": "https",
        "query_string": request.query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in request.headers],
        "server": ("shop.example", 443),
        "client": ("203.0.113.7", 50000),
        "state": {},
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, *rest = sent
    return start["status"], dict(start["headers"]), b"".join(message.get("body", b"") for message in rest)
