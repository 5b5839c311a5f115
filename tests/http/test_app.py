"""HTTP through an App, as its clients see it."""

import dataclasses
import enum
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import orjson
import pytest
from pydantic import BaseModel, Field

from lambdaframe import (
    App,
    CORSMiddleware,
    HTTPException,
    Invocation,
    JSONResponse,
    Middleware,
    PlainTextResponse,
    Request,
    Response,
    StreamingResponse,
    current_invocation,
)
from lambdaframe.errors import ConfigurationError
from lambdaframe.testing import TestClient
from lambdaframe.types import ASGIApp, Message, Receive, Scope, Send


class Order(BaseModel):
    id: int
    sku: str = Field(min_length=2)


class StoredOrder(Order):
    secret: str = "hidden"


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    y: Decimal


def make_app() -> App:
    app = App(service="shop")

    @app.get("/")
    async def root() -> dict[str, str]:
        return {"hello": "wörld"}

    @app.get("/orders/{order_id}")
    async def read(order_id: int, verbose: bool = False, limit: float | None = None, q: str = "") -> dict[str, Any]:
        return {"id": order_id, "verbose": verbose, "limit": limit, "q": q}

    @app.post("/orders", status_code=201)
    async def create(order: Order) -> Order:
        return order

    @app.get("/stored")
    async def stored() -> Order:
        return StoredOrder(id=1, sku="ab")

    @app.get("/stored-list")
    async def stored_list() -> list[Order]:
        return [StoredOrder(id=1, sku="ab")]

    @app.get("/from-dict")
    async def from_dict() -> Order:
        return {"id": "7", "sku": "ab", "secret": "hidden"}  # type: ignore[return-value]  # validated as FastAPI does

    @app.get("/from-object")
    async def from_object() -> Order:
        return SimpleNamespace(id=7, sku="ab", secret="hidden")  # type: ignore[return-value]  # a row of a database

    @app.get("/broken-promise")
    async def broken() -> Order:
        return {"id": "no number"}  # type: ignore[return-value]  # the mistake under test

    @app.get("/dates/{day}")
    async def dates(day: date, colour: Colour, kind: Literal["a", "b"], top: Annotated[int, Field(gt=0)]) -> Any:
        return {"day": day, "colour": colour, "kind": kind, "top": top}

    @app.get("/point")
    async def point() -> Point:
        return Point(1, Decimal("1.10"))

    @app.get("/sync")
    def in_a_thread() -> str:
        return current_invocation().source

    @app.get("/nothing", status_code=204)
    async def nothing() -> None: ...

    @app.get("/none")
    async def none() -> None: ...

    @app.get("/text")
    async def text() -> Response:
        return PlainTextResponse("hi", headers={"x-a": "1"})

    @app.get("/json")
    async def json_response() -> JSONResponse:
        return JSONResponse({"order": Order(id=1, sku="ab")}, status_code=202)

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"a"
            yield b"b"

        return StreamingResponse(parts())

    @app.post("/echo")
    async def echo(request: Request, invocation: Invocation, data: dict[str, Any]) -> dict[str, Any]:
        return {"data": data, "again": await request.json(), "id": invocation.request_id}

    @app.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418, "short and stout", headers={"x-pot": "1"})

    @app.get("/problem")
    async def own_problem() -> None:
        raise HTTPException(
            403, {"type": "https://errors.example/limit", "title": "Limit", "detail": "Too much", "left": 0}
        )

    @app.get("/boom")
    async def boom() -> None:
        raise RuntimeError("the recipe says hunter2")

    @app.route("/many", methods=["PUT", "delete"])
    async def many(request: Request) -> str:
        return request.method

    return app


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(make_app(), raise_server_exceptions=False) as client:
        yield client


def test_plain_json(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.content == '{"hello":"wörld"}'.encode()
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(answer.content))


def test_parameters_are_converted_by_annotation(client: TestClient) -> None:
    assert client.get("/orders/7").json() == {"id": 7, "verbose": False, "limit": None, "q": ""}
    full = client.get("/orders/-7?verbose=on&limit=1.5&q=a+b%26c&unknown=1&q=last")
    assert full.json() == {"id": -7, "verbose": True, "limit": 1.5, "q": "last"}
    typed = client.get("/dates/2026-02-03?colour=red&kind=b&top=1")
    assert typed.json() == {"day": "2026-02-03", "colour": "red", "kind": "b", "top": 1}


def test_all_errors_of_a_request_are_reported_together(client: TestClient) -> None:
    answer = client.get("/orders/seven?verbose=perhaps&limit=much")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["title"] == "Unprocessable Content"
    assert [(error["loc"], error["type"]) for error in problem["errors"]] == [
        (["path", "order_id"], "int_parsing"),
        (["query", "verbose"], "bool_parsing"),
        (["query", "limit"], "float_parsing"),
    ]


@pytest.mark.parametrize("text", ["1__0", "1.5", "0x1", "", "1e3", "٣", "9" * 5000, "--1"])
def test_what_is_no_integer(client: TestClient, text: str) -> None:
    assert client.get(f"/orders/{text}" if text else "/orders/%20").status_code == 422


def test_missing_and_invalid_values_of_other_types(client: TestClient) -> None:
    errors = client.get("/dates/someday?colour=blue&top=0").json()["errors"]
    assert [error["loc"] for error in errors] == [
        ["path", "day"],
        ["query", "colour"],
        ["query", "kind"],
        ["query", "top"],
    ]
    assert errors[2]["type"] == "missing"


def test_a_body_is_validated(client: TestClient) -> None:
    good = client.post("/orders", json={"id": 1, "sku": "ab"})
    assert (good.status_code, good.json()) == (201, {"id": 1, "sku": "ab"})
    bad = client.post("/orders", json={"id": "x", "sku": "a", "password": "hunter2"})
    assert bad.status_code == 422
    assert [error["loc"] for error in bad.json()["errors"]] == [["body", "id"], ["body", "sku"]]
    assert "hunter2" not in bad.text


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"[" * 200_000, 400),
        (b'{"id": 1, "sku": "\\ud800"}', 400),
        (b'{"id": 1, "sku": "\xff"}', 400),
        (b"null", 422),
    ],
    ids=["empty", "cut", "deep", "lone surrogate", "no utf-8", "null"],
)
@pytest.mark.parametrize("path", ["/orders", "/echo"])
def test_a_body_that_is_no_json_is_a_400(client: TestClient, content: bytes, status: int, path: str) -> None:
    answer = client.post(path, content=content, headers={"content-type": "application/json; charset=utf-8"})
    assert answer.status_code == status
    assert answer.json()["status"] == status


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_of_another_type_is_refused(client: TestClient, content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    assert client.post("/orders", content=b'{"id":1,"sku":"ab"}', headers=headers).status_code == 415


def test_request_and_invocation_are_given_and_the_body_can_be_read_again(client: TestClient) -> None:
    answer = client.post("/echo", json={"a": 1}).json()
    assert answer["data"] == answer["again"] == {"a": 1}
    assert uuid.UUID(answer["id"])


def test_fields_that_the_declared_type_does_not_name_are_not_sent(client: TestClient) -> None:
    assert client.get("/stored").json() == {"id": 1, "sku": "ab"}
    assert client.get("/stored-list").json() == [{"id": 1, "sku": "ab"}]


@pytest.mark.parametrize("path", ["/from-dict", "/from-object"])
def test_a_result_of_another_type_is_made_the_declared_one(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()) == (200, {"id": 7, "sku": "ab"})


def test_a_result_that_breaks_its_declared_type_is_a_500(client: TestClient) -> None:
    assert client.get("/broken-promise").status_code == 500


@pytest.mark.parametrize(
    ("path", "status", "body", "content_type"),
    [
        ("/point", 200, b'{"x":1,"y":"1.10"}', "application/json"),
        ("/sync", 200, b'"asgi"', "application/json"),
        ("/nothing", 204, b"", None),
        ("/none", 200, b"null", "application/json"),
        ("/text", 200, b"hi", "text/plain; charset=utf-8"),
        ("/json", 202, b'{"order":{"id":1,"sku":"ab"}}', "application/json"),
        ("/stream", 200, b"ab", None),
    ],
)
def test_results(client: TestClient, path: str, status: int, body: bytes, content_type: str | None) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.content, answer.headers.get("content-type")) == (status, body, content_type)


def test_unknown_paths_and_methods(client: TestClient) -> None:
    lost = client.get("/lost")
    assert (lost.status_code, lost.headers["content-type"]) == (404, "application/problem+json")
    assert lost.json() == {"type": "about:blank", "title": "Not Found", "status": 404}
    wrong = client.delete("/")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert client.post("/many").headers["allow"] == "DELETE, OPTIONS, PUT"
    assert client.delete("/many").json() == "DELETE"


def test_head_is_answered_by_get(client: TestClient) -> None:
    answer = client.head("/")
    assert (answer.status_code, answer.headers["content-length"]) == (200, "18")


def test_http_exceptions_are_problems(client: TestClient) -> None:
    pot = client.get("/teapot")
    assert (pot.status_code, pot.headers["x-pot"]) == (418, "1")
    assert pot.json() == {"type": "about:blank", "title": "I'm a Teapot", "status": 418, "detail": "short and stout"}
    assert client.get("/problem").json() == {
        "type": "https://errors.example/limit",
        "title": "Limit",
        "status": 403,
        "detail": "Too much",
        "left": 0,
    }


def test_an_unexpected_error_is_a_bare_500_and_stands_in_the_log(
    client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = client.get("/boom")
    assert answer.status_code == 500
    assert answer.json() == {"type": "about:blank", "title": "Internal Server Error", "status": 500}
    lines = [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["level"], line["path"], line["exception_name"]) for line in lines] == [
        ("ERROR", "/boom", "RuntimeError")
    ]
    assert "hunter2" in lines[0]["exception"]


def test_a_test_client_sees_the_error_itself() -> None:
    with TestClient(make_app()) as client, pytest.raises(RuntimeError, match="hunter2"):
        client.get("/boom")


def test_exception_handlers_by_status_and_by_the_nearest_class() -> None:
    app = App()

    class BaseError(Exception): ...

    class NearError(BaseError): ...

    @app.exception_handler(BaseError)
    async def base(request: Request, exc: BaseError) -> Response:
        return PlainTextResponse(f"base {request.url.path}", 400)

    @app.exception_handler(NearError)
    def near(request: Request, exc: NearError) -> Response:
        return PlainTextResponse("near", 409)

    @app.exception_handler(404)
    async def lost(request: Request, exc: HTTPException) -> Response:
        return PlainTextResponse("lost", 404)

    @app.exception_handler(500)
    async def failed(request: Request, exc: Exception) -> Response:
        return PlainTextResponse("failed", 500)

    @app.get("/{kind}")
    async def fail(kind: str) -> None:
        raise {"base": BaseError, "near": NearError}.get(kind, ValueError)

    client = TestClient(app, raise_server_exceptions=False)
    answers = {kind: client.get(f"/{kind}") for kind in ("base", "near", "other", "no/where")}
    assert {kind: (answer.status_code, answer.text) for kind, answer in answers.items()} == {
        "base": (400, "base /base"),
        "near": (409, "near"),
        "other": (500, "failed"),
        "no/where": (404, "lost"),
    }


class Mark:
    """Writes its name into a response header, behind those who wrote before."""

    def __init__(self, app: ASGIApp, name: str) -> None:
        self.app = app
        self.name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(name, value) for name, value in message["headers"] if name != b"x-marks"]
                before = b"".join(value for name, value in message["headers"] if name == b"x-marks")
                message = {**message, "headers": [*headers, (b"x-marks", before + self.name.encode())]}
            await send(message)

        await self.app(scope, receive, marked)


def test_middleware_is_applied_as_written_and_sees_error_answers() -> None:
    app = App(middleware=[Middleware(Mark, name="1"), lambda inner: Mark(inner, "2")])

    @app.get("/")
    async def root() -> None: ...

    client = TestClient(app)
    assert client.get("/").headers["x-marks"] == "21"
    assert client.get("/lost").headers["x-marks"] == "21"


OPEN: list[dict[str, Any]] = [
    {"allow_origins": ["*"]},
    {"allow_origins": "*"},
    {"allow_origin_regex": ".*"},
    {"allow_origin_regex": r"https://.*"},
]


@pytest.mark.parametrize("origins", OPEN)
def test_credentials_for_every_origin_are_a_mistake(origins: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="credentials"):
        App(middleware=[Middleware(CORSMiddleware, allow_credentials=True, **origins)])
    with pytest.raises(ConfigurationError, match="credentials"):
        App(middleware=[lambda app: CORSMiddleware(app, allow_credentials=True, **origins)])
    App(middleware=[Middleware(CORSMiddleware, **origins)])


def test_cross_origin_sharing_with_a_list() -> None:
    shop = "https://shop.example"
    known: dict[str, Any] = {
        "allow_origins": [shop],
        "allow_origin_regex": r"https://.*\.shop\.example",
        "allow_credentials": True,
    }
    app = App(middleware=[Middleware(CORSMiddleware, **known)])

    @app.get("/")
    async def root() -> None:
        raise HTTPException(404)

    answer = TestClient(app).get("/", headers={"origin": shop})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (404, shop)


def test_the_lifespan_surrounds_the_requests_and_its_state_reaches_them() -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(app: App) -> AsyncGenerator[dict[str, Any]]:
        seen.append("up")
        app.state.pool = "pool"
        yield {"key": "value"}
        seen.append("down")

    app = App(lifespan=lifespan)

    @app.get("/")
    async def root(request: Request) -> list[str]:
        return [request.app.state.pool, request.state.key]

    with TestClient(app) as client:
        assert client.get("/").json() == ["pool", "value"]
        assert seen == ["up"]
    assert seen == ["up", "down"]


def test_a_failed_start_up_is_reported() -> None:
    @asynccontextmanager
    async def lifespan(app: App) -> AsyncGenerator[None]:
        raise OSError("no database")
        yield

    with pytest.raises(OSError, match="no database"), TestClient(App(lifespan=lifespan)):
        pass


def test_each_request_is_an_invocation_and_the_first_one_is_cold() -> None:
    app = App()

    @app.get("/")
    async def root(invocation: Invocation) -> list[Any]:
        return [invocation.request_id, invocation.cold_start, invocation.remaining() > 1e9]

    client = TestClient(app)
    first, second = client.get("/").json(), client.get("/").json()
    assert first[0] != second[0]
    assert [first[1:], second[1:]] == [[True, True], [False, True]]


def test_a_websocket_is_refused() -> None:
    from starlette.websockets import WebSocketDisconnect

    with pytest.raises(WebSocketDisconnect), TestClient(App()).websocket_connect("/"):
        pass


def test_the_root_path_is_no_part_of_the_routes() -> None:
    app = App()

    @app.get("/")
    async def root() -> str:
        return "root"

    @app.get("/production")
    async def production() -> str:
        return "production"

    client = TestClient(app, root_path="/prod")
    assert client.get("/prod").json() == "root"
    assert client.get("/prod/production").json() == "production"
    assert client.get("/production").json() == "production"


def _register(app: App, path: str, function: Any) -> None:
    app.post(path)(function)


async def _nothing() -> None: ...
async def _generator() -> AsyncIterator[int]:
    yield 1


async def _star(*args: int) -> None: ...
async def _unknown(a: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821  the mistake under test


MISTAKES: list[tuple[str, Any, str]] = [
    ("/a", _generator, "generator"),
    ("/a", _star, r"\*args"),
    ("/a", _unknown, "Nowhere"),
    ("/a/{id}", _nothing, "path parameter 'id'"),
    ("/taken", _nothing, "already"),
]


@pytest.mark.parametrize(("path", "function", "says"), MISTAKES)
def test_mistakes_are_found_at_registration(path: str, function: Any, says: str) -> None:
    app = App()
    app.post("/taken")(_nothing)
    with pytest.raises(ConfigurationError, match=says):
        _register(app, path, function)


def test_idempotent_routes_need_a_store() -> None:
    with pytest.raises(ConfigurationError, match="memory://"):
        App().post("/", idempotent=True)(_nothing)


def test_a_body_with_too_many_errors_is_refused_without_listing_them() -> None:
    app = App()

    @app.post("/")
    async def route(numbers: list[int]) -> int:
        return len(numbers)

    client = TestClient(app)
    few, many = client.post("/", json=["x"] * 200), client.post("/", json=["x"] * 200_000)
    assert (few.status_code, many.status_code) == (422, 422)
    assert len(few.json()["errors"]) == 100
    assert "first 100 of 200" in few.json()["detail"]
    assert many.json()["errors"] == [
        {"loc": ["body"], "msg": "There are 200000 errors: too many to list them.", "type": "too_many_errors"}
    ]
