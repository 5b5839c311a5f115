"""One route for every kind of answer; served by ``test_responses``, in its own process and in others."""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from lambdaframe import (
    App,
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from lambdaframe.http.answers.sse import EventSourceResponse, ServerSentEvent

FILE = Path(__file__).with_name("alphabet.txt")

app = App()


class User(BaseModel):
    name: str


class Stored(User):
    password: str


@app.get("/dict")
async def a_dict() -> dict[str, Any]:
    return {"a": 1}


@app.get("/model")
async def a_model() -> User:
    return Stored(name="ada", password="secret")


@app.get("/null")
async def null() -> None: ...


@app.get("/no-content", status_code=204)
async def no_content() -> None: ...


@app.get("/broken")
async def broken() -> User:
    return {"password": "secret"}  # type: ignore[return-value]  # the mistake under test


@app.get("/model-as-html", response_class=HTMLResponse)
async def as_html() -> str:
    return "<p>hi</p>"


@app.get("/plain")
async def plain() -> PlainTextResponse:
    return PlainTextResponse("hi", 201, {"x-a": "1"})


@app.get("/image")
async def image() -> Response:
    return Response(b"\x89PNG\xff", media_type="image/png")


@app.get("/json")
async def cookies() -> JSONResponse:
    response = JSONResponse({"user": User(name="ada")}, status_code=202)
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


@app.get("/redirect")
async def redirect() -> RedirectResponse:
    return RedirectResponse("/dict?ä", status_code=303)


@app.get("/redirect-class", response_class=RedirectResponse, status_code=308)
async def redirect_class() -> str:
    return "/dict"


@app.get("/stream")
async def stream() -> StreamingResponse:
    async def parts() -> AsyncGenerator[bytes]:
        yield b"a"
        yield b"b"

    return StreamingResponse(parts(), media_type="text/csv")


@app.get("/stream-class", response_class=StreamingResponse)
def stream_class() -> Iterator[str]:
    return iter(["a", "b"])


@app.get("/events", response_class=EventSourceResponse)
async def events() -> AsyncGenerator[Any]:
    async def made() -> AsyncGenerator[Any]:
        yield ServerSentEvent("a", id="1")
        yield Stored(name="ada", password="secret")

    return made()


@app.get("/file")
async def file() -> FileResponse:
    return FileResponse(FILE, filename="the alphabet.txt")


@app.get("/file-class", response_class=FileResponse)
async def file_class() -> Path:
    return FILE


@app.get("/file-without-a-file", response_class=FileResponse)
async def no_file() -> Path:
    return FILE.with_name("nowhere.txt")
