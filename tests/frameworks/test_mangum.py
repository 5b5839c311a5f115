"""What the page "Moving from Mangum" says of both, seen in both."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import Any

import pytest
from mangum import Mangum
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from lambdaframe.errors import ConfigurationError, UnknownEventError
from lambdaframe.types import Receive, Scope, Send
from lambdaframe_adapters import LambdaHandler
from lambdaframe_adapters.testing import LambdaContext, http_event
from tests.adapters.captured import captured

Look = Callable[[Scope, dict[str, Any]], Any]


@dataclass
class Spy:
    """An application that keeps the scope and the body, and answers as it is told."""

    headers: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])
    scope: Scope = field(default_factory=dict[str, Any])
    body: bytes = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.scope = dict(scope)
            self.body = (await receive())["body"]
            await send({"type": "http.response.start", "status": 200, "headers": self.headers})
            await send({"type": "http.response.body", "body": b"<body/>"})


@dataclass(frozen=True)
class Case:
    """``look`` at the scope and the answer of ``event``: Mangum gives ``mangum``, LambdaHandler ``ours``."""

    event: dict[str, Any]
    look: Look
    mangum: Any
    ours: Any
    headers: tuple[tuple[bytes, bytes], ...] = ()
    mangum_options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    our_options: Mapping[str, Any] = field(default_factory=dict[str, Any])


def typed(content_type: bytes) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"content-type", content_type),)


def of_scope(*names: str) -> Look:
    return lambda scope, answer: tuple(scope[name] for name in names)


def tags(scope: Scope, answer: dict[str, Any]) -> list[bytes]:
    return [bytes(value) for name, value in scope["headers"] if bytes(name) == b"x-tag"]


def is_text(scope: Scope, answer: dict[str, Any]) -> bool:
    return not answer["isBase64Encoded"]


def edge_cookies(scope: Scope, answer: dict[str, Any]) -> list[str]:
    return [entry["value"] for entry in answer["headers"]["set-cookie"]]


TWO_TAGS = [("x-tag", "a"), ("x-tag", "b")]
COOKIES = ((b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"))
FORWARDED = {"x-forwarded-for": "198.51.100.9"}

CASES = {
    "raw_path": Case(http_event("function_url", path="/a%20b"), of_scope("raw_path"), (None,), (b"/a%20b",)),
    "root_path of a stage": Case(
        http_event("http_api", path="/prod/a", stage="prod"),
        of_scope("root_path", "path"),
        ("", "/prod/a"),
        ("/prod", "/prod/a"),
    ),
    "a stage as base path": Case(
        http_event("http_api", path="/prod/a", stage="prod"),
        of_scope("root_path", "path"),
        ("", "/a"),
        ("/prod", "/prod/a"),
        mangum_options={"api_gateway_base_path": "/prod"},
    ),
    "base path": Case(
        http_event("function_url", path="/v1/a"),
        of_scope("root_path", "path"),
        ("", "/a"),
        ("/v1", "/v1/a"),
        mangum_options={"api_gateway_base_path": "/v1"},
        our_options={"base_path": "/v1"},
    ),
    "base path ends at a slash": Case(
        http_event("function_url", path="/v10/a"),
        of_scope("root_path", "path"),
        ("", "0/a"),
        ("", "/v10/a"),
        mangum_options={"api_gateway_base_path": "/v1"},
        our_options={"base_path": "/v1"},
    ),
    "a decoded path": Case(http_event("http_api", path="/a%252Fb"), of_scope("path"), ("/a/b",), ("/a%2Fb",)),
    "repeated headers": Case(http_event("rest_api", headers=TWO_TAGS), tags, [b"a, b"], [b"a", b"b"]),
    "query of a load balancer": Case(
        http_event("alb", path="/?q=%FF&r=a%20b"),
        of_scope("query_string"),
        (b"q=%EF%BF%BD&r=a+b",),
        (b"q=%FF&r=a%20b",),
    ),
    "client of a load balancer": Case(
        http_event("alb", headers=FORWARDED),
        of_scope("client"),
        (("198.51.100.9, 203.0.113.7", 0),),
        (("203.0.113.7", 0),),
    ),
    "trusted hops": Case(
        http_event("alb", headers=FORWARDED),
        of_scope("client"),
        (("198.51.100.9, 203.0.113.7", 0),),
        (("198.51.100.9", 0),),
        our_options={"trusted_hops": 1},
    ),
    "no content type": Case(
        http_event("http_api"), lambda scope, answer: answer["headers"].get("content-type"), "application/json", None
    ),
    "problem+json": Case(http_event("http_api"), is_text, False, True, typed(b"application/problem+json")),
    "svg": Case(http_event("http_api"), is_text, False, True, typed(b"image/svg+xml")),
    "yaml": Case(http_event("http_api"), is_text, False, False, typed(b"application/yaml")),
    "text_mime_types": Case(
        http_event("http_api"),
        is_text,
        True,
        True,
        typed(b"application/yaml"),
        {"text_mime_types": ["text/", "application/yaml"]},
        {"text_mime_types": ["application/yaml"]},
    ),
    "text_mime_types take the place of Mangum's own": Case(
        http_event("http_api"),
        is_text,
        False,
        True,
        typed(b"application/json"),
        {"text_mime_types": ["application/yaml"]},
        {"text_mime_types": ["application/yaml"]},
    ),
    "exclude_headers": Case(
        http_event("alb"),
        lambda scope, answer: sorted(answer["multiValueHeaders"]),
        ["x-b"],
        ["x-b"],
        ((b"X-Powered-By", b"a"), (b"x-b", b"b")),
        {"exclude_headers": ["x-powered-by"]},
        {"exclude_headers": ["x-powered-by"]},
    ),
    "cookies to CloudFront": Case(captured("edge/viewer_request"), edge_cookies, ["b=2"], ["a=1", "b=2"], COOKIES),
    "event and context": Case(
        http_event("rest_api"),
        lambda scope, answer: ("aws.event" in scope, "aws.context" in scope),
        (True,) * 2,
        (True,) * 2,
    ),
}


@pytest.fixture(autouse=True)
def a_loop_for_mangum() -> Iterator[None]:
    """Mangum uses the thread's own event loop."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


def mangum(app: Any, event: Any, **options: Any) -> Any:
    handler: Any = Mangum(app, **options)
    return handler(event, LambdaContext())


def ours(app: Any, event: Any, **options: Any) -> Any:
    with closing(LambdaHandler(app, **options)) as handler:
        return handler(event, LambdaContext())


@pytest.mark.parametrize("name", CASES)
def test_both_behave_as_the_page_says(name: str) -> None:
    case = CASES[name]
    spy = Spy(list(case.headers))
    answer = mangum(spy, case.event, lifespan="off", **case.mangum_options)
    assert case.look(spy.scope, answer) == case.mangum
    answer = ours(spy, case.event, **case.our_options)
    assert case.look(spy.scope, answer) == case.ours


def test_a_host_with_an_ipv6_literal_or_one_that_is_none() -> None:
    for host, status in (("[::1]:8080", 200), ("a:b:c", 400)):
        event = http_event("alb", headers={"host": host})
        with pytest.raises(ValueError, match="unpack"):
            mangum(Spy(), event, lifespan="off")
        assert ours(Spy(), event)["statusCode"] == status


def test_a_body_that_is_marked_as_base64_and_is_none() -> None:
    event = http_event("http_api", "POST") | {"isBase64Encoded": True}
    spy = Spy()
    mangum(spy, event | {"body": "YQ==!!"}, lifespan="off")
    assert spy.body == b"a"
    with pytest.raises(ValueError, match="padding"):
        mangum(Spy(), event | {"body": "YQ"}, lifespan="off")
    for body in ("YQ==!!", "YQ"):
        assert ours(Spy(), event | {"body": body})["statusCode"] == 400


def test_an_exception_in_the_application() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            raise OSError("no disk")

    theirs = mangum(app, http_event("http_api"), lifespan="off")
    assert (theirs["statusCode"], theirs["body"]) == (500, "Internal Server Error")
    answer = ours(app, http_event("http_api"))
    assert (answer["statusCode"], json.loads(answer["body"])["title"]) == (500, "Internal Server Error")
    with pytest.raises(OSError, match="no disk"):
        ours(app, http_event("http_api"), on_error="raise")


def test_an_unknown_event() -> None:
    with pytest.raises(RuntimeError, match="unable to infer"):
        mangum(Spy(), {"detail": 1}, lifespan="off")
    with pytest.raises(UnknownEventError, match="detail"):
        ours(Spy(), {"detail": 1})


def test_the_lifespan_of_a_process_and_of_an_invocation() -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[dict[str, int]]:
        seen.append("up")
        yield {"pool": 1}
        seen.append("down")

    async def root(request: StarletteRequest) -> PlainTextResponse:
        return PlainTextResponse(str(request.state.pool))

    app = Starlette(routes=[Route("/", root)], lifespan=lifespan)
    theirs: Any = Mangum(app)
    for _ in range(2):
        assert theirs(http_event("http_api"), LambdaContext())["body"] == "1"
    assert seen == ["up", "down", "up", "down"]
    seen.clear()
    with closing(LambdaHandler(app)) as handler:
        for _ in range(2):
            assert handler(http_event("http_api"), LambdaContext())["body"] == "1"
        assert seen == ["up"]
    assert seen == ["up", "down"]


def test_text_mime_types_are_whole() -> None:
    with pytest.raises(ConfigurationError, match="text_mime_types"):
        LambdaHandler(Spy(), text_mime_types=["text/"])
