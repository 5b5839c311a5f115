"""SQLite: the tables, and the session that each request has for itself."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from lambdaframe import Depends

from .settings import CurrentSettings

TABLES = """
create table if not exists users (
    id integer primary key, email text unique not null, name text not null, role text not null,
    address text not null, password_hash text not null, created text not null
);
create table if not exists items (
    id integer primary key, seller_id integer not null references users, title text not null, kind text not null,
    price text not null, least_price text, stock integer not null, tags text not null
);
create table if not exists orders (
    id integer primary key, user_id integer not null references users, ship_to text not null, total text not null
);
create table if not exists order_lines (
    order_id integer not null references orders, item_id integer not null references items, quantity integer not null
);
"""


def connect(folder: Path) -> sqlite3.Connection:
    session = sqlite3.connect(folder / "shop.db", check_same_thread=False)
    session.row_factory = sqlite3.Row
    return session


def get_session(settings: CurrentSettings) -> Iterator[sqlite3.Connection]:
    """All that a request writes, or nothing of it: an error takes it back."""
    session = connect(settings.data)
    try:
        yield session
    except BaseException:
        session.rollback()
        raise
    else:
        session.commit()
    finally:
        session.close()


# With scope="function" a change is kept before the client hears of it.
Session = Annotated[sqlite3.Connection, Depends(get_session, scope="function")]
