"""What differs from source to source when LambdaHandler meets bad input: limits, cut-off bodies, encoded paths.

The table of bad input, row by row and behind every gateway, is in ``tests/hostile/test_bad_input.py``.
"""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from lambdaframe import App, Request
from lambdaframe.types import ASGIApp, Receive, Scope, Send
from lambdaframe_adapters import LambdaHandler
from tests.adapters.captured import REQUESTS, request
from tests.adapters.test_http_response import said

each_source = pytest.mark.parametrize("name", REQUESTS)

Make = Callable[..., LambdaHandler]


async def never(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that must not be asked for anything but its lifespan."""
    assert scope["type"] == "lifespan"


async def mirror(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers what it sees: the scope's parts that are JSON, and the body as base64."""
    if scope["type"] != "http":
        return
    sent = await receive()
    seen = {key: scope[key] for key in ("path", "scheme", "server", "method")}
    seen["raw_path"] = scope["raw_path"].decode("ascii")
    seen["headers"] = [[key.decode("latin-1"), value.decode("latin-1")] for key, value in scope["headers"]]
    seen["body"] = base64.b64encode(sent["body"]).decode()
    answer = json.dumps(seen).encode()
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


def sends(*headers: tuple[bytes, bytes], body: bytes = b"") -> ASGIApp:
    """An application that answers 200 with these headers."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    return app


def problem(answer: dict[str, Any]) -> dict[str, Any]:
    """The problem that the answer is, whatever its source."""
    status, body, is_base64 = said(answer)
    sent: dict[str, Any] = answer["headers"] if "headers" in answer else answer["multiValueHeaders"]
    fields = {key.lower(): str(value) for key, value in sent.items()}
    assert "application/problem+json" in fields["content-type"]
    assert not is_base64
    members: dict[str, Any] = json.loads(body)
    assert members["status"] == status
    return members


def seen(answer: dict[str, Any]) -> dict[str, Any]:
    status, body, is_base64 = said(answer)
    assert (status, is_base64) == (200, False)
    members: dict[str, Any] = json.loads(body)
    return members


def refusal(make: Make, event: dict[str, Any], status: int = 400, **options: Any) -> str:
    """The detail of the problem that answers an event for which the application is not asked."""
    members = problem(make(never, **options)(event))
    assert members["status"] == status
    return str(members["detail"])


@pytest.mark.parametrize("name", sorted(set(REQUESTS) - {"http_api", "http_api_v1"}))
@pytest.mark.parametrize("path", ["/a%00b", "/a/%2e%2e/b", "/%2E", "/a%2f..%2fb"])
def test_a_path_with_dots_or_nul_after_decoding_is_a_400(make: Make, name: str, path: str) -> None:
    assert "path" in refusal(make, request(name, path=path))


def test_a_body_that_cloudfront_has_cut_off_is_a_413(make: Make) -> None:
    event = request("edge", method="POST", body="YQ==", is_base64=True)
    event["Records"][0]["cf"]["request"]["body"]["inputTruncated"] = True
    assert "CloudFront" in refusal(make, event, 413)


LIMITS = {"alb": 1_048_576, "alb, multi-value": 1_048_576, "edge": 40_960, "lattice_v1": 6_291_456}
LIMITS["lattice_v2"] = 6_291_456


@each_source
@pytest.mark.parametrize("content_type", [b"text/plain", b"image/png"])
def test_an_answer_over_the_limit_is_a_500_that_names_it(
    make: Make, capsys: pytest.CaptureFixture[str], name: str, content_type: bytes
) -> None:
    limit = LIMITS.get(name, 6_291_556)
    # base64 makes four bytes of three; the rest of the envelope has less than a kilobyte
    fits = limit - 1024 if content_type == b"text/plain" else (limit - 1024) // 4 * 3
    header = (b"content-type", content_type)
    handler = make(sends(header, body=b"x" * fits))
    answer = handler(request(name))
    assert said(answer)[0] == 200
    assert len(json.dumps(answer)) <= limit
    answer = make(sends(header, body=b"x" * (fits + 1024)))(request(name))
    assert problem(answer)["detail"] == f"The answer is over the limit of {limit} bytes."
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["limit"] == limit


@pytest.mark.parametrize(("text", "status"), [("x", 200), ("\x01", 500), ('"', 500)])
def test_sizes_are_those_of_the_encoded_answer(make: Make, text: str, status: int) -> None:
    body = text.encode() * 6_291_000
    answer = make(sends((b"content-type", b"text/plain"), body=body))(request("http_api"))
    assert said(answer)[0] == status


@each_source
def test_a_header_that_is_excluded_is_not_looked_at(make: Make, name: str) -> None:
    handler = make(sends((b"x-sound", b"1"), (b"X-Internal-A", b"a\nb")), exclude_headers=["x-internal-*"])
    answer = handler(request(name))
    assert said(answer)[0] == 200
    assert list(answer.get("headers") or answer["multiValueHeaders"]) == ["x-sound"]


def test_the_same_application_answers_every_source_alike(make: Make) -> None:
    app = App()

    @app.get("/orders/{number}")
    async def order(number: int, request: Request) -> dict[str, Any]:
        return {"number": number, "agent": request.headers["user-agent"], "url": str(request.url)}

    handler = make(app)
    agent = {"User-Agent": "test", "Host": "shop.example.com", "X-Forwarded-Proto": "https"}
    expected = {"number": 7, "agent": "test", "url": "https://shop.example.com/orders/7"}
    for name in REQUESTS:
        assert seen(handler(request(name, path="/orders/7", headers=agent))) == expected, name
