"""The function that is deployed: it writes down every message that it takes up, and fails those that say so."""

import os
from typing import Any

import lambdaframe
from lambdaframe import App, Record
from lambdaframe_adapters import LambdaHandler

app = App(service="orders")


@app.sqs("orders", concurrency=5)
async def fulfil(order: dict[str, Any], record: Record) -> None:
    with open(os.environ["SEEN"], "a") as seen:  # noqa: ASYNC230  one short line, which must be there before it fails
        seen.write(f"{order['id']} {record.receive_count} {os.path.dirname(lambdaframe.__file__)}\n")
    if order.get("broken"):
        raise ValueError(order["id"])


handler = LambdaHandler(app, sources=["sqs"])
