"""LambdaHandler: events in, answers out, whatever the application does."""

import asyncio
import base64
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import orjson
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request as StarletteRequest
from starlette.responses import PlainTextResponse as StarletteText
from starlette.responses import Response as StarletteResponse
from starlette.responses import StreamingResponse as StarletteStream
from starlette.routing import Route

from lambdaframe import App, HTTPException, PlainTextResponse, Record, Request, Response, current_invocation
from lambdaframe.errors import (
    BatchFailedError,
    ConfigurationError,
    LifespanError,
    MalformedEventError,
    NoConsumerError,
    NoInvocationError,
    UnknownEventError,
)
from lambdaframe.types import ASGIApp, Receive, Scope, Send
from lambdaframe_adapters import LambdaHandler
from lambdaframe_adapters.testing import sqs_event


class Context:
    """What Lambda passes beside the event."""

    function_name = "fn"
    function_version = "$LATEST"
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:fn"
    memory_limit_in_mb = "128"

    def __init__(self, remaining: float = 30.0, request_id: str = "req-1") -> None:
        self.aws_request_id = request_id
        self._remaining = remaining

    def get_remaining_time_in_millis(self) -> int:
        return int(self._remaining * 1000)


def http(path: str = "/", method: str = "GET", body: bytes | None = None, **more: Any) -> dict[str, Any]:
    """An HTTP API event, payload format 2.0."""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "api.example.com", "content-type": "application/json", "x-forwarded-proto": "https"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": "api.example.com",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "1.2.3.4", "userAgent": "x"},
            "requestId": "gw-1",
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": 1_700_000_000_000,
        },
        "isBase64Encoded": body is not None,
        **more,
    }
    if body is not None:
        event["body"] = base64.b64encode(body).decode()
    return event


def sqs(*bodies: str, queue: str = "orders") -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"m{at}",
                "receiptHandle": "r",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1700000000000"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:eu-west-1:123456789012:{queue}",
                "awsRegion": "eu-west-1",
            }
            for at, body in enumerate(bodies)
        ]
    }


Make = Callable[..., LambdaHandler]


def problem(answer: dict[str, Any]) -> Any:
    assert answer["headers"]["content-type"] == "application/problem+json"
    return orjson.loads(answer["body"])


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_request_is_answered_and_sees_its_invocation(make: Make) -> None:
    app = App()

    @app.get("/")
    async def root(request: Request) -> list[Any]:
        invocation = current_invocation()
        assert invocation.raw_event is request.scope["aws.event"]
        assert 25 < invocation.remaining() <= 30
        return [invocation.request_id, invocation.source, invocation.cold_start]

    handler = make(app)
    assert orjson.loads(handler(http(), Context())["body"]) == ["req-1", "http_api", True]
    assert orjson.loads(handler(http(), Context(request_id="req-2"))["body"]) == ["req-2", "http_api", False]
    with pytest.raises(NoInvocationError):
        current_invocation()


def test_it_runs_without_a_context(make: Make) -> None:
    app = App()

    @app.get("/")
    async def root() -> float:
        return min(current_invocation().remaining(), 1e9)

    assert make(app)(http())["body"] == "1000000000.0"


@pytest.mark.parametrize("event", [{}, None, [], "x", {"detail": 1}, http(version="9.9")])
def test_an_unknown_event_is_refused(make: Make, event: Any) -> None:
    with pytest.raises(UnknownEventError):
        make(App())(event, Context())


def test_only_the_sources_that_are_allowed_are_accepted(make: Make) -> None:
    handler = make(App(), sources=["http_api"])
    with pytest.raises(UnknownEventError, match=r"'sqs' is not accepted.*'http_api'"):
        handler(sqs("1"), Context())
    assert handler(http(), Context())["statusCode"] == 404
    with pytest.raises(ConfigurationError, match="httpapi"):
        LambdaHandler(App(), sources=["httpapi"])


def test_only_events_from_where_it_is_allowed_are_accepted(make: Make) -> None:
    asked: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["type"])

    handler = make(app, allow=["api", "arn:aws:sqs:eu-west-1:123456789012:orders"])
    other = http()
    other["requestContext"]["apiId"] = "other"
    for event, seen in [(other, "'other', '123456789012'"), (sqs("1", queue="returns"), "returns', '123456789012'")]:
        with pytest.raises(UnknownEventError, match=f"from .*{seen}.* is not accepted; allowed are .*'api'"):
            handler(event, Context())
    assert asked == []
    handler(http(), Context())
    handler(sqs("1"), Context())
    assert asked == ["lifespan", "http", "records"]
    assert make(app, allow=["api"])({"Records": []}) == {"batchItemFailures": []}


@pytest.mark.parametrize(
    "options",
    [
        {"sources": "http_api"},
        {"allow": []},
        {"base_path": "v1"},
        {"max_body_size": -1},
        {"trusted_hops": -1},
        {"text_mime_types": ["text/"]},
        {"exclude_headers": "server"},
    ],
)
def test_an_option_that_makes_no_sense_is_found_when_the_handler_is_built(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        LambdaHandler(App(), **options)


def test_excluded_headers_are_in_no_answer(make: Make) -> None:
    async def root(request: StarletteRequest) -> StarletteResponse:
        headers = {"Server": "x", "X-Internal-Host": "y", "X-Kept": "z"}
        return StarletteText("sent", headers=headers)

    app = Starlette(routes=[Route("/", root)])
    answer = make(app, exclude_headers=["SERVER", "x-internal-*", "content-length"])(http(), Context())
    assert answer["headers"] == {"x-kept": "z", "content-type": "text/plain; charset=utf-8"}
    answer = make(app, exclude_headers=["content-*"])(http("/nowhere"), Context())
    assert (answer["statusCode"], answer["headers"]) == (404, {})


def test_further_media_types_are_answered_as_text(make: Make) -> None:
    async def root(request: StarletteRequest) -> StarletteResponse:
        return StarletteResponse(b"a: 1", media_type="application/yaml")

    app = Starlette(routes=[Route("/", root)])
    assert make(app)(http(), Context())["isBase64Encoded"] is True
    answer = make(app, text_mime_types=["application/yaml"])(http(), Context())
    assert (answer["body"], answer["isBase64Encoded"]) == ("a: 1", False)


def test_the_client_is_so_many_proxies_away(make: Make) -> None:
    async def root(request: StarletteRequest) -> StarletteResponse:
        assert request.client is not None
        return StarletteText(request.client.host)

    app = Starlette(routes=[Route("/", root)])
    event = http()
    event["headers"]["x-forwarded-for"] = "198.51.100.7, 1.2.3.4"
    assert make(app)(event, Context())["body"] == "1.2.3.4"
    assert make(app, trusted_hops=1)(event, Context())["body"] == "198.51.100.7"


@pytest.mark.parametrize(
    ("stage", "path", "url"),
    [
        ("$default", "/v1/orders/7", "https://api.example.com/v1/orders/7"),
        ("$default", "/orders/7", "https://api.example.com/v1/orders/7"),
        ("prod", "/prod/orders/7", "https://api.example.com/v1/orders/7"),
    ],
)
def test_url_for_round_trips_behind_a_base_path(make: Make, stage: str, path: str, url: str) -> None:
    async def order(request: StarletteRequest) -> StarletteResponse:
        number = request.path_params["number"]
        return StarletteText(f"{request.url} {request.url_for('order', number=number)}")

    app = Starlette(routes=[Route("/orders/{number}", order, name="order")])
    event = http(path)
    event["requestContext"]["stage"] = stage
    assert make(app, base_path="/v1")(event, Context())["body"] == f"{url} {url}"


def test_a_malformed_request_is_a_400_and_no_handler_runs(make: Make) -> None:
    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "lifespan"

    handler = make(never)
    answer = handler(http("/", "POST", isBase64Encoded=True, body=None) | {"body": "!!!"}, Context())
    assert answer["statusCode"] == 400
    assert problem(answer)["status"] == 400


def test_a_body_over_the_limit_is_a_413(make: Make) -> None:
    app = App()

    @app.post("/")
    async def root(data: Any, request: Request) -> int:
        return len(await request.body())

    handler = make(app, max_body_size=10)
    assert handler(http("/", "POST", b"[1,2,3,4,5]"), Context())["statusCode"] == 413
    handler(http("/", "POST", b"[1,2,3,40]"), Context())


def test_an_answer_over_the_limit_is_a_500_that_names_it(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    app = App()

    @app.get("/{size:int}")
    async def large(size: int) -> Response:
        return PlainTextResponse("x" * size)

    handler = make(app)
    assert handler(http("/6200000"), Context())["statusCode"] == 200
    answer = handler(http("/6400000"), Context())
    assert answer["statusCode"] == 500
    assert "6291556" in problem(answer)["detail"]
    line = logged(capsys)[-1]
    assert line["limit"] == 6291556
    assert line["size"] > 6_400_000


@pytest.mark.parametrize(("name", "value"), [("x-a", "a\r\nx-b: c"), ("x-a", "a\0"), ("x a", "b"), ("", "b")])
def test_a_header_that_could_split_the_answer_is_a_500(make: Make, name: str, value: str) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = [(name.encode(), value.encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b""})

    answer = make(app)(http(), Context())
    assert answer["statusCode"] == 500
    assert "x-b" not in orjson.dumps(answer).decode()


def test_an_error_answers_500_without_details_and_can_fail_the_invocation_instead(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    app = App()

    @app.get("/")
    async def root() -> None:
        raise RuntimeError("hunter2")

    answer = make(app)(http(), Context())
    assert answer["statusCode"] == 500
    assert "hunter2" not in orjson.dumps(answer).decode()
    assert [line["message"] for line in logged(capsys)] == ["Unhandled error"]
    with pytest.raises(RuntimeError, match="hunter2"):
        make(app, on_error="raise")(http(), Context())
    with pytest.raises(ConfigurationError, match="on_error"):
        LambdaHandler(app, on_error="ignore")  # type: ignore[arg-type]  # the mistake under test


def test_an_expected_error_is_an_answer_also_when_errors_are_raised(make: Make) -> None:
    app = App()

    @app.get("/")
    async def root() -> None:
        raise HTTPException(409)

    assert make(app, on_error="raise")(http(), Context())["statusCode"] == 409


@pytest.mark.parametrize(
    "error",
    [
        SystemExit(3),
        SystemExit("bye"),
        asyncio.CancelledError(),
        GeneratorExit(),
        BaseExceptionGroup("both", [SystemExit(3), ValueError()]),
    ],
)
def test_no_error_of_a_handler_ends_the_process(make: Make, error: BaseException) -> None:
    app = App()

    @app.get("/")
    async def root() -> None:
        raise error

    @app.get("/fine")
    async def fine() -> str:
        return "fine"

    handler = make(app)
    assert handler(http(), Context())["statusCode"] == 500
    assert handler(http("/fine"), Context())["statusCode"] == 200


def test_an_application_that_cancels_itself_is_a_500_and_no_504(make: Make) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)

    assert make(app)(http(), Context())["statusCode"] == 500
    with pytest.raises(RuntimeError, match="CancelledError"):
        make(app, on_error="raise")(http(), Context())


async def _silent(scope: Scope, receive: Receive, send: Send) -> None:
    return


async def _halfway(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})


async def _body_first(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.body", "body": b"half"})


async def _started_twice(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.start", "status": 200, "headers": []})


@pytest.mark.parametrize("serve", [_silent, _halfway, _body_first, _started_twice])
def test_an_incomplete_answer_is_a_500_and_logged(
    make: Make, capsys: pytest.CaptureFixture[str], serve: ASGIApp
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await serve(scope, receive, send)

    assert make(app)(http(), Context())["statusCode"] == 500
    assert [line["level"] for line in logged(capsys)] == ["ERROR"]


@pytest.mark.parametrize(
    ("start", "body"),
    [
        ({"status": "200"}, b""),
        ({"status": None}, b""),
        ({"status": 0}, b""),
        ({}, b""),
        ({"status": 200, "headers": 5}, b""),
        ({"status": 200, "headers": [(b"a", b"b", b"c")]}, b""),
        ({"status": 200, "headers": [("content-type", "text/plain")]}, b""),
        ({"status": 200}, "text"),
        ({"status": 200}, None),
        ({"status": 200}, 5),
    ],
)
def test_an_answer_that_is_no_asgi_is_a_500_and_logged(
    make: Make, capsys: pytest.CaptureFixture[str], start: dict[str, Any], body: Any
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", **start})
            await send({"type": "http.response.body", "body": body})

    answer = make(app)(http(), Context())
    assert problem(answer)["status"] == 500
    assert [line["level"] for line in logged(capsys)] == ["ERROR"]


def test_a_buffer_may_be_used_again_after_it_was_sent(make: Make) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        buffer = bytearray(b"one ")
        await send({"type": "http.response.start", "status": HTTPStatus.CREATED})
        await send({"type": "http.response.body", "body": buffer, "more_body": True})
        buffer[:] = b"two "
        await send({"type": "http.response.body", "body": memoryview(buffer), "more_body": True})
        buffer[:] = b"...."
        await send({"type": "http.response.body"})

    answer = make(app)(http(), Context())
    assert (answer["statusCode"], base64.b64decode(answer["body"])) == (201, b"one two ")


def test_an_error_halfway_through_the_answer_is_a_500(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    async def root(request: StarletteRequest) -> StarletteResponse:
        async def parts() -> AsyncGenerator[bytes]:
            yield b"half"
            raise ValueError("hunter2")

        return StarletteStream(parts(), media_type="text/plain")

    app = Starlette(routes=[Route("/", root)])
    answer = make(app)(http(), Context())
    assert problem(answer)["status"] == 500
    assert "half" not in answer["body"]
    assert "hunter2" in logged(capsys)[-1]["exception"]
    with pytest.raises(ValueError, match="hunter2"):
        make(app, on_error="raise")(http(), Context())


def test_a_stream_is_collected(make: Make) -> None:
    async def root(request: StarletteRequest) -> StarletteResponse:
        async def parts() -> AsyncGenerator[str]:
            for at in range(3):
                await asyncio.sleep(0)
                yield f"{at} "

        return StarletteStream(parts(), media_type="text/plain")

    answer = make(Starlette(routes=[Route("/", root)]))(http(), Context())
    assert (answer["body"], answer["isBase64Encoded"]) == ("0 1 2 ", False)


def test_another_frameworks_error_page_is_the_answer_and_the_error_is_logged_or_raised(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    async def root(request: StarletteRequest) -> StarletteResponse:
        raise ValueError("hunter2")

    app = Starlette(routes=[Route("/", root)])
    answer = make(app)(http(), Context())
    assert (answer["statusCode"], answer["body"]) == (500, "Internal Server Error")
    assert "hunter2" in logged(capsys)[-1]["exception"]
    with pytest.raises(ValueError, match="hunter2"):
        make(app, on_error="raise")(http(), Context())


def test_another_frameworks_application_has_an_invocation_a_state_and_head(make: Make) -> None:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[dict[str, str]]:
        yield {"greeting": "hello"}

    async def root(request: StarletteRequest) -> StarletteResponse:
        invocation = current_invocation()
        return StarletteText(f"{request.state.greeting} {invocation.request_id} {invocation.source}")

    handler = make(Starlette(routes=[Route("/", root)], lifespan=lifespan))
    assert handler(http(), Context())["body"] == "hello req-1 http_api"
    answer = handler(http(method="HEAD"), Context())
    assert (answer["statusCode"], answer["body"], answer["isBase64Encoded"]) == (200, "", False)
    assert answer["headers"]["content-length"] == "20"


def test_background_work_ends_before_the_answer_and_its_error_does_not_replace_it(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[str] = []

    def work() -> None:
        done.append("work")
        raise ValueError("too late")

    async def root(request: StarletteRequest) -> StarletteResponse:
        return StarletteText("sent", background=BackgroundTask(work))

    answer = make(Starlette(routes=[Route("/", root)]))(http(), Context())
    assert (answer["statusCode"], answer["body"], done) == (200, "sent", ["work"])
    assert "too late" in logged(capsys)[-1]["exception"]


def test_no_disconnect_is_seen_before_the_answer_is_complete(make: Make) -> None:
    events: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        await receive()

        async def listen() -> None:
            events.append((await receive())["type"])

        listener = asyncio.create_task(listen())
        await asyncio.sleep(0)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0)
        assert events == []
        await send({"type": "http.response.body", "body": b""})
        await listener

    assert make(app)(http(), Context())["statusCode"] == 200
    assert events == ["http.disconnect"]


def test_a_hung_request_answers_504_in_time(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    app = App()
    cleaned: list[bool] = []

    @app.get("/")
    async def root() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(True)

    answer = make(app)(http(), Context(remaining=0.35))
    assert answer["statusCode"] == 504
    assert problem(answer)["title"] == "Gateway Timeout"
    assert cleaned == [True]
    assert "deadline" in logged(capsys)[-1]["message"]


def test_one_start_up_for_a_hundred_invocations_and_a_shutdown(make: Make) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(app: App) -> AsyncGenerator[dict[str, int]]:
        seen.append("up")
        yield {"answer": 42}
        seen.append("down")

    app = App(lifespan=lifespan)

    @app.get("/")
    async def root(request: Request) -> int:
        request.state.answer += 1
        number: int = request.state.answer
        return number

    handler = make(app)
    assert {handler(http(), Context())["body"] for _ in range(100)} == {"43"}
    assert seen == ["up"]
    handler.close()
    assert seen == ["up", "down"]


def test_a_failed_start_up_fails_the_invocation_and_is_tried_again(make: Make) -> None:
    attempts: list[int] = []

    @asynccontextmanager
    async def lifespan(app: App) -> AsyncGenerator[None]:
        attempts.append(1)
        if len(attempts) < 3:
            raise OSError("no database")
        yield

    handler = make(App(lifespan=lifespan))
    for _ in range(2):
        with pytest.raises(LifespanError, match="no database"):
            handler(http(), Context())
    assert handler(http(), Context())["statusCode"] == 404


def test_records_that_fail_are_reported_and_no_others(make: Make) -> None:
    app = App()
    seen: list[Any] = []

    @app.sqs("orders")
    async def fulfil(number: int, record: Record) -> None:
        seen.append((number, record.id))
        if number == 3:
            raise ValueError(number)

    answer = make(app)(sqs("1", "no json", "3", "4"), Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m2"}]}
    assert sorted(seen) == [(1, "m0"), (3, "m2"), (4, "m3")]


def test_an_empty_batch_is_an_empty_success_wherever_records_are_accepted(make: Make) -> None:
    assert make(App())({"Records": []}, Context()) == {"batchItemFailures": []}
    assert make(App(), sources=["kinesis"])({"Records": []}, Context()) == {"batchItemFailures": []}
    with pytest.raises(UnknownEventError):
        make(App(), sources=["alb"])({"Records": []}, Context())


def test_a_batch_without_consumer_fails_and_is_not_acknowledged(make: Make) -> None:
    app = App()

    @app.sqs("orders")
    async def fulfil(number: int) -> None: ...

    handler = make(app)
    with pytest.raises(NoConsumerError, match="returns"):
        handler(sqs("1", queue="returns"), Context())


def test_records_for_an_application_that_knows_no_records_fail_the_invocation(make: Make) -> None:
    with pytest.raises(AssertionError):
        make(Starlette())(sqs("1"), Context())


def test_a_record_without_an_id_fails_the_invocation_before_any_handler_runs(make: Make) -> None:
    app = App()
    seen: list[Any] = []

    @app.sqs()
    async def consume(body: str) -> None:
        seen.append(body)

    event = sqs("1", "2")
    del event["Records"][1]["messageId"]
    with pytest.raises(MalformedEventError, match="messageId"):
        make(app)(event, Context())
    assert seen == []


def test_a_batch_with_a_hung_record_reports_it_alone(make: Make) -> None:
    app = App()
    cleaned: list[str] = []

    @app.sqs()
    async def consume(body: str) -> None:
        if body == "hang":
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                cleaned.append(body)

    answer = make(app)(sqs("a", "hang", "b"), Context(remaining=1.3))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert cleaned == ["hang"]


def test_middleware_sees_records_too(make: Make) -> None:
    types: list[str] = []

    def spy(inner: ASGIApp) -> ASGIApp:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            types.append(scope["type"])
            await inner(scope, receive, send)

        return app

    app = App(middleware=[spy])

    @app.sqs()
    async def consume(body: str) -> None: ...

    handler = make(app)
    handler(sqs("1"), Context())
    handler(http(), Context())
    assert types == ["lifespan", "records", "http"]


def test_idempotent_records_are_done_once(make: Make) -> None:
    app = App(idempotency="memory://")
    seen: list[str] = []

    @app.sqs(idempotent=True)
    async def consume(body: str) -> None:
        seen.append(body)
        if body == "fail":
            raise ValueError

    handler = make(app)
    event = sqs("a", "fail")
    for _ in range(2):
        assert handler(event, Context()) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert seen == ["a", "fail", "fail"]


def test_sigterm_runs_the_shutdown() -> None:
    """As Lambda does it when an environment ends and an extension is registered. Here it comes during the start-up."""
    code = textwrap.dedent(
        """
        import time
        from contextlib import asynccontextmanager
        from lambdaframe import App
        from lambdaframe_adapters import LambdaHandler

        @asynccontextmanager
        async def lifespan(app):
            print("up", flush=True)
            yield
            print("down", flush=True)

        handler = LambdaHandler(App(lifespan=lifespan))
        while True:
            time.sleep(0.05)
        """
    )
    environment = {**os.environ, "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9"}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == "down\n"
    assert process.returncode == 143


def test_sigterm_in_the_middle_of_an_invocation_waits_for_its_end(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9")
    before = signal.getsignal(signal.SIGTERM)
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(app: App) -> AsyncGenerator[None]:
        seen.append("up")
        yield
        seen.append("down")

    app = App(lifespan=lifespan)

    @app.get("/")
    async def root() -> str:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0)
        seen.append("answered")
        return "answered"

    try:
        handler = make(app)
        assert handler(http(), Context())["body"] == '"answered"'
        assert seen == ["up", "answered", "down"]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_failed_batch_fails_the_invocation_where_asked(make: Callable[..., LambdaHandler]) -> None:
    app = App()

    @app.sqs()
    async def work(body: str) -> None:
        if body == "bad":
            raise ValueError(body)

    handler = make(app, on_failure="raise")
    assert handler(sqs_event(["good", "good"])) == {"batchItemFailures": []}
    with pytest.raises(BatchFailedError, match="1 item of this sqs batch") as caught:
        handler(sqs_event(["good", "bad"], ids=["a", "b"]))
    assert caught.value.answer == {"batchItemFailures": [{"itemIdentifier": "b"}]}
    with pytest.raises(ConfigurationError, match="on_failure"):
        LambdaHandler(app, on_failure="ignore")  # type: ignore[arg-type]  # the mistake
