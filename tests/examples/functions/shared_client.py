"""A function whose routes and consumer share one httpx client, made when the module was imported."""

import os

import httpx

from lambdaframe import App
from lambdaframe_adapters import LambdaHandler

client = httpx.AsyncClient(base_url=os.environ["UPSTREAM"], trust_env=False)
app = App(service="shared-client")


@app.get("/orders")
async def orders() -> list[int]:
    answer = await client.get("/orders")
    return [order["id"] for order in answer.json()]


@app.sqs("payments")
async def fulfil(body: dict[str, int]) -> None:
    answer = await client.get(f"/orders/{body['order_id']}")
    answer.raise_for_status()


@app.kinesis("clicks")
async def count(body: dict[str, str]) -> None:
    answer = await client.get("/clicks")
    answer.raise_for_status()


handler = LambdaHandler(app)
