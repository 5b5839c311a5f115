"""Orders in an SQLite file: they outlive the process, and several processes share them."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from models import NewOrder, Order, Status
from repository import ClosedOrderError, UnknownOrderError, same

T = TypeVar("T")

_TABLE = """CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY, request TEXT NOT NULL UNIQUE, customer TEXT, sku TEXT, quantity INTEGER,
    status TEXT NOT NULL DEFAULT 'placed')"""

_INSERT = """INSERT INTO orders (request, customer, sku, quantity) VALUES (:request, :customer, :sku, :quantity)
    ON CONFLICT (request) DO NOTHING"""


class OrdersInSQLite:
    """The four operations of ``repository.Orders``, each one transaction. SQLite blocks, so each runs in a thread."""

    def __init__(self, path: str | Path) -> None:
        self._path = path
        self._in(lambda database: database.execute(_TABLE))

    async def add(self, new: NewOrder, request: str) -> Order:
        def insert(database: sqlite3.Connection) -> Order:
            database.execute(_INSERT, {**new.model_dump(), "request": request})
            row = database.execute("SELECT * FROM orders WHERE request = ?", (request,)).fetchone()
            return same(Order.model_validate(dict(row)), new)

        return await self._aside(insert)

    async def get(self, order_id: int) -> Order:
        return await self._aside(lambda database: _get(database, order_id))

    async def find(self, status: Status | None, limit: int) -> list[Order]:
        def select(database: sqlite3.Connection) -> list[Order]:
            rows = database.execute(
                "SELECT * FROM orders WHERE ?1 IS NULL OR status = ?1 ORDER BY id DESC LIMIT ?2", (status, limit)
            )
            return [Order.model_validate(dict(row)) for row in rows]

        return await self._aside(select)

    async def close(self, order_id: int, status: Status) -> Order:
        def update(database: sqlite3.Connection) -> Order:
            changed = database.execute(
                "UPDATE orders SET status = ? WHERE id = ? AND status = 'placed'", (status, order_id)
            ).rowcount
            order = _get(database, order_id)
            if not changed:
                raise ClosedOrderError(order)
            return order

        return await self._aside(update)

    async def _aside(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.to_thread(self._in, operation)

    def _in(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Its result, in a transaction of its own. It waits for other processes, for half a minute."""
        with closing(sqlite3.connect(self._path, timeout=30)) as database:
            database.row_factory = sqlite3.Row
            with database:
                return operation(database)


def _get(database: sqlite3.Connection, order_id: int) -> Order:
    row = database.execute("SELECT * FROM orders WHERE id = ?", (order_id,)).fetchone()
    if row is None:
        raise UnknownOrderError(order_id)
    return Order.model_validate(dict(row))
