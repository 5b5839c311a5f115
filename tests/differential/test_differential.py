"""The same request under a real uvicorn and behind every gateway: equal but for what ``LOSSES`` says is lost.

``LAMBDAFRAME_FUZZ_EXAMPLES`` is the number of examples over all sources; 2,000 unless it is set.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, example, given, settings

from docs.examples.loopback import Uvicorn
from lambdaframe_adapters import LambdaHandler
from lambdaframe_adapters.testing import GATEWAYS, LOSSES, LambdaContext, Request, Response, invoke
from lambdaframe_adapters.testing.losses import lost_by
from tests.differential import alike
from tests.differential.echo_app import app
from tests.differential.requests import Answer, answers, requests
from tests.differential.wire import exchange

EXAMPLES = int(os.environ.get("LAMBDAFRAME_FUZZ_EXAMPLES", "2000")) // (2 * len(GATEWAYS))
EVERY = pytest.mark.parametrize("source", GATEWAYS)
FUZZED = settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def uvicorn_url() -> Iterator[str]:
    """The echo application under uvicorn, which reads HTTP with h11: the strictest there is."""
    with Uvicorn(Path(__file__).parent, "echo_app:app", environment={"UVICORN_HTTP": "h11"}) as server:
        yield server.url


@pytest.fixture(scope="module")
def handler() -> Iterator[LambdaHandler]:
    made = LambdaHandler(app)
    yield made
    made.close()


def behind(source: str, handler: LambdaHandler, request: Request) -> Response:
    """What the client gets whose request travels as an event."""
    gateway = GATEWAYS[source]
    return gateway.response(request, invoke(handler, gateway.event(request), LambdaContext()))


def means_two_things(request: Request, source: str) -> bool:
    """Whether the path holds NUL or a dot segment: a server passes it on, an adapter answers 400."""
    path = unquote(request.path)
    if "path_question_mark" in lost_by(source):
        path = path.partition("?")[0]
    return "\0" in path or not {".", ".."}.isdisjoint(path.split("/"))


@EVERY
@FUZZED
@given(requests())
@example(Request("GET", "/files/a%252Fb%2Fc+d%20e", "q=a%20b&q=a+b&%71=", (("host", "shop.example"),)))
@example(Request("GET", "//a//b/", "&&a&=&a=%FF&", (("HOST", "h"), ("X-TAG", "a"), ("X-TAG", "\u00e9, \u00ff"))))
@example(Request("POST", "/%3Fa", "?", (("host", "[::1]:1"), ("cookie", "a=1"), ("cookie", "b=2; a=3")), b"\xff\0"))
@example(Request("POST", "/", "", (("host", "h"), ("content-type", "text/plain")), b"\xff"))
def test_the_application_sees_the_same_request(
    source: str, uvicorn_url: str, handler: LambdaHandler, request: Request
) -> None:
    got = behind(source, handler, request)
    if means_two_things(request, source):
        assert got.status == 400
        return
    expected = exchange(uvicorn_url, request)
    assert (got.status, expected.status) == (200, 200), (got, expected)
    by_event, by_server = (alike.request_seen(json.loads(one.body), source) for one in (got, expected))
    assert by_event == by_server


@EVERY
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@settings(FUZZED, max_examples=max(1, EXAMPLES // 2))
@given(answers())
@example(Answer(200, (("set-cookie", "a=1"), ("x-tag", "a"), ("set-cookie", "b=2"), ("x-tag", "b")), (b"a", b"", b"b")))
@example(Answer(200, (("content-type", "text/plain"),), (b"\xff",)))
@example(Answer(200, (), ("ü".encode(),)))
@example(Answer(304, (("etag", '"a"'), ("content-type", "text/html")), ()))
def test_the_client_sees_the_same_answer(
    source: str, method: str, uvicorn_url: str, handler: LambdaHandler, answer: Answer
) -> None:
    request = answer.asked(method)
    expected = alike.answer_seen(exchange(uvicorn_url, request), method, source)
    assert expected["status"] == answer.status
    assert alike.answer_seen(behind(source, handler, request), method, source) == expected


def test_every_loss_is_either_accounted_for_or_never_met() -> None:
    source = Path(alike.__file__).read_text()
    for name in LOSSES:
        assert f'"{name}"' in source, name
    assert set(LOSSES) >= alike.NOT_MADE


PAIRS = {name: loss.alike for name, loss in LOSSES.items() if loss.alike and isinstance(loss.alike[0], Request)}


@pytest.mark.parametrize("name", PAIRS)
def test_what_is_called_lost_is_told_apart_by_a_server(name: str, uvicorn_url: str) -> None:
    """Else the list would excuse differences that are no gateway's fault."""
    host = ("host", "shop.example")
    one, other = (exchange(uvicorn_url, replace(each, headers=(host, *each.headers))) for each in PAIRS[name])
    assert one.body != other.body
