"""A function as users write it: clients made at import, used by every invocation, over HTTP and for records."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import httpx2

from lambdaframe import App, Change, Record, Request

CLIENTS = (httpx2.AsyncClient(), httpx.AsyncClient())

started: list[str] = []
"""What the lifespan has done."""


@asynccontextmanager
async def lifespan(app: App) -> AsyncGenerator[None]:
    started.append("up")
    yield
    for client in CLIENTS:
        await client.aclose()
    started.append("down")


app = App(lifespan=lifespan)


async def ask() -> str:
    """What the other service says to both clients."""
    texts = {(await client.get(app.state.url)).text for client in CLIENTS}
    [text] = texts
    return text


@app.get("/tasks")
async def tasks() -> int:
    return len(asyncio.all_tasks())


@app.route("/{path:path}", methods=["GET", "POST", "PUT", "DELETE"])
async def any_path(path: str, request: Request) -> str:
    return await ask()


@app.sqs()
async def message(body: str, record: Record) -> None:
    assert await ask() == "hello"


@app.kinesis()
async def click(body: bytes, record: Record) -> None:
    assert await ask() == "hello"


@app.dynamodb()
async def changed(change: Change[dict[str, object]]) -> None:
    assert await ask() == "hello"


@app.firehose()
async def transformed(record: Record) -> str:
    return await ask()


@app.kafka()
@app.event()
@app.sns()
@app.s3(events=["ObjectCreated:*", "ObjectRemoved:*"])
@app.logs()
async def happened(record: Record) -> None:
    assert await ask() == "hello"
