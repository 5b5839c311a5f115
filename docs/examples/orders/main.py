"""The orders service: one application object, four kinds of traffic, one Lambda function.

``uvicorn main:app --reload`` serves its HTTP API here; ``main.handler`` is the entry point in Lambda.
"""

import os
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

from lambdaframe import App, Change, HTTPException, Query, Record, bind, logger
from lambdaframe.idempotency import current_lease
from lambdaframe_adapters import LambdaHandler
from models import Click, NewOrder, Order, Payment, Status
from repository import ClosedOrderError, OrderedBeforeError, Orders, OrdersInMemory, UnknownOrderError


@asynccontextmanager
async def lifespan(app: App) -> AsyncGenerator[None]:
    """Once per process, whether it serves one request or thousands."""
    app.state.orders = open_orders(os.environ.get("ORDERS_DATABASE"))
    app.state.clicks = Counter[str]()
    logger.info("orders service is up")
    yield
    logger.info("orders service is down")


app = App(
    service="orders",
    idempotency=os.environ.get("ORDERS_IDEMPOTENCY", "memory://"),
    lifespan=lifespan,
    access_log="canonical",
    correlation_header="x-request-id",
)


def open_orders(database: str | None) -> Orders:
    """In this file, which several processes may share; without one, in memory."""
    if database is None:
        return OrdersInMemory()
    from stored import OrdersInSQLite

    return OrdersInSQLite(database)


def orders() -> Orders:
    kept: Orders = app.state.orders
    return kept


def clicks() -> Counter[str]:
    counted: Counter[str] = app.state.clicks
    return counted


@app.post("/orders", status_code=201, idempotent={"lease": 5})
async def create_order(new: NewOrder) -> Order:
    """Place an order. A client may repeat the request with its Idempotency-Key: it gets the same answer."""
    # A process may die when the order is placed and nobody knows it yet. Five seconds later the client's next try runs
    # this again, so the order itself remembers which request it is of.
    try:
        order = await orders().add(new, request=current_lease().key)
    except OrderedBeforeError as error:
        raise HTTPException(409, str(error)) from error
    bind(order_id=order.id)
    logger.info("order placed", sku=order.sku, quantity=order.quantity)
    return order


@app.get("/orders")
async def list_orders(status: Status | None = None, limit: Annotated[int, Query(ge=1, le=100)] = 50) -> list[Order]:
    return await orders().find(status, limit)


@app.get("/orders/{order_id}", responses={404: {"description": "There is no such order."}})
async def read_order(order_id: int) -> Order:
    try:
        return await orders().get(order_id)
    except UnknownOrderError as error:
        raise HTTPException(404, str(error)) from error


@app.post(
    "/orders/{order_id}/cancel",
    responses={404: {"description": "There is no such order."}, 409: {"description": "It is closed already."}},
)
async def cancel_order(order_id: int) -> Order:
    bind(order_id=order_id)
    try:
        order = await orders().close(order_id, Status.CANCELLED)
    except UnknownOrderError as error:
        raise HTTPException(404, str(error)) from error
    except ClosedOrderError as error:
        raise HTTPException(409, str(error)) from error
    logger.info("order cancelled")
    return order


@app.get("/clicks")
async def read_clicks() -> dict[str, int]:
    """How often each article was looked at."""
    return dict(clicks())


@app.sqs("payments", concurrency=20)
async def fulfil(payment: Payment, record: Record) -> None:
    """A paid order leaves the house. A message may come twice: then the order is fulfilled already."""
    bind(order_id=payment.order_id)
    try:
        await orders().close(payment.order_id, Status.FULFILLED)
    except ClosedOrderError as error:
        if error.order.status is Status.CANCELLED:
            logger.warning("paid after it was cancelled: refund it", message_id=record.id)
    else:
        logger.info("order fulfilled", message_id=record.id, attempt=record.receive_count)


@app.kinesis("clicks", idempotent=True)
async def count_click(click: Click) -> None:
    """A click must count once, so a record that comes again is skipped."""
    clicks()[click.sku] += 1


@app.dynamodb("orders")
async def audit(change: Change[Order]) -> None:
    """Who changed what: one line for each change of the table."""
    logger.info("order changed", operation=change.operation, before=change.old, after=change.new)


handler = LambdaHandler(app)
