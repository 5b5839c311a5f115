"""Errors that are handled."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse

from tests.fastapi.checklist import case, different, get, not_offered, same


def _tells_secret(body: Any) -> bool:
    return "secret" in str(body)


class UnicornError(Exception):
    pass


class PonyError(UnicornError):
    pass


@case(
    "Handling Errors",
    same("A handler for an exception answers it, and its subclasses.", get("/unicorn", 418), get("/pony", 418)),
    same("It may be sync.", get("/value", 400)),
    same("A handler for RequestValidationError replaces the 422.", get("/items/x", 400)),
    same("… and finds the mistakes in `errors()`.", get("/items/x", 400)),
    same("A handler for HTTPException answers those that are raised.", get("/http", 410)),
    same("A handler for 404 answers unknown paths, too.", get("/nowhere", 404)),
    same("A handler for Exception answers what nobody expected.", get("/bug", 500)),
    same("Handlers see the request.", get("/unicorn?q=1", 418)),
)
def handlers() -> FastAPI:
    app = FastAPI()

    @app.exception_handler(UnicornError)
    async def unicorn_handler(request: Request, exc: UnicornError):
        return JSONResponse({"message": f"{type(exc).__name__} at {request.url}"}, status_code=418)

    @app.exception_handler(ValueError)
    def value_handler(request: Request, exc: ValueError):
        return PlainTextResponse(str(exc), status_code=400)

    @app.exception_handler(RequestValidationError)
    async def validation_handler(request: Request, exc: RequestValidationError):
        return PlainTextResponse(" ".join(".".join(map(str, e["loc"])) for e in exc.errors()), status_code=400)

    @app.exception_handler(HTTPException)
    async def http_handler(request: Request, exc: HTTPException):
        return PlainTextResponse(f"{exc.status_code} {exc.detail}", status_code=exc.status_code)

    @app.exception_handler(404)
    async def not_found(request: Request, exc: Any):
        return Response("nothing here", status_code=404)

    @app.exception_handler(Exception)
    async def any_handler(request: Request, exc: Exception):
        return PlainTextResponse("sorry", status_code=500)

    @app.get("/unicorn")
    async def unicorn():
        raise UnicornError

    @app.get("/pony")
    async def pony():
        raise PonyError

    @app.get("/value")
    async def value():
        raise ValueError("wrong")

    @app.get("/items/{item_id}")
    async def read(item_id: int): ...

    @app.get("/http")
    async def http():
        raise HTTPException(410, "gone")

    @app.get("/bug")
    async def bug():
        raise RuntimeError("secret")

    return app


@case(
    "Handling Errors",
    same("`exception_handlers=` of the application does the same.", get("/", 418)),
)
def handlers_option() -> FastAPI:
    async def handler(request: Request, exc: Exception) -> Response:
        return PlainTextResponse("pony", status_code=418)

    app = FastAPI(exception_handlers={UnicornError: handler})

    @app.get("/")
    async def read():
        raise UnicornError

    return app


@case(
    "Handling Errors",
    same("`add_exception_handler` does the same.", get("/", 418)),
)
def add_handler() -> FastAPI:
    async def handler(request: Request, exc: Exception) -> Response:
        return PlainTextResponse("pony", status_code=418)

    app = FastAPI()
    app.add_exception_handler(UnicornError, handler)

    @app.get("/")
    async def read():
        raise UnicornError

    return app


@case(
    "Handling Errors",
    not_offered(
        "FastAPI's own handlers may be called from one's own.",
        get("/x", 422),
        refused="exception_handlers",
        because="A problem is made from the exception by raising it again, or by not handling it.",
    ),
)
def reused_handler() -> FastAPI:
    from fastapi.exception_handlers import request_validation_exception_handler

    app = FastAPI()

    @app.exception_handler(RequestValidationError)
    async def handler(request: Request, exc: RequestValidationError):
        return await request_validation_exception_handler(request, exc)

    @app.get("/{item_id}")
    async def read(item_id: int): ...

    return app


@case(
    "Handling Errors",
    same("`debug=True` answers an unexpected exception with its trace, locally.", get("/", 500, see=_tells_secret)),
    different(
        "`debug=True` shows the trace to every client.",
        get("/", 500, see=_tells_secret, send={"x-forwarded-for": "192.0.2.1"}),
        fastapi=(500, True),
        ours=(500, False),
        because="Only to one on the same machine, and never in Lambda.",
    ),
)
def debug() -> FastAPI:
    app = FastAPI(debug=True)

    @app.get("/")
    async def read():
        raise RuntimeError("secret")

    return app
