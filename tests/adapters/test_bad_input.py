"""Bad input, row by row, through LambdaHandler and for every HTTP source. The rows' numbers stand in the tests' names.

Rows 16 to 18 (CORS, log values, Idempotency-Key) are the application's; its own tests have them.
"""

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lambdaframe import App, Record, Request
from lambdaframe.errors import MalformedEventError, UnknownEventError
from lambdaframe.types import ASGIApp, Receive, Scope, Send
from lambdaframe_adapters import LambdaHandler
from lambdaframe_adapters._json import OBJECT
from tests.adapters.captured import REQUESTS, captured, request
from tests.adapters.test_http_response import said

each_source = pytest.mark.parametrize("name", REQUESTS)

Make = Callable[..., LambdaHandler]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[LambdaHandler] = []

    def make(app: ASGIApp, **options: Any) -> LambdaHandler:
        made.append(LambdaHandler(app, **options))
        return made[-1]

    yield make
    for handler in made:
        handler.close()


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


@pytest.mark.parametrize("event", [{}, None, [], "text", {"detail": 1}, captured("unknown/websocket_connect")])
def test_row_01_what_is_no_event_is_refused_with_the_keys_seen(make: Make, event: Any) -> None:
    with pytest.raises(UnknownEventError) as caught:
        make(never)(event)
    assert list(caught.value.keys) == (sorted(event) if isinstance(event, OBJECT) else [])


def test_row_02_a_source_that_is_not_allowed_is_refused(make: Make) -> None:
    with pytest.raises(UnknownEventError, match=r"'sqs' is not accepted here; allowed are \['http_api'\]"):
        make(never, sources=["http_api"])(captured("sqs/standard"))


@pytest.mark.parametrize("name", ["http_api/no_body", "function_url/plain", "http_api_v1/stage", "lattice_v2/query"])
def test_row_03_an_unknown_version_is_refused_and_named(make: Make, name: str) -> None:
    with pytest.raises(UnknownEventError, match=r"version '9\.9' is not known"):
        make(never)(captured(name, version="9.9"))


@each_source
def test_row_04_null_headers_are_none_and_null_values_are_skipped(make: Make, name: str) -> None:
    handler = make(mirror)
    assert seen(handler(request(name, headers=None)))["headers"] == []
    assert seen(handler(request(name, headers={"X-A": None, "X-B": "1"})))["headers"] == [["x-b", "1"]]


@each_source
@pytest.mark.parametrize(
    "host", ["a:b:c", "example.com:abc", "example.com:65536", "exa mple.com", "[::1", "a/b", "a@b"]
)
def test_row_05_a_host_that_is_none_is_a_400(make: Make, name: str, host: str) -> None:
    assert repr(host) in refusal(make, request(name, headers={"host": host}))


@each_source
def test_row_06_an_ipv6_literal_is_a_host(make: Make, name: str) -> None:
    handler = make(mirror)
    assert seen(handler(request(name, headers={"Host": "[::1]:80"})))["server"] == ["::1", 80]
    assert seen(handler(request(name, headers={"Host": "[2001:db8::1]"})))["server"] == ["2001:db8::1", 443]


@each_source
@pytest.mark.parametrize("scheme", ["javascript", "", "HTTPS", "httpx", "http,https"])
def test_row_07_a_forwarded_scheme_that_is_none_is_ignored(make: Make, name: str, scheme: str) -> None:
    event = request(name, headers={"host": "example.com", "x-forwarded-proto": scheme})
    assert seen(make(mirror)(event))["scheme"] == "https"


@each_source
@pytest.mark.parametrize("path", ["/a\0b", "a", "", "/a/../b", "/..", "/./", None])
def test_row_08_a_path_that_two_would_read_differently_is_a_400(make: Make, name: str, path: str) -> None:
    assert "path" in refusal(make, request(name, path=path))


@pytest.mark.parametrize("name", sorted(set(REQUESTS) - {"http_api", "http_api_v1"}))
@pytest.mark.parametrize("path", ["/a%00b", "/a/%2e%2e/b", "/%2E", "/a%2f..%2fb"])
def test_row_08_and_so_is_one_that_is_read_so_once_it_is_decoded(make: Make, name: str, path: str) -> None:
    assert "path" in refusal(make, request(name, path=path))


@each_source
def test_row_09_a_lone_surrogate_in_a_body_is_a_400(make: Make, name: str) -> None:
    assert "surrogate" in refusal(make, request(name, method="POST", body='"\ud800"'))


@each_source
def test_row_09_bytes_that_are_no_utf_8_are_a_400_for_a_json_body(make: Make, name: str) -> None:
    app = App()

    @app.post("/")
    async def root(data: list[str]) -> None: ...

    body = base64.b64encode(b'"\xff"').decode()
    headers = {"content-type": "application/json"}
    event = request(name, method="POST", body=body, is_base64=True, headers=headers)
    assert problem(make(app)(event))["status"] == 400


@pytest.mark.parametrize("name", sorted(set(REQUESTS) - {"http_api", "http_api_v1"}))
def test_row_09_the_bytes_of_a_path_stay_in_raw_path(make: Make, name: str) -> None:
    answer = seen(make(mirror)(request(name, path="/%FF")))
    assert (answer["raw_path"], answer["path"]) == ("/%FF", "/\ufffd")


@each_source
@pytest.mark.parametrize("body", ["!!!", "YQ", "YQ=\n=", "ü"])
def test_row_10_a_body_that_is_no_base64_is_a_400(make: Make, name: str, body: str) -> None:
    assert "base64" in refusal(make, request(name, method="POST", body=body, is_base64=True))


@each_source
def test_row_11_a_body_that_is_nested_too_deeply_is_a_400_and_quickly(make: Make, name: str) -> None:
    app = App()

    @app.post("/")
    async def root(data: list[Any]) -> None: ...

    event = request(name, method="POST", body="[" * 200_000, headers={"content-type": "application/json"})
    begun = time.process_time()
    assert problem(make(app)(event))["status"] == 400
    assert time.process_time() - begun < 2


@each_source
def test_row_12_a_body_over_the_limit_is_a_413(make: Make, name: str) -> None:
    handler = make(mirror, max_body_size=4)
    whole = base64.b64encode(b"\0\1\2\3").decode()
    assert seen(handler(request(name, method="POST", body=whole, is_base64=True)))["body"] == whole
    assert "4 bytes" in refusal(make, request(name, method="POST", body="ün2n"), 413, max_body_size=4)


def test_row_12_a_body_that_cloudfront_has_cut_off_is_a_413(make: Make) -> None:
    event = request("edge", method="POST", body="YQ==", is_base64=True)
    event["Records"][0]["cf"]["request"]["body"]["inputTruncated"] = True
    assert "CloudFront" in refusal(make, event, 413)


LIMITS = {"alb": 1_048_576, "alb, multi-value": 1_048_576, "edge": 40_960, "lattice_v1": 6_291_456}
LIMITS["lattice_v2"] = 6_291_456


@each_source
@pytest.mark.parametrize("content_type", [b"text/plain", b"image/png"])
def test_row_13_an_answer_over_the_limit_is_a_500_that_names_it(
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
    assert limit < line["size"] < limit + 1024


@pytest.mark.parametrize(("text", "status"), [("x", 200), ("\x01", 500), ('"', 500)])
def test_row_13_sizes_are_those_of_the_encoded_answer(make: Make, text: str, status: int) -> None:
    body = text.encode() * 6_291_000
    answer = make(sends((b"content-type", b"text/plain"), body=body))(request("http_api"))
    assert said(answer)[0] == status


@each_source
@pytest.mark.parametrize(
    "header",
    [(b"x-a", b"a\r\nx-b: c"), (b"x-a", b"a\nb"), (b"x-a", b"a\0"), (b"x a", b"b"), (b"x-a\r\nx-b", b"c"), (b"", b"b")],
)
def test_row_14_a_header_that_could_split_the_answer_is_a_500(
    make: Make, name: str, header: tuple[bytes, bytes]
) -> None:
    answer = make(sends((b"x-sound", b"1"), header))(request(name))
    assert problem(answer)["status"] == 500
    assert "x-" not in json.dumps(answer)


@each_source
def test_row_14_a_header_that_is_excluded_is_not_looked_at(make: Make, name: str) -> None:
    handler = make(sends((b"x-sound", b"1"), (b"X-Internal-A", b"a\nb")), exclude_headers=["x-internal-*"])
    answer = handler(request(name))
    assert said(answer)[0] == 200
    assert list(answer.get("headers") or answer["multiValueHeaders"]) == ["x-sound"]


@each_source
def test_row_15_a_secret_in_an_error_stays_in_the_log(
    make: Make, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            raise RuntimeError("hunter2")

    answer = make(app)(request(name))
    assert problem(answer)["status"] == 500
    assert "hunter2" not in json.dumps(answer)
    assert "Traceback" not in json.dumps(answer)
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert "hunter2" in line["exception"]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("sqs/standard", ("messageId",)),
        ("kinesis/shared_throughput", ("kinesis", "sequenceNumber")),
        ("dynamodb/all_types", ("dynamodb", "SequenceNumber")),
    ],
)
def test_row_19_a_record_without_an_id_fails_the_invocation(make: Make, name: str, place: tuple[str, ...]) -> None:
    event = captured(name)
    *way, last = place
    part = event["Records"][1]
    for step in way:
        part = part[step]
    del part[last]
    with pytest.raises(MalformedEventError, match=f"Record 1 has no {'.'.join(place)}"):
        make(never)(event)


def test_row_20_a_record_that_is_no_base64_is_the_checkpoint(make: Make) -> None:
    app = App()
    done: list[str] = []

    @app.kinesis("clicks")
    async def count(record: Record) -> None:
        record.body  # noqa: B018  reading it is the test
        done.append(record.id)

    event = captured("kinesis/shared_throughput")
    first, second, *_ = event["Records"]
    second["kinesis"]["data"] = "!!!"
    answer = make(app)(event)
    assert answer == {"batchItemFailures": [{"itemIdentifier": second["kinesis"]["sequenceNumber"]}]}
    assert first["kinesis"]["sequenceNumber"] in done


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
