"""One process that takes locks: started by ``test_lock_processes.py``, told by its arguments what to do.

``count URL FILE LOOPS TASKS``: as many event loops, each in a thread, each with as many tasks; each task adds one to
the number in the file, under the lock. ``hold URL SINK``: takes the lock for as long as it can, says how many steps it
made after a long stop when it has lost it, and writes to the fenced sink once more.
"""

import asyncio
import sqlite3
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

from lambdaframe.idempotency import LeaseLostError, Lock, Store, open_store

NAME = "counter"
TTL = 2.0


class Sink:
    """A number that is written with a fencing token, and refuses any that is lower than one it has seen."""

    def __init__(self, path: str) -> None:
        self._path = path
        with closing(sqlite3.connect(path)) as database:
            database.executescript(
                "CREATE TABLE IF NOT EXISTS sink (value TEXT, token INTEGER);"
                "INSERT INTO sink SELECT '', 0 WHERE NOT EXISTS (SELECT * FROM sink)"
            )

    def write(self, value: str, token: int) -> bool:
        """Whether it was accepted."""
        with closing(sqlite3.connect(self._path)) as database, database:
            return (
                database.execute("UPDATE sink SET value = ?1, token = ?2 WHERE token <= ?2", (value, token)).rowcount
                == 1
            )

    def read(self) -> tuple[str, int]:
        """The value and the highest token."""
        with closing(sqlite3.connect(self._path)) as database:
            found: tuple[str, int] = database.execute("SELECT value, token FROM sink").fetchone()
            return found


async def count(store: Store, path: Path, tasks: int) -> None:
    def read() -> tuple[int, str]:
        number, tokens = path.read_text().split(" ", 1)
        return int(number), tokens

    def write(number: int, tokens: str) -> None:
        path.write_text(f"{number} {tokens} ")

    async def one() -> None:
        async with Lock(store, NAME) as lease:
            number, tokens = read()
            await asyncio.sleep(0.001)  # long enough for anybody who is not kept out
            write(number + 1, f"{tokens}{lease.fencing_token}")

    async with asyncio.TaskGroup() as group:
        for _ in range(tasks):
            group.create_task(one())


async def hold(store: Store, sink: Sink) -> None:
    late = token = 0
    try:
        async with Lock(store, NAME, ttl=TTL) as lease:
            token = lease.fencing_token
            sink.write("first", token)
            print("held", token, flush=True)
            last = time.monotonic()
            while True:
                await asyncio.sleep(0.005)
                now = time.monotonic()
                late += late > 0 or now - last > TTL
                last = now
    except LeaseLostError:
        print("lost", late, flush=True)
    print("accepted" if sink.write("late", token) else "refused", flush=True)


def main(what: str, url: str, path: str, loops: str = "1", tasks: str = "1") -> None:
    store = open_store(url)
    if what == "hold":
        asyncio.run(hold(store, Sink(path)))
        return
    threads = [
        threading.Thread(target=asyncio.run, args=(count(store, Path(path), int(tasks)),)) for _ in range(int(loops))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
