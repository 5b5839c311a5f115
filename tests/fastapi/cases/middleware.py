"""Middleware and CORS."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.middleware import Middleware
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.middleware.httpsredirect import HTTPSRedirectMiddleware
from fastapi.middleware.trustedhost import TrustedHostMiddleware

from tests.fastapi.checklist import call, case, different, get, not_offered, same

OUTERMOST = "The first one is the outermost, as in `middleware=[...]`: they are read from the top."


@case(
    "Middleware",
    same("`@app.middleware` wraps every request; it may change the answer.", get("/", headers=("x-after",))),
    same("It may answer itself.", get("/?stop=1", 403)),
    same(
        "It sees the answers to errors.",
        get("/http", 404, headers=("x-after",)),
        get("/nowhere", 404, headers=("x-after",)),
    ),
    same("`request.state` reaches the handler.", get("/state")),
)
def function_middleware() -> FastAPI:
    from starlette.responses import PlainTextResponse

    app = FastAPI()

    @app.middleware("http")
    async def after(request: Request, call_next: Any):
        if "stop" in request.query_params:
            return PlainTextResponse("stopped", status_code=403)
        request.state.user = "u"
        response = await call_next(request)
        response.headers["X-After"] = request.url.path
        return response

    @app.get("/")
    async def read():
        return 1

    @app.get("/http")
    async def http():
        raise HTTPException(404)

    @app.get("/state")
    async def state(request: Request):
        return request.state.user

    return app


@case(
    "Middleware",
    different(
        "Of several the last one is the outermost.",
        get("/"),
        fastapi=(200, ["second", "first"]),
        ours=(200, ["first", "second"]),
        because=OUTERMOST,
    ),
)
def order_of_functions() -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def first(request: Request, call_next: Any):
        request.scope.setdefault("seen", []).append("first")
        return await call_next(request)

    @app.middleware("http")
    async def second(request: Request, call_next: Any):
        request.scope.setdefault("seen", []).append("second")
        return await call_next(request)

    @app.get("/")
    async def read(request: Request):
        return request.scope["seen"]

    return app


class Noted:
    """An ASGI middleware that notes its name."""

    def __init__(self, app: Any, name: str = "noted") -> None:
        self.app, self.name = app, name

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("seen", []).append(self.name)
        await self.app(scope, receive, send)


@case(
    "Advanced Middleware",
    same("`middleware=[Middleware(cls, ...)]` takes any ASGI middleware, the first outermost.", get("/")),
)
def asgi_middleware() -> FastAPI:
    app = FastAPI(middleware=[Middleware(Noted, name="a"), Middleware(Noted, name="b")])

    @app.get("/")
    async def read(request: Request):
        return request.scope["seen"]

    return app


@case(
    "Advanced Middleware",
    different(
        "`app.add_middleware(cls, ...)` adds one, outside those before it.",
        get("/"),
        fastapi=(200, ["b", "a"]),
        ours=(200, ["a", "b"]),
        because=OUTERMOST,
    ),
)
def add_middleware() -> FastAPI:
    app = FastAPI()
    app.add_middleware(Noted, name="a")
    app.add_middleware(Noted, name="b")

    @app.get("/")
    async def read(request: Request):
        return request.scope["seen"]

    return app


@case(
    "Advanced Middleware",
    same("HTTPSRedirectMiddleware redirects to https.", get("/", 307, headers=("location",))),
)
def https_redirect() -> FastAPI:
    return FastAPI(middleware=[Middleware(HTTPSRedirectMiddleware)])


@case(
    "Advanced Middleware",
    same("TrustedHostMiddleware refuses other hosts.", get("/docs", 400, send={"host": "evil.example"}), get("/", 404)),
)
def trusted_host() -> FastAPI:
    return FastAPI(middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["testserver", "*.example.com"])])


@case(
    "Advanced Middleware",
    same("GZipMiddleware compresses what is long enough.", get("/", headers=("content-encoding", "vary"))),
)
def gzip() -> FastAPI:
    app = FastAPI(middleware=[Middleware(GZipMiddleware, minimum_size=100)])

    @app.get("/")
    async def read():
        return "x" * 1000

    return app


ORIGIN = {"origin": "https://a.example"}
PREFLIGHT = {**ORIGIN, "access-control-request-method": "POST", "access-control-request-headers": "x-a"}
CORS = tuple(f"access-control-allow-{part}" for part in ("origin", "methods", "headers", "credentials"))


@case(
    "CORS",
    same("An allowed origin is told so.", get("/", send=ORIGIN, headers=(*CORS, "vary"))),
    same("Another is not.", get("/", send={"origin": "https://b.example"}, headers=CORS)),
    same("A preflight is answered.", call("OPTIONS", "/", send=PREFLIGHT, headers=(*CORS, "access-control-max-age"))),
    same("… or refused.", call("OPTIONS", "/", 400, send={**PREFLIGHT, "origin": "https://b.example"}, headers=CORS)),
    same("Answers to errors carry the headers, too.", get("/nowhere", 404, send=ORIGIN, headers=CORS)),
)
def cors() -> FastAPI:
    middleware = Middleware(
        CORSMiddleware,
        allow_origins=["https://a.example"],
        allow_methods=["GET", "POST"],
        allow_headers=["x-a"],
        allow_credentials=True,
    )
    app = FastAPI(middleware=[middleware])

    @app.get("/")
    async def read():
        return 1

    return app


@case(
    "CORS",
    not_offered(
        "Every origin may be allowed with credentials.",
        get("/", 404),
        refused="credentials",
        because="Any site could then act as its visitor. It is an error at start-up: list the origins.",
    ),
)
def cors_for_all() -> FastAPI:
    return FastAPI(middleware=[Middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)])
