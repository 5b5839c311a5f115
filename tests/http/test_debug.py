"""``App(debug=True)``: who sees a trace, and what stands in it."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from lambdaframe import App, HTTPException, PlainTextResponse, Request, Response
from lambdaframe.testing import TestClient
from lambdaframe.types import Message, Scope
from lambdaframe_adapters.testing import GATEWAYS, LambdaClient

pytestmark = pytest.mark.anyio

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
SECRET = "hunter2"


def make_app(*, debug: bool = True, handled: bool = False) -> App:
    app = App(debug=debug)

    @app.get("/fails")
    async def fails() -> None:
        password = SECRET
        try:
            raise KeyError("<script>alert(1)</script>")
        except KeyError as exc:
            raise RuntimeError(f"no {len(password)} \ud800") from exc

    @app.get("/group")
    async def group() -> None:
        error = ExceptionGroup("both", [ValueError("a"), TypeError("b")])
        error.add_note("a note")
        raise error

    @app.get("/deep")
    async def deep() -> None:
        await deep()

    @app.get("/cycle")
    async def cycle() -> None:
        first, second = ValueError("1"), ValueError("2")
        first.__context__, second.__context__ = second, first
        raise first

    @app.get("/unspeakable")
    async def unspeakable() -> None:
        class UnspeakableError(Exception):
            def __str__(self) -> str:
                raise ValueError

        raise UnspeakableError

    @app.get("/expected")
    async def expected() -> None:
        raise HTTPException(500, "expected")

    if handled:

        @app.exception_handler(Exception)
        async def handler(request: Request, exc: Exception) -> Response:
            return PlainTextResponse("handled", 500)

    return app


@pytest.fixture
def client() -> TestClient:
    return TestClient(make_app(), raise_server_exceptions=False)


def test_a_problem_with_the_trace(client: TestClient) -> None:
    answer = client.get("/fails")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.headers["cache-control"] == "no-store"
    problem = answer.json()
    assert problem["title"] == "Internal Server Error"
    assert (problem["exception"], problem["message"]) == ("RuntimeError", "no 7 \\ud800")
    last = problem["traceback"][-1]
    assert last["file"] == __file__
    assert last["function"] == "fails"
    assert last["code"].startswith("raise RuntimeError(")
    assert isinstance(last["line"], int)
    [cause] = problem["causes"]
    assert (cause["relation"], cause["exception"]) == ("cause", "KeyError")
    assert cause["traceback"][-1]["code"].startswith("raise KeyError(")


def test_no_value_of_a_variable_is_shown(client: TestClient) -> None:
    assert SECRET not in client.get("/fails").text
    assert SECRET not in client.get("/fails", headers={"accept": BROWSER}).text


def test_a_page_for_a_browser(client: TestClient) -> None:
    answer = client.get("/fails", headers={"accept": BROWSER})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "RuntimeError" in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    for active in ("<script", "<img", "<link", "http://", "https://", "url("):
        assert active not in answer.text
    assert answer.text.index("RuntimeError") < answer.text.index("caused by")


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html;q=0.5, application/json", "text/html;q=0"])
def test_a_problem_for_the_rest(client: TestClient, accept: str) -> None:
    assert client.get("/fails", headers={"accept": accept}).headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("accept", ["*/*", BROWSER])
def test_odd_errors_can_be_shown(client: TestClient, accept: str) -> None:
    headers = {"accept": accept}
    group = client.get("/group", headers=headers)
    assert "a note" in group.text
    assert group.text.index("ValueError") < group.text.index("TypeError")
    deep = client.get("/deep", headers=headers)
    assert "RecursionError" in deep.text
    assert len(deep.content) < 100_000
    assert client.get("/cycle", headers=headers).status_code == 500
    assert "UnspeakableError" in client.get("/unspeakable", headers=headers).text


def test_what_is_expected_stays_as_it_is(client: TestClient) -> None:
    assert client.get("/expected").json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "expected",
    }


def test_the_trace_comes_before_the_handler_for_everything() -> None:
    app = make_app(handled=True)
    assert "traceback" in TestClient(app, raise_server_exceptions=False).get("/fails").text
    app = make_app(handled=True, debug=False)
    assert TestClient(app, raise_server_exceptions=False).get("/fails").text == "handled"


# Who sees it

BARE = {"type": "about:blank", "title": "Internal Server Error", "status": 500}


async def ask(app: App, **scope: Any) -> dict[str, Any]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    request: Scope = {"type": "http", "method": "GET", "path": "/fails", "query_string": b"", "headers": [], **scope}
    await app(request, receive, send)
    answer: dict[str, Any] = orjson.loads(sent[1]["body"])
    return answer


CLIENTS: list[tuple[str, dict[str, Any], bool]] = [
    ("loopback", {"client": ("127.0.0.1", 1)}, True),
    ("loopback of another number", {"client": ("127.8.8.8", 1)}, True),
    ("loopback, IPv6", {"client": ("::1", 1)}, True),
    ("loopback, mapped", {"client": ("::ffff:127.0.0.1", 1)}, True),
    ("an address", {"client": ("192.0.2.1", 1)}, False),
    ("an address of the network here", {"client": ("192.168.0.7", 1)}, False),
    ("an address, mapped", {"client": ("::ffff:192.0.2.1", 1)}, False),
    ("no address", {"client": None}, False),
    ("nothing said", {}, False),
    ("a name", {"client": ("localhost", 1)}, False),
    ("the test client's name alone", {"client": ("testclient", 1)}, False),
    *[
        (f"behind a proxy: {name}", {"client": ("127.0.0.1", 1), "headers": [(name.encode(), b"127.0.0.1")]}, False)
        for name in ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
    ],
    ("an event", {"client": ("127.0.0.1", 1), "extensions": {"lambda": {"event": {}}}}, False),
]


@pytest.mark.parametrize(("scope", "shown"), [pytest.param(scope, shown, id=name) for name, scope, shown in CLIENTS])
async def test_only_a_local_client_sees_it(scope: dict[str, Any], shown: bool) -> None:
    answer = await ask(make_app(), **scope)
    assert ("traceback" in answer) == shown
    assert shown or answer == BARE


@pytest.mark.parametrize("name", ["AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_FUNCTION_NAME"])
async def test_nobody_sees_it_in_lambda(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "x")
    assert await ask(make_app(), client=("127.0.0.1", 1)) == BARE


@pytest.fixture(params=GATEWAYS)
def lambda_client(request: pytest.FixtureRequest) -> Iterator[LambdaClient]:
    with LambdaClient(make_app(), request.param, raise_server_exceptions=False, client=("127.0.0.1", 1)) as client:
        yield client


def test_nobody_sees_it_through_an_event(lambda_client: LambdaClient) -> None:
    assert lambda_client.get("/fails").json() == BARE


async def test_without_debug_nobody_sees_it() -> None:
    assert await ask(make_app(debug=False), client=("127.0.0.1", 1)) == BARE


def test_a_test_client_still_sees_the_error_itself() -> None:
    with pytest.raises(RuntimeError, match="no 7"):
        TestClient(make_app()).get("/fails")
