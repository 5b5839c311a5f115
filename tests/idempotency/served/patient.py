"""An application whose orders wait until they are told to go on, and which notices that its client has gone."""

import asyncio
from collections.abc import AsyncGenerator

from lambdaframe import App, Request, StreamingResponse

app = App(idempotency="memory://")
app.state.started, app.state.gone, app.state.go, app.state.ended = (asyncio.Event() for _ in range(4))
app.state.runs = 0


@app.post("/orders", status_code=201, idempotent=True)
async def place(request: Request) -> dict[str, int]:
    app.state.runs += 1
    app.state.started.set()
    await until_gone(request)
    await app.state.go.wait()
    return {"id": app.state.runs}


@app.post("/reports", idempotent=True)
async def report(request: Request) -> StreamingResponse:
    """Its first line is made before the client goes, the others after it."""

    async def lines() -> AsyncGenerator[bytes]:
        app.state.runs += 1
        yield b"first\n"
        app.state.started.set()
        await until_gone(request)
        await app.state.go.wait()
        yield b"second\n"
        yield b"third\n"

    return StreamingResponse(lines(), media_type="text/plain")


async def until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    app.state.gone.set()


@app.get("/when/{event}")
async def when(event: str) -> None:
    """Answered when it has happened."""
    await getattr(app.state, event).wait()


@app.post("/go")
async def go() -> None:
    app.state.go.set()


@app.get("/runs")
async def runs() -> int:
    return int(app.state.runs)
