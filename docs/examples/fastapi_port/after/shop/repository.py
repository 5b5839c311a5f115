"""The queries, by what they are about. A repository belongs to one session."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from lambdaframe import Depends

from .database import Session
from .errors import EmailTakenError, OutOfStockError, UnknownItemError
from .schemas import ItemFilter, ItemRow, NewOrder, Offer, Order, Role, User


def _json(value: Any) -> str:
    return json.dumps(value, default=sorted)


class Users:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, email: str, name: str, password_hash: str, address: Any = None, role: Role = Role.CUSTOMER) -> User:
        created = datetime.now(UTC).isoformat(timespec="seconds")
        row = (email, name, role, _json(address), password_hash, created)
        try:
            added = self._session.execute(
                "insert into users (email, name, role, address, password_hash, created) values (?, ?, ?, ?, ?, ?)", row
            )
        except sqlite3.IntegrityError:
            raise EmailTakenError(f"{email} is registered already.") from None
        return self._one("id", added.lastrowid)

    def by_id(self, user_id: int) -> User | None:
        return next(self._where("id", user_id), None)

    def by_email(self, email: str) -> User | None:
        return next(self._where("email", email), None)

    def all(self) -> list[User]:
        return list(self._where("1", 1))

    def change(self, user: User, changes: dict[str, Any]) -> User:
        for name, value in changes.items():
            text = _json(value) if name == "address" else value
            self._session.execute(f"update users set {name} = ? where id = ?", (text, user.id))
        return self._one("id", user.id)

    def _where(self, column: str, value: Any) -> Iterator[User]:
        rows = self._session.execute(f"select * from users where {column} = ? order by id", (value,))
        return (User.model_validate(dict(row)) for row in rows)

    def _one(self, column: str, value: Any) -> User:
        return next(self._where(column, value))


class Items:
    _SELECT = "select items.*, users.name seller_name from items join users on users.id = seller_id"

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, seller: User, offer: Offer) -> ItemRow:
        values = offer.model_dump(mode="json") | {"seller_id": seller.id, "tags": _json(offer.tags)}
        names = ", ".join(values)
        added = self._session.execute(
            f"insert into items ({names}) values ({', '.join('?' * len(values))})", tuple(values.values())
        )
        return self.get(added.lastrowid or 0)

    def get(self, item_id: int) -> ItemRow:
        row = self._session.execute(f"{self._SELECT} where items.id = ?", (item_id,)).fetchone()
        if row is None:
            raise UnknownItemError(item_id)
        return ItemRow.model_validate(dict(row))

    def find(self, wanted: ItemFilter, seller_id: int | None = None) -> tuple[list[ItemRow], int]:
        rows = self._session.execute(f"{self._SELECT} order by items.id desc")
        found = [
            item
            for item in (ItemRow.model_validate(dict(row)) for row in rows)
            if (wanted.q is None or wanted.q.lower() in item.title.lower())
            and wanted.kind in {None, item.kind}
            and set(wanted.tag) <= set(item.tags)
            and seller_id in {None, item.seller_id}
        ]
        if wanted.sort == "price":
            found.sort(key=lambda item: item.price)
        return found[wanted.offset : wanted.offset + wanted.limit], len(found)

    def change(self, item_id: int, changes: dict[str, Any]) -> ItemRow:
        for name, value in changes.items():
            self._session.execute(f"update items set {name} = ? where id = ?", (value, item_id))
        return self.get(item_id)

    def remove(self, item_id: int) -> None:
        self._session.execute("delete from items where id = ?", (item_id,))


class Orders:
    def __init__(self, session: Session, items: Annotated[Items, Depends()]) -> None:
        self._session = session
        self._items = items

    def place(self, buyer: User, new: NewOrder) -> Order:
        """Line by line; where one can't be had, the session's rollback gives back those before it."""
        placed = self._session.execute(
            "insert into orders (user_id, ship_to, total) values (?, ?, '0')",
            (buyer.id, new.ship_to.model_dump_json()),
        )
        order_id, total = placed.lastrowid or 0, Decimal(0)
        for line in new.lines:
            item = self._items.get(line.item_id)
            if item.stock < line.quantity:
                raise OutOfStockError(item.title, item.stock)
            self._items.change(item.id, {"stock": item.stock - line.quantity})
            self._session.execute("insert into order_lines values (?, ?, ?)", (order_id, item.id, line.quantity))
            total += item.price * line.quantity
        self._session.execute("update orders set total = ? where id = ?", (str(total), order_id))
        return Order(id=order_id, total=total, **new.model_dump())

    def count(self) -> int:
        count: int = self._session.execute("select count(*) from orders").fetchone()[0]
        return count


TheUsers = Annotated[Users, Depends()]
TheItems = Annotated[Items, Depends()]
TheOrders = Annotated[Orders, Depends()]
