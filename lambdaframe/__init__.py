"""An async-first, ASGI-style microframework for AWS Lambda.

Names that need Starlette are loaded when they are first used: importing the framework costs a cold start little.
"""

from typing import TYPE_CHECKING, Any

from lambdaframe.app import App
from lambdaframe.errors import HTTPException
from lambdaframe.invocation import Invocation, current_invocation
from lambdaframe.logging import bind, bound, get_logger, logger, unbind
from lambdaframe.records.record import Change, Record

if TYPE_CHECKING:
    from starlette.middleware import Middleware
    from starlette.middleware.cors import CORSMiddleware
    from starlette.middleware.gzip import GZipMiddleware
    from starlette.requests import Request
    from starlette.responses import (
        FileResponse,
        HTMLResponse,
        PlainTextResponse,
        RedirectResponse,
        Response,
        StreamingResponse,
    )

    from lambdaframe.http.json_response import JSONResponse

_LAZY = {
    "CORSMiddleware": "starlette.middleware.cors",
    "FileResponse": "starlette.responses",
    "GZipMiddleware": "starlette.middleware.gzip",
    "HTMLResponse": "starlette.responses",
    "JSONResponse": "lambdaframe.http.json_response",
    "Middleware": "starlette.middleware",
    "PlainTextResponse": "starlette.responses",
    "RedirectResponse": "starlette.responses",
    "Request": "starlette.requests",
    "Response": "starlette.responses",
    "StreamingResponse": "starlette.responses",
}


def __getattr__(name: str) -> Any:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(module), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


__all__ = [
    "App",
    "CORSMiddleware",
    "Change",
    "FileResponse",
    "GZipMiddleware",
    "HTMLResponse",
    "HTTPException",
    "Invocation",
    "JSONResponse",
    "Middleware",
    "PlainTextResponse",
    "Record",
    "RedirectResponse",
    "Request",
    "Response",
    "StreamingResponse",
    "bind",
    "bound",
    "current_invocation",
    "get_logger",
    "logger",
    "unbind",
]
