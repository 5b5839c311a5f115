"""Bad input, case by case, through the whole of LambdaHandler; the numbers are those of the table of bad input.

HTTP cases run behind every gateway that can deliver them.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from lambdaframe import App, CORSMiddleware, Middleware, Record, Request, Response, logger
from lambdaframe.errors import ConfigurationError, MalformedEventError, SourceNotAllowedError, UnknownEventError
from lambdaframe.types import Receive, Scope, Send
from lambdaframe_adapters import LambdaHandler
from lambdaframe_adapters.testing import GATEWAYS, LambdaContext, invoke, kinesis_event, sqs_event
from lambdaframe_adapters.testing import Request as Sent
from lambdaframe_adapters.testing import Response as Answered
from tests.adapters.captured import UNKNOWN, captured
from tests.hostile.answers import failed_ids

Make = Callable[..., LambdaHandler]

HOST = ("host", "shop.example")
JSON = ("content-type", "application/json")
EVERY = pytest.mark.parametrize("source", GATEWAYS)


async def never(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that no request may reach."""
    assert scope["type"] == "lifespan", "the handler was called"


class Seen:
    """An application that remembers the scopes it was called with."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.scopes.append(scope)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})


def sent(method: str = "GET", path: str = "/", *headers: tuple[str, str], query: str = "", body: bytes = b"") -> Sent:
    names = {name for name, _ in headers}
    return Sent(method, path, query, headers if "host" in names else (HOST, *headers), body)


def asked(handler: LambdaHandler, source: str, request: Sent, change: Callable[[Any], None] | None = None) -> Answered:
    """What the client gets for its request; ``change`` spoils the event on its way."""
    event = GATEWAYS[source].event(request)
    if change is not None:
        change(event)
    return GATEWAYS[source].response(request, invoke(handler, event, LambdaContext()))


def problem(answer: Answered, status: int) -> dict[str, Any]:
    """The problem that the answer is."""
    assert answer.status == status, answer
    assert answer.values("content-type") == ["application/problem+json"]
    found: dict[str, Any] = json.loads(answer.body)
    assert found["status"] == status
    return found


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("event", [{}, None, [], [{}], "text", 1, True])
def test_01_what_is_no_event_is_refused_by_its_type(make: Make, event: Any) -> None:
    with pytest.raises(UnknownEventError, match=r"keys \[\]" if event == {} else type(event).__name__):
        make(never)(event)


@pytest.mark.parametrize("name", UNKNOWN)
def test_01_an_unknown_event_is_refused_and_its_keys_are_named(make: Make, name: str) -> None:
    event = captured(name)
    with pytest.raises(UnknownEventError) as raised:
        make(never)(event)
    assert raised.value.keys == sorted(event)
    assert str(sorted(event)) in str(raised.value)


def test_02_a_source_that_is_not_allowed_is_refused_and_the_allowed_ones_are_named(make: Make) -> None:
    with pytest.raises(SourceNotAllowedError, match=r"'sqs' is not accepted here; allowed are \['http_api'\]"):
        make(never, sources=["http_api"])(captured("sqs/standard"))


@pytest.mark.parametrize(
    "name", ["http_api/no_body", "http_api_v1/default_stage", "function_url/plain", "lattice_v2/iam"]
)
def test_03_an_unknown_version_is_refused_and_named(make: Make, name: str) -> None:
    with pytest.raises(UnknownEventError, match=r"'9\.9'"):
        make(never)(captured(name, version="9.9"))


@EVERY
def test_04_headers_that_are_null_are_empty(make: Make, source: str) -> None:
    def spoil(event: Any) -> None:
        event["headers"] = None
        event.pop("multiValueHeaders", None)

    app = Seen()
    assert asked(make(app), source, sent(), spoil).status == 200
    assert app.scopes[0]["headers"] == []


@EVERY
def test_04_a_header_that_is_null_is_skipped(make: Make, source: str) -> None:
    def spoil(event: Any) -> None:
        for headers in (event.get("headers"), event.get("multiValueHeaders")):
            if headers is not None:
                headers["x-null"] = None

    app = Seen()
    assert asked(make(app), source, sent("GET", "/", ("x-tag", "a")), spoil).status == 200
    names = [name for name, _ in app.scopes[0]["headers"]]
    assert b"x-null" not in names
    assert b"x-tag" in names


BAD_HOSTS = [
    "a:b:c",
    "shop.example:abc",
    "shop.example:9x",
    "[v1]",
    "a b",
    "[::1",
    "[::1]x",
    "a/b",
    "user@shop.example",
]


@EVERY
@pytest.mark.parametrize("host", BAD_HOSTS)
def test_05_a_host_that_is_none_is_a_400(make: Make, source: str, host: str) -> None:
    def spoil(event: Any) -> None:
        for headers in (event.get("headers"), event.get("multiValueHeaders")):
            if headers is not None:
                headers["host"] = [host] if isinstance(headers["host"], list) else host

    assert "Host" in problem(asked(make(never), source, sent(), spoil), 400)["detail"]


@EVERY
def test_06_a_host_may_be_an_ipv6_literal(make: Make, source: str) -> None:
    app = Seen()
    assert asked(make(app), source, sent("GET", "/", ("host", "[::1]:80"))).status == 200
    assert app.scopes[0]["server"] == ("::1", 80)


@EVERY
@pytest.mark.parametrize("scheme", ["javascript", "", "https,http", "file"])
def test_07_a_forwarded_protocol_that_is_none_is_ignored(make: Make, source: str, scheme: str) -> None:
    def spoil(event: Any) -> None:
        for headers in (event.get("headers"), event.get("multiValueHeaders")):
            for name in list(headers or ()):
                if name.lower() in {"x-forwarded-proto", "x-forwarded-for-proto"}:
                    headers[name] = [scheme] if isinstance(headers[name], list) else scheme

    app = Seen()
    assert asked(make(app), source, sent(), spoil).status == 200
    assert app.scopes[0]["scheme"] == "https"


@EVERY
@pytest.mark.parametrize("path", ["/a%00b", "/a/../b", "/a/%2e%2e/b", "/%2E", "/a/%2e%2E%2fb", "/./a"])
def test_08_a_path_that_means_two_things_is_a_400(make: Make, source: str, path: str) -> None:
    assert "path" in problem(asked(make(never), source, sent("GET", path)), 400)["detail"]


@EVERY
@pytest.mark.parametrize("path", ["orders", "", "?a=b"])
def test_08_a_path_without_a_slash_is_a_400(make: Make, source: str, path: str) -> None:
    def spoil(event: Any) -> None:
        for name in ("rawPath", "raw_path", "path"):
            if name in event:
                event[name] = path

    problem(asked(make(never), source, sent(), spoil), 400)


class Order(BaseModel):
    sku: str


def json_app() -> App:
    app = App()

    @app.post("/any")
    async def anything(data: dict[str, Any]) -> Any:
        raise AssertionError("the handler was called")

    @app.post("/model")
    async def model(order: Order) -> Any:
        raise AssertionError("the handler was called")

    @app.post("/list")
    async def nested(items: list[Any]) -> Any:
        raise AssertionError("the handler was called")

    return app


TAKES_JSON = pytest.mark.parametrize("path", ["/any", "/model", "/list"])
NO_JSON = [b"\xff", b'{"sku": "\xed\xa0\x80"}', b'"\xc3"', b'{"sku"', b"\xef\xbb\xbf{}", b"'", b'"\0"']


@EVERY
@TAKES_JSON
@pytest.mark.parametrize("body", NO_JSON)
def test_09_a_body_that_is_no_json_is_a_400(make: Make, source: str, path: str, body: bytes) -> None:
    def spoil(event: Any) -> None:
        event["body"] = b64encode(body).decode()
        event["is_base64_encoded" if "is_base64_encoded" in event else "isBase64Encoded"] = True

    problem(asked(make(json_app()), source, sent("POST", path, JSON, body=b"{}"), spoil), 400)


@EVERY
@TAKES_JSON
def test_09_a_body_with_a_lone_surrogate_is_a_400(make: Make, source: str, path: str) -> None:
    def spoil(event: Any) -> None:
        event["body"] = '{"sku": "\ud800"}'
        event["is_base64_encoded" if "is_base64_encoded" in event else "isBase64Encoded"] = False

    problem(asked(make(json_app()), source, sent("POST", path, JSON, body=b"{}"), spoil), 400)


@pytest.mark.parametrize("source", sorted(set(GATEWAYS) - {"http_api", "http_api_v1"}))
def test_09_path_bytes_that_are_no_utf8_are_kept_in_raw_path(make: Make, source: str) -> None:
    app = Seen()
    assert asked(make(app), source, sent("GET", "/a%FFb%ED%A0%80")).status == 200
    assert app.scopes[0]["raw_path"] == b"/a%FFb%ED%A0%80"
    assert app.scopes[0]["path"].startswith("/a\ufffdb\ufffd")


@EVERY
@pytest.mark.parametrize("body", ["!!!", "YQ", "YQ==YQ==", "Y Q==", "YQ==\n", "=", "\u00e9"])
def test_10_base64_that_is_none_is_a_400(make: Make, source: str, body: str) -> None:
    def spoil(event: Any) -> None:
        event["body"] = body
        event["is_base64_encoded" if "is_base64_encoded" in event else "isBase64Encoded"] = True

    assert "base64" in problem(asked(make(never), source, sent("POST"), spoil), 400)["detail"]


@EVERY
@TAKES_JSON
@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b'{"sku":' * 100_000, b'[{"":' * 100_000, b"[" * 200_000 + b"]" * 200_000]
)
def test_11_json_that_is_nested_too_deeply_is_a_400(make: Make, source: str, path: str, body: bytes) -> None:
    assert asked(make(json_app()), source, sent("POST", path, JSON, body=body)).status == 400


@EVERY
def test_12_a_body_over_the_limit_is_a_413_and_one_at_the_limit_is_not(make: Make, source: str) -> None:
    assert problem(asked(make(never, max_body_size=9), source, sent("POST", body=b"x" * 10)), 413)
    assert asked(make(Seen(), max_body_size=10), source, sent("POST", body=b"x" * 10)).status == 200


@EVERY
@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_13_an_answer_over_the_limit_is_a_500_that_names_it(
    make: Make, source: str, binary: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    app = App()
    limit = 1_048_576 if source.startswith("alb") else 6_291_456

    @app.get("/{size:int}")
    async def large(size: int) -> Response:
        return Response(b"x" * size, media_type="application/octet-stream" if binary else "text/plain")

    handler = make(app)
    room = (limit - 2_000) * 3 // 4 if binary else limit - 2_000
    assert asked(handler, source, sent("GET", f"/{room}", ("accept", "*/*"))).status == 200
    answer = asked(handler, source, sent("GET", f"/{room + 3_000}", ("accept", "*/*")))
    detail = problem(answer, 500)["detail"]
    line = logged(capsys)[-1]
    assert line["level"] == "ERROR"
    assert line["size"] > line["limit"] >= limit
    assert str(line["limit"]) in detail


UNSAFE = [
    (b"x-a", b"1\r\nx-injected: 1"),
    (b"x-a", b"1\nx-injected: 1"),
    (b"x-a", b"1\rx"),
    (b"x-a", b"1\0"),
    (b"x-a\r\nx-injected", b"1"),
    (b"x a", b"1"),
    (b"x:a", b"1"),
    (b"", b"1"),
    (b"x-\xe9", b"1"),
    (b"set-cookie", b"a=1\r\nset-cookie: b=2"),
    (b"location", b"/\r\n\r\n<script>"),
    (b"content-type", b"text/html\r\nx-injected: 1"),
]


@EVERY
@pytest.mark.parametrize("header", UNSAFE)
def test_14_a_header_that_splits_the_answer_is_a_500(
    make: Make, source: str, header: tuple[bytes, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = [(b"x-fine", b"1"), header]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"<body>"})

    answer = asked(make(app), source, sent())
    problem(answer, 500)
    assert "injected" not in str(answer)
    assert "x-fine" not in dict(answer.headers)
    assert logged(capsys)[-1]["level"] == "ERROR"


@EVERY
def test_15_what_an_error_says_is_logged_and_not_answered(
    make: Make, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    app = App()

    @app.get("/")
    async def root() -> None:
        logger.info("about to fail", password="swordfish", step=1)
        raise RuntimeError("cannot log in to db-7 as root")

    answer = asked(make(app), source, sent())
    assert problem(answer, 500).keys() == {"type", "title", "status"}
    assert "db-7" not in str(answer)
    info, error = logged(capsys)
    assert info["step"] == 1
    assert "swordfish" not in str(info)
    assert "cannot log in to db-7 as root" in error["exception"]
    assert "test_bad_input.py" in str(error), "with its trace"


@pytest.mark.parametrize("origins", [["*"], ["https://shop.example", "*"], "*"])
def test_16_credentials_for_every_origin_are_an_error_at_start_up(origins: Any) -> None:
    with pytest.raises(ConfigurationError, match="credentials"):
        App(middleware=[Middleware(CORSMiddleware, allow_origins=origins, allow_credentials=True)])


@EVERY
def test_17_a_logged_value_stays_within_its_line(make: Make, source: str, capsys: pytest.CaptureFixture[str]) -> None:
    app = App()
    value = '"}\n{"level":"FATAL"}\r\n\x1b[31m\u2028\x85'

    @app.get("/")
    async def root(request: Request) -> None:
        logger.info(value, value=value, **{value: 1})

    asked(make(app), source, sent())
    output = capsys.readouterr().out
    assert output.count("\n") == 1
    assert "\x1b" not in output
    line = json.loads(output)
    assert (line["message"], line["value"], line[value]) == (value, value, 1)


@EVERY
@pytest.mark.parametrize("key", ["", "k" * 300, "a,b", '"open', "a\tb", "\u00e9"])
def test_18_a_malformed_idempotency_key_is_a_400(make: Make, source: str, key: str) -> None:
    answer = asked(make(idempotent_app()), source, sent("POST", "/", ("idempotency-key", key)))
    assert "Idempotency-Key" in problem(answer, 400)["detail"]


@pytest.mark.parametrize("source", sorted(set(GATEWAYS) - {"alb_single"}))  # which passes on the last one alone
def test_18_two_idempotency_keys_are_a_400(make: Make, source: str) -> None:
    twice = ("idempotency-key", "first"), ("idempotency-key", "second")
    problem(asked(make(idempotent_app()), source, sent("POST", "/", *twice)), 400)


def idempotent_app() -> App:
    app = App(idempotency="memory://")

    @app.post("/", idempotent=True)
    async def root() -> None:
        raise AssertionError("the handler was called")

    return app


@pytest.mark.parametrize("identifier", [None, "", 7, ["m"]])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_19_a_message_without_an_id_fails_the_whole_invocation(make: Make, position: int, identifier: Any) -> None:
    app = App()
    seen: list[str] = []

    @app.sqs()
    async def consume(body: str) -> None:
        seen.append(body)

    event = sqs_event(["a", "b", "c"])
    event["Records"][position]["messageId"] = identifier
    with pytest.raises(MalformedEventError, match=rf"Record {position} has no messageId"):
        make(app)(event, LambdaContext())
    del event["Records"][position]["messageId"]
    with pytest.raises(MalformedEventError, match=rf"Record {position} has no messageId"):
        make(app)(event, LambdaContext())
    assert seen == []


def test_20_a_record_that_is_no_base64_is_the_checkpoint(make: Make) -> None:
    app = App()
    seen: list[str] = []

    @app.kinesis(concurrency=1)
    async def consume(body: str, record: Record) -> None:
        seen.append(body)

    event = kinesis_event(["a", "b", "c"])
    event["Records"][1]["kinesis"]["data"] = "!!!"
    broken = event["Records"][1]["kinesis"]["sequenceNumber"]
    assert failed_ids(make(app)(event, LambdaContext())) == [broken]
    assert seen == ["a"]
