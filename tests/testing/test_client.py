"""LambdaClient and GatewayTransport: requests that travel as events, and what a test sees of them."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, unquote

import httpx2 as httpx
import pytest
from blockbuster import BlockBuster
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from lambdaframe import App, Record, current_invocation
from lambdaframe.errors import UnknownEventError
from lambdaframe.types import Receive, Scope, Send
from lambdaframe_adapters.testing import GATEWAYS, GatewayTransport, LambdaClient, lost_by, sqs_event

every_gateway = pytest.mark.parametrize("name", GATEWAYS)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the request's body, and says in headers what else it saw."""
    body = (await receive())["body"]
    headers = [(b"x-path", quote(scope["path"], safe="").encode()), (b"x-query", scope["query_string"])]
    headers += [(b"x-seen", value) for name, value in scope["headers"] if name == b"x-sent"]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


paths = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0?"), max_size=12).filter(
    lambda text: not text.startswith("/") and {".", ".."}.isdisjoint(text.split("/"))
)
words = st.text("abc XYZ&=+%ü", min_size=1, max_size=6)
sent = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=","), min_size=1, max_size=8)


@every_gateway
@given(path=paths, query=st.dictionaries(words, words, max_size=3), header=sent, body=st.binary(max_size=30))
def test_a_round_trip(name: str, path: str, query: dict[str, str], header: str, body: bytes) -> None:
    with LambdaClient(echo, name) as client:
        response = client.post("/" + quote(path), params=query, headers={"x-sent": header}, content=body)
    assert response.status_code == 200, response.text
    assert unquote(response.headers["x-path"]) == "/" + path
    assert dict(httpx.QueryParams(response.headers["x-query"])) == query
    assert response.headers["x-seen"] == header
    assert response.content == body


def routed(*routes: Route, **options: Any) -> Starlette:
    return Starlette(routes=list(routes), **options)


# Life


class Life:
    """An application that notes when it starts and stops."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.app = routed(Route("/", self.home), lifespan=self.lifespan)

    async def home(self, request: Request) -> Response:
        return PlainTextResponse(str(getattr(request.state, "name", None)))

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncGenerator[dict[str, Any]]:
        self.events.append("start")
        yield {"name": "orders"}
        self.events.append("stop")


def test_a_with_block_is_one_life_and_there_may_be_another() -> None:
    life = Life()
    client = LambdaClient(life.app)
    for _ in range(2):
        with client:
            assert life.events[-1] == "start"
            assert [client.get("/").text for _ in range(3)] == ["orders"] * 3
    assert life.events == ["start", "stop", "start", "stop"]


def test_outside_of_a_block_there_is_no_lifespan() -> None:
    life = Life()
    assert LambdaClient(life.app).get("/").text == "None"
    assert life.events == []


def test_closing_shuts_down() -> None:
    life = Life()
    client = LambdaClient(life.app)
    client.__enter__()
    client.close()
    assert life.events == ["start", "stop"]


@pytest.mark.parametrize("early", [True, False])
def test_an_error_of_the_lifespan_is_the_tests(early: bool) -> None:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        if early:
            raise LookupError("no database")
        yield
        raise LookupError("no database")

    client = LambdaClient(routed(lifespan=lifespan))
    with pytest.raises(LookupError, match="no database"), client:
        assert client.get("/").status_code == 404


def test_each_block_starts_cold() -> None:
    app = App()

    @app.get("/")
    async def home() -> bool:
        return current_invocation().cold_start

    client = LambdaClient(app)
    with client:
        assert [client.get("/").json() for _ in range(2)] == [True, False]
    with client:
        assert client.get("/").json() is True


# Errors


async def broken(request: Request) -> Response:
    raise LookupError("secret")


async def broken_later(request: Request) -> Response:
    async def fail() -> None:
        raise LookupError("secret")

    return PlainTextResponse("done", background=BackgroundTask(fail))


ours = App()


@ours.get("/broken")
async def broken_route() -> None:
    raise LookupError("secret")


starlettes = routed(Route("/broken", broken), Route("/later", broken_later))


@pytest.mark.parametrize("app", [ours, starlettes])
def test_an_unhandled_error_fails_the_test(app: Any) -> None:
    with pytest.raises(LookupError, match="secret"):
        LambdaClient(app).get("/broken")


@pytest.mark.parametrize("app", [ours, starlettes])
def test_an_unhandled_error_is_answered_when_asked_for(app: Any) -> None:
    response = LambdaClient(app, raise_server_exceptions=False).get("/broken")
    assert response.status_code == 500
    assert "secret" not in response.text


def test_an_error_after_the_answer() -> None:
    with pytest.raises(LookupError, match="secret"):
        LambdaClient(starlettes).get("/later")
    assert LambdaClient(starlettes, raise_server_exceptions=False).get("/later").text == "done"


def test_on_error_raise_fails_the_invocation_and_the_gateway_answers() -> None:
    response = LambdaClient(starlettes, "alb", raise_server_exceptions=False, on_error="raise").get("/broken")
    assert response.status_code == 502
    assert "502 Bad Gateway" in response.text


def test_options_are_the_handlers() -> None:
    client = LambdaClient(echo, "alb", max_body_size=3)
    assert client.post("/", content=b"four").status_code == 413
    with pytest.raises(UnknownEventError, match="not accepted here"):
        LambdaClient(echo, "alb", sources=["http_api"]).get("/")


def test_an_unknown_gateway() -> None:
    with pytest.raises(ValueError, match="There is no gateway 'nginx'"):
        LambdaClient(echo, "nginx")


# What httpx does


async def log_in(request: Request) -> Response:
    response = RedirectResponse(request.url_for("home"))
    response.set_cookie("user", "jane")
    response.set_cookie("theme", "dark", path="/")
    return response


async def home(request: Request) -> Response:
    return JSONResponse({"url": str(request.url), "cookies": request.cookies, "client": request.client})


SITE = routed(Route("/login", log_in), Route("/home", home, name="home"))


@every_gateway
def test_cookies_and_redirects(name: str) -> None:
    with LambdaClient(SITE, name) as client:
        response = client.get("/login")
        assert response.json() == {
            "url": "http://testserver/home",
            "cookies": {"user": "jane", "theme": "dark"},
            "client": ["testclient", 0],
        }
        assert len(response.history) == 1
        assert client.get("/login", follow_redirects=False).status_code == 307


@every_gateway
def test_base_url_and_client(name: str) -> None:
    client = LambdaClient(SITE, name, base_url="https://api.example.com:8443", client=("203.0.113.9", 1))
    seen = client.get("/home").json()
    assert seen["url"] == "https://api.example.com:8443/home"
    assert seen["client"] == ["203.0.113.9", 0]


@every_gateway
def test_root_path(name: str) -> None:
    client = LambdaClient(SITE, name, root_path="/v1")
    assert client.get("/v1/login").json()["url"] == "http://testserver/v1/home"


@pytest.mark.parametrize("name", ["rest_api", "http_api", "http_api_v1"])
def test_stage(name: str) -> None:
    client = LambdaClient(SITE, name, stage="prod")
    response = client.get("/login")
    assert response.json()["url"] == "http://testserver/prod/home"


def test_a_streamed_answer_is_collected() -> None:
    async def stream(request: Request) -> Response:
        return StreamingResponse(iter(["one ", "two"]), media_type="text/plain")

    with LambdaClient(routed(Route("/", stream))) as client, client.stream("GET", "/") as response:
        assert "".join(response.iter_text()) == "one two"


def test_debug_information_is_on_the_response() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert "http.response.debug" in scope["extensions"]
        await send({"type": "http.response.debug", "info": {"template": "home.html", "context": {"a": 1}}})
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    response: Any = LambdaClient(app).get("/")
    assert response.extensions["http.response.debug"] == {"template": "home.html", "context": {"a": 1}}
    assert (response.template, response.context) == ("home.html", {"a": 1})


async def test_inside_a_running_event_loop(blocking_calls_fail: BlockBuster) -> None:
    # The test's own loop waits meanwhile: the client is synchronous, as TestClient is.
    for function in blocking_calls_fail.functions.values():
        function.can_block_in("testing/transport.py", "outside_loops")
    life = Life()
    with LambdaClient(life.app) as client:
        assert client.get("/").text == "orders"
    assert life.events == ["start", "stop"]
    assert LambdaClient(life.app).get("/").status_code == 200


# Records


def test_invoke_takes_any_event() -> None:
    app, seen = App(), list[Any]()

    @app.sqs("orders")
    async def fulfil(order: dict[str, int], record: Record) -> None:
        if order["id"] == 2:
            raise LookupError("no such order")
        seen.append(order["id"])

    with LambdaClient(app) as client:
        event = sqs_event([{"id": 1}, {"id": 2}, {"id": 3}], queue="orders")
        answer = client.invoke(event)
        assert answer == {"batchItemFailures": [{"itemIdentifier": event["Records"][1]["messageId"]}]}
        assert sorted(seen) == [1, 3]
        with pytest.raises(UnknownEventError):
            client.invoke({})


# The transport alone


def handler_that(answer: Callable[[], Any]) -> Callable[[Any, Any], Any]:
    return lambda event, context: answer()


def test_the_transport_takes_any_handler() -> None:
    seen: list[Any] = []

    def handler(event: Any, context: Any) -> Any:
        seen.append((event["httpMethod"], context.get_remaining_time_in_millis()))
        return {"statusCode": 204, "multiValueHeaders": {"x-a": ["1", "2"]}}

    with httpx.Client(transport=GatewayTransport(handler, "alb", timeout=7.0), base_url="http://lb") as client:
        response = client.delete("/")
    assert (response.status_code, response.headers.get_list("x-a")) == (204, ["1", "2"])
    [(method, remaining)] = seen
    assert method == "DELETE"
    assert 0 < remaining <= 7000


def test_a_failed_invocation_is_the_gateways_own_error_when_asked_for() -> None:
    def handler(event: Any, context: Any) -> Any:
        raise LookupError("secret")

    transport = GatewayTransport(handler, "rest_api", raise_exceptions=False)
    response = httpx.Client(transport=transport, base_url="http://testserver").get("/")
    assert (response.status_code, response.json()) == (502, {"message": "Internal server error"})


def test_an_answer_that_is_no_json_fails_as_in_lambda() -> None:
    transport = GatewayTransport(handler_that(lambda: {"statusCode": 200, "body": b"bytes"}))
    with pytest.raises(TypeError, match="not JSON serializable"):
        httpx.Client(transport=transport, base_url="http://testserver").get("/")


def test_losses_are_not_made_by_the_client() -> None:
    """What a gateway is not said to lose arrives, through httpx too."""
    for name in GATEWAYS:
        response = LambdaClient(echo, name).get("/?a=1&a=2&b=")
        expected = "a=2&b=" if "query_repeated" in lost_by(name) else "a=1&a=2&b="
        assert response.headers["x-query"] == expected, name
