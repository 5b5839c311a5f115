"""Starlette's own middleware around an App, unchanged: under ASGI and from Lambda, with records passing by."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from lambdaframe import (
    App,
    CORSMiddleware,
    GZipMiddleware,
    HTTPException,
    Middleware,
    Record,
    Request,
    StreamingResponse,
)
from lambdaframe.errors import ConfigurationError
from lambdaframe.http.middleware.cors import check_cors
from lambdaframe.testing import TestClient
from lambdaframe_adapters.testing import GATEWAYS, LambdaClient, sqs_event

SHOP = "https://shop.example"


def make_app(*middleware: Middleware) -> App:
    app = App(middleware=middleware)
    app.state.done = []

    @app.get("/")
    async def root() -> dict[str, str]:
        return {"hello": "x" * 1000}

    @app.post("/")
    async def posted() -> None: ...

    @app.get("/numbers/{number}")
    async def number(number: int) -> int:
        return number

    @app.get("/full")
    async def full() -> None:
        raise HTTPException(507, "Full")

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b"x" * 1000

        return StreamingResponse(parts(), media_type="text/plain")

    @app.get("/visits")
    async def visits(request: Request) -> int:
        request.session["visits"] = request.session.get("visits", 0) + 1
        return int(request.session["visits"])

    @app.get("/me")
    async def me(request: Request) -> str:
        return str(request.url_for("root"))

    @app.sqs("orders")
    async def consume(record: Record) -> None:
        app.state.done.append(record.id)

    return app


@pytest.fixture(params=["asgi", *GATEWAYS])
def connect(request: pytest.FixtureRequest) -> Iterator[Any]:
    """``connect(*middleware, **options)``: a client of an application with these around it."""
    opened: list[Any] = []

    def connect(*middleware: Middleware, **options: Any) -> Any:
        app = make_app(*middleware)
        client: Any = (
            TestClient(app, **options) if request.param == "asgi" else LambdaClient(app, request.param, **options)
        )
        opened.append(client.__enter__())
        return client

    yield connect
    for client in opened:
        client.__exit__(None, None, None)


ALL = (
    Middleware(TrustedHostMiddleware, allowed_hosts=["testserver"]),
    Middleware(CORSMiddleware, allow_origins=[SHOP], allow_methods=["GET", "POST"], allow_credentials=True),
    Middleware(SessionMiddleware, secret_key="key"),
    Middleware(GZipMiddleware),
)


def test_a_preflight_is_answered_by_the_middleware(connect: Any) -> None:
    client = connect(*ALL)
    asked = {"origin": SHOP, "access-control-request-method": "POST"}
    for path in ("/", "/full", "/nowhere"):
        answer = client.options(path, headers=asked)
        assert (answer.status_code, answer.text) == (200, "OK")
        assert answer.headers["access-control-allow-origin"] == SHOP
        assert answer.headers["access-control-allow-methods"] == "GET, POST"
    refused = client.options("/", headers={**asked, "origin": "https://other.example"})
    assert refused.status_code == 400
    assert "access-control-allow-origin" not in refused.headers


def test_other_options_are_the_routers(connect: Any) -> None:
    answer = connect(*ALL).options("/", headers={"origin": SHOP})
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert answer.headers["access-control-allow-origin"] == SHOP


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 200), ("GET", "/nowhere", 404), ("PUT", "/", 405), ("GET", "/numbers/x", 422), ("GET", "/full", 507)],
)
def test_every_expected_answer_may_be_read_across_origins(connect: Any, method: str, path: str, status: int) -> None:
    answer = connect(*ALL).request(method, path, headers={"origin": SHOP})
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "Origin" in answer.headers["vary"]
    if status != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status


def test_an_untrusted_host_is_refused(connect: Any) -> None:
    client = connect(*ALL)
    assert client.get("/").status_code == 200
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


def test_a_session_lasts(connect: Any) -> None:
    client = connect(*ALL, base_url="https://testserver")
    assert [client.get("/visits").json() for _ in range(3)] == [1, 2, 3]
    client.cookies.clear()
    assert client.get("/visits").json() == 1


@pytest.mark.parametrize("path", ["/", "/stream"])
def test_answers_are_compressed(connect: Any, path: str) -> None:
    client = connect(*ALL)
    packed = client.get(path, headers={"accept-encoding": "gzip"})
    plain = client.get(path, headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert "content-encoding" not in client.get("/numbers/1", headers={"accept-encoding": "gzip"}).headers


def test_plain_http_is_redirected(connect: Any) -> None:
    client = connect(Middleware(HTTPSRedirectMiddleware), follow_redirects=False)
    answer = client.get("/numbers/1?a=b", headers={"x-forwarded-proto": "http"})
    assert (answer.status_code, answer.headers["location"]) == (307, "https://testserver/numbers/1?a=b")


def test_https_is_not(connect: Any) -> None:
    client = connect(Middleware(HTTPSRedirectMiddleware), base_url="https://testserver", follow_redirects=False)
    assert client.get("/numbers/1", headers={"x-forwarded-proto": "https"}).json() == 1


def test_a_function_among_them(connect: Any) -> None:
    client = connect(*ALL)
    app: App = client.app

    @app.middleware("http")
    async def visited(request: Request, call_next: Any) -> Any:
        response = await call_next(request)
        response.headers["x-session"] = str(request.session.get("visits"))
        return response

    answer = client.get("/visits", headers={"origin": SHOP, "accept-encoding": "gzip"})
    assert answer.headers["x-session"] == "1"
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert client.get("/stream").content == b"x" * 3000


@pytest.mark.parametrize("middleware", [*[(one,) for one in ALL], (Middleware(HTTPSRedirectMiddleware),), ALL])
def test_records_pass_by(middleware: tuple[Middleware, ...]) -> None:
    app = make_app(*middleware)

    @app.middleware
    async def never(request: Request, call_next: Any) -> Any:
        raise AssertionError

    answer = LambdaClient(app).invoke(sqs_event(["a", "b"], queue="orders", ids=["1", "2"]))
    assert answer == {"batchItemFailures": []}
    assert sorted(app.state.done) == ["1", "2"]


# Misconfiguration of cross-origin sharing is found at start-up

MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"allow_origins": ["*"], "allow_credentials": True}, "credentials"),
    ({"allow_origins": "*", "allow_credentials": True}, "credentials"),
    ({"allow_origins": ["https://a.example", "*"], "allow_credentials": True}, "credentials"),
    ({"allow_origin_regex": ".*", "allow_credentials": True}, "credentials"),
    ({"allow_origin_regex": r"https?://.*", "allow_credentials": True}, "credentials"),
    ({"allow_origin_regex": r"https://.*", "allow_credentials": True}, "credentials"),
    ({"allow_origins": ["null"], "allow_credentials": True}, "null"),
    ({"allow_origins": "https://shop.example"}, r"write \['https://shop.example'\]"),
    ({"allow_origins": ["https://shop.example/"]}, "no slash"),
    ({"allow_origins": ["https://shop.example/app"]}, "no slash"),
    ({"allow_origins": ["shop.example"]}, "scheme"),
    ({"allow_origins": ["https://*.shop.example"]}, "allow_origin_regex"),
    ({"allow_origins": ["HTTPS://Shop.example"]}, "lower case"),
    ({"allow_origins": [SHOP], "allow_methods": ["get"]}, "upper case"),
    ({"allow_origins": [SHOP], "allow_methods": "GET"}, r"write \['GET'\]"),
]


@pytest.mark.parametrize(("options", "says"), MISTAKES)
def test_mistakes_are_found_at_start_up(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        App(middleware=[Middleware(CORSMiddleware, **options)])


FINE: list[dict[str, Any]] = [
    {},
    {"allow_origins": ["*"]},
    {"allow_origins": "*"},
    {"allow_origins": ["*"], "allow_methods": ["*"], "allow_headers": ["*"]},
    {"allow_origins": (SHOP, "http://localhost:3000", "http://[::1]:8080", "capacitor://localhost", "null")},
    {"allow_origins": [SHOP], "allow_credentials": True, "allow_methods": ["*"], "allow_headers": ["X-Token"]},
    {"allow_origin_regex": r"https://.*\.shop\.example", "allow_credentials": True},
    {"allow_origin_regex": ".*"},
]


@pytest.mark.parametrize("options", FINE)
def test_what_is_no_mistake(options: dict[str, Any]) -> None:
    check_cors(CORSMiddleware(App(), **options))
