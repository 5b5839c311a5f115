"""A consumer whose records are all in work at once, each with a log key of its own."""

import asyncio

from lambdaframe import App, Record, bind, bound, logger
from lambdaframe_adapters import LambdaHandler

app = App(service="bound-keys")
everyone = asyncio.Barrier(50)


@app.sqs("many", concurrency=50)
async def work(body: dict[str, int], record: Record) -> None:
    bind(bound_id=record.id)
    await everyone.wait()
    logger.info("all are here", own_id=record.id)
    with bound(number=body["number"]):
        await everyone.wait()
        logger.info("numbered", own_id=record.id, own_number=body["number"])
    await everyone.wait()
    logger.info("done", own_id=record.id)


handler = LambdaHandler(app)
