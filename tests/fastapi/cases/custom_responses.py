"""Responses of other classes."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path as FilePath
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    StreamingResponse,
)
from pydantic import BaseModel

from tests.fastapi.checklist import call, case, document, get, same


class Item(BaseModel):
    name: str | None = None
    price: float = 10.5
    tags: list[str] = []


class XMLResponse(Response):
    media_type = "application/xml"


class Indented(JSONResponse):
    def render(self, content: Any) -> bytes:
        return json.dumps(content, indent=2).encode()


@case(
    "Custom Response - HTML, Stream, File, others",
    same("`response_class` makes the answer of what is returned.", get("/html"), get("/text")),
    same(
        "… a redirect, too.",
        get("/redirect", 307, headers=("location",)),
        get("/see-other", 303, headers=("location",)),
    ),
    same("… and one of your own.", get("/xml"), get("/own")),
    same(
        "… with its media type in the document.",
        document(lambda doc: sorted(doc["paths"]["/html"]["get"]["responses"]["200"]["content"])),
    ),
    same("StreamingResponse streams an iterator, sync or async.", get("/stream"), get("/async-stream")),
    same(
        "FileResponse sends a file with length, type and etag.",
        get("/file", headers=("content-length", "etag", "last-modified")),
    ),
    same("… by `response_class` when a path is returned.", get("/path")),
    same("… and ranges of it.", call("GET", "/file", 206, send={"range": "bytes=0-3"}, headers=("content-range",))),
    same("… as a download with a name.", get("/download", headers=("content-disposition",))),
    same("A Response has any content and media type.", get("/raw", headers=("x-a",))),
    same("JSONResponse takes what was prepared.", get("/json", 202)),
    same("datetimes and models are JSON when returned.", get("/rich")),
)
def response_classes() -> FastAPI:
    app = FastAPI()

    @app.get("/html", response_class=HTMLResponse)
    async def html():
        return "<p>hi</p>"

    @app.get("/text", response_class=PlainTextResponse)
    async def text():
        return "hi"

    @app.get("/redirect", response_class=RedirectResponse)
    async def redirect():
        return "/html"

    @app.get("/see-other", response_class=RedirectResponse, status_code=303)
    async def see_other():
        return "/html"

    @app.get("/xml")
    async def xml():
        return XMLResponse("<a/>", headers={"x-a": "b"})

    @app.get("/own", response_class=Indented)
    async def own():
        return {"a": Item()}

    @app.get("/stream")
    async def stream():
        return StreamingResponse(iter(["a", "b"]), media_type="text/x-letters")

    @app.get("/async-stream")
    async def async_stream():
        async def letters() -> AsyncIterator[str]:
            for letter in "ab":
                yield letter

        return StreamingResponse(letters(), media_type="text/x-letters")

    @app.get("/file")
    async def file():
        return FileResponse(__file__, media_type="text/x-python")

    @app.get("/path", response_class=FileResponse)
    async def path():
        return __file__

    @app.get("/download")
    async def download():
        return FileResponse(FilePath(__file__), filename="café.py")

    @app.get("/raw")
    async def raw():
        return Response(content=b"\x00", media_type="application/octet-stream", headers={"x-a": "b"})

    @app.get("/json")
    async def prepared():
        return JSONResponse({"a": 1}, status_code=202)

    @app.get("/rich")
    async def rich():
        return {"at": datetime(2026, 1, 2, 3, 4, 5), "item": Item(), "set": {1}}

    return app


@case(
    "Custom Response - HTML, Stream, File, others",
    same("`default_response_class` is every route's, unless it has its own.", get("/"), get("/own")),
)
def default_response_class() -> FastAPI:
    app = FastAPI(default_response_class=HTMLResponse)

    @app.get("/")
    async def read():
        return "<p>hi</p>"

    @app.get("/own", response_class=PlainTextResponse)
    async def own():
        return "hi"

    return app
