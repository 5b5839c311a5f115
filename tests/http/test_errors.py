"""Exception handlers: which one answers, and what becomes of their own errors."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from starlette.exceptions import HTTPException as StarletteHTTPException

from lambdaframe import App, HTTPException, JSONResponse, PlainTextResponse, Request, Response
from lambdaframe.errors import ConfigurationError, RequestValidationError
from lambdaframe.http.errors import ExceptionHandler
from lambdaframe.testing import TestClient
from lambdaframe.types import ASGIApp


class DomainError(Exception): ...


class StockError(DomainError): ...


class LimitError(StockError): ...


def says(text: str, status: int = 418) -> ExceptionHandler:
    async def handler(request: Request, exc: Exception) -> Response:
        return PlainTextResponse(f"{text}: {type(exc).__name__}", status)

    return handler


def says_in_a_thread(text: str) -> ExceptionHandler:
    def handler(request: Request, exc: Exception) -> Response:
        return PlainTextResponse(f"{text}: {type(exc).__name__}", 418)

    return handler


def raises(error: Callable[[], Exception]) -> ExceptionHandler:
    async def handler(request: Request, exc: Exception) -> Response:
        raise error()

    return handler


def forgets(request: Request, exc: Exception) -> None:
    """No response."""


def untouched(app: ASGIApp) -> ASGIApp:
    """Middleware that does nothing; but inside of one there is another boundary for errors."""
    return app


AROUND: list[list[Callable[[ASGIApp], ASGIApp]]] = [[], [untouched]]


def asked(handlers: Any, error: Exception | None, path: str = "/", **options: Any) -> Any:
    app = App(exception_handlers=handlers, **options)

    @app.get("/")
    async def root() -> None:
        assert error is not None
        raise error

    @app.get("/typed/{number}")
    async def typed(number: int) -> None: ...

    @app.post("/posted")
    async def posted() -> None: ...

    return TestClient(app, raise_server_exceptions=False).get(path)


CHOICES: list[tuple[str, dict[Any, str], Exception | None, str, str]] = [
    ("the class itself", {StockError: "stock", DomainError: "domain"}, StockError(), "/", "stock: StockError"),
    ("the nearest above", {DomainError: "domain", StockError: "stock"}, LimitError(), "/", "stock: LimitError"),
    ("farther above", {DomainError: "domain", Exception: "all"}, LimitError(), "/", "domain: LimitError"),
    ("everything", {Exception: "all"}, LimitError(), "/", "all: LimitError"),
    ("500 is everything", {500: "all"}, LimitError(), "/", "all: LimitError"),
    ("500 before Exception", {Exception: "exception", 500: "status"}, LimitError(), "/", "status: LimitError"),
    ("a status", {404: "lost"}, HTTPException(404), "/", "lost: HTTPException"),
    ("a status before a class", {HTTPException: "http", 404: "lost"}, HTTPException(404), "/", "lost: HTTPException"),
    ("another status", {HTTPException: "http", 404: "lost"}, HTTPException(409), "/", "http: HTTPException"),
    ("a 500 that was meant", {500: "all"}, HTTPException(500), "/", "all: HTTPException"),
    ("not everything for a problem", {Exception: "all"}, HTTPException(404), "/", '{"type":"about:blank"'),
    ("no route", {404: "lost"}, None, "/nowhere", "lost: HTTPException"),
    ("no such method", {405: "method"}, None, "/posted", "method: HTTPException"),
    ("no route, by class", {HTTPException: "http"}, None, "/nowhere", "http: HTTPException"),
    ("validation", {RequestValidationError: "invalid"}, None, "/typed/x", "invalid: RequestValidationError"),
    ("validation, by status", {422: "invalid"}, None, "/typed/x", "invalid: RequestValidationError"),
    ("Starlette's class for ours", {StarletteHTTPException: "http"}, None, "/nowhere", "http: HTTPException"),
    ("ours for Starlette's class", {HTTPException: "http"}, StarletteHTTPException(404), "/", "http: HTTPException"),
    ("Starlette's by status", {404: "lost"}, StarletteHTTPException(404), "/", "lost: HTTPException"),
    ("a built-in", {LookupError: "lookup"}, KeyError(), "/", "lookup: KeyError"),
]


@pytest.mark.parametrize("around", AROUND, ids=["bare", "inside middleware"])
@pytest.mark.parametrize("style", [says, says_in_a_thread])
@pytest.mark.parametrize(
    ("handlers", "error", "path", "answer"), [pytest.param(*choice[1:], id=choice[0]) for choice in CHOICES]
)
def test_which_handler_answers(
    handlers: dict[Any, str],
    error: Exception | None,
    path: str,
    answer: str,
    style: Callable[[str], ExceptionHandler],
    around: list[Callable[[ASGIApp], ASGIApp]],
) -> None:
    made = {key: style(text) for key, text in handlers.items()}
    assert asked(made, error, path, middleware=around).text.startswith(answer)


@pytest.mark.parametrize("around", AROUND, ids=["bare", "inside middleware"])
@pytest.mark.parametrize(
    ("handlers", "status", "says_in_log"),
    [
        pytest.param({StockError: raises(lambda: HTTPException(409))}, 409, None, id="a problem"),
        pytest.param({StockError: raises(lambda: StarletteHTTPException(409))}, 409, None, id="Starlette's"),
        pytest.param({StockError: raises(OSError)}, 500, "OSError", id="an error"),
        pytest.param({StockError: raises(StockError)}, 500, "StockError", id="the same again"),
        pytest.param({StockError: raises(OSError), OSError: says("os")}, 500, "OSError", id="not asked again"),
        pytest.param({StockError: raises(OSError), 500: says("all", 503)}, 503, "OSError", id="everything"),
        pytest.param({Exception: raises(OSError)}, 500, "StockError", id="everything's own"),
        pytest.param({StockError: forgets}, 500, "TypeError", id="no response"),
    ],
)
def test_a_handler_that_raises(
    handlers: Any,
    status: int,
    says_in_log: str | None,
    around: list[Callable[[ASGIApp], ASGIApp]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = asked(handlers, StockError(), middleware=around)
    assert answer.status_code == status
    if status != 503:
        assert answer.json()["status"] == status
    lines = [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]
    unhandled = [line for line in lines if line["message"] == "Unhandled error"]
    assert [line["exception_name"] for line in unhandled] == ([] if says_in_log is None else [says_in_log])
    assert all("StockError" in line["exception"] for line in unhandled), "what it was about stands there, too"


def test_a_handler_is_asked_once() -> None:
    calls: list[Exception] = []

    async def handler(request: Request, exc: Exception) -> Response:
        calls.append(exc)
        raise StockError

    assert asked({StockError: handler}, StockError(), middleware=AROUND[1]).status_code == 500
    assert len(calls) == 1


def test_an_error_of_a_middleware_is_answered_by_the_handlers_too() -> None:
    def failing(app: ASGIApp) -> ASGIApp:
        async def middleware(*_: Any) -> None:
            raise StockError

        return middleware

    app = App(exception_handlers={DomainError: says("domain")}, middleware=[failing])
    assert TestClient(app).get("/").text == "domain: StockError"


def test_a_handler_sees_the_request() -> None:
    app = App()

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, exc: RequestValidationError) -> Response:
        return JSONResponse({"path": request.url.path, "errors": len(exc.errors()), "state": request.state.user}, 400)

    @app.middleware("http")
    async def user(request: Request, call_next: Any) -> Response:
        request.state.user = "ada"
        response: Response = await call_next(request)
        return response

    @app.get("/items/{number}")
    async def item(number: int) -> None: ...

    answer = TestClient(app).get("/items/x")
    assert (answer.status_code, answer.json()) == (400, {"path": "/items/x", "errors": 1, "state": "ada"})


@pytest.mark.parametrize(
    "key", [200, 600, "404", ValueError("an instance"), int, BaseException, KeyboardInterrupt, None]
)
def test_what_a_handler_can_not_be_for(key: Any) -> None:
    with pytest.raises(ConfigurationError, match="exception handler"):
        App(exception_handlers={key: says("x")})
