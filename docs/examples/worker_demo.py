"""The orders service as a worker of a real queue, killed in the middle of its work: nothing is lost.

A local server holds the queue ``payments`` and its dead-letter queue. Fifty orders are paid, and one message is poison.
The worker is killed with SIGKILL while it has payments in work, and started again. In the end every order is fulfilled,
and the poison message is in the dead-letter queue. Run it with ``python -m docs.examples.worker_demo``; the exit status
is 1 if anything is lost.
"""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from docs.examples.local_aws import CREDENTIALS, LocalAWS, LocalQueue
from docs.examples.screen import Screen

ORDERS = Path(__file__).with_name("orders")

AMOUNT = 50
POISON = "this is no JSON"

PATIENCE = 60.0
"""Seconds after which what is waited for will never come."""


class Worker:
    """``lambdaframe work main:app`` on this queue, in a process of its own; its lines go to ``log``."""

    def __init__(self, queue: LocalQueue, database: Path, log: Path) -> None:
        command = [sys.executable, "-m", "lambdaframe.cli", "work", "main:app", "--sqs", queue.url]
        options = ["--wait", "1", "--retry", "0", "--visibility", "3", "--grace", "10"]
        with log.open("a") as output:
            self._process = subprocess.Popen(
                [*command, *options],
                cwd=ORDERS,
                env=os.environ | CREDENTIALS | {"ORDERS_DATABASE": str(database)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def end(self, number: signal.Signals) -> int:
        """Send the signal, wait for its end: its exit status."""
        self._process.send_signal(number)
        return self._process.wait(timeout=30)

    def stop_anyway(self) -> None:
        self._process.kill()
        self._process.wait()


def fulfilled(database: Path) -> int:
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM orders WHERE status = 'fulfilled'").fetchone()
    return int(count)


@contextmanager
def warehouse_closed(database: Path) -> Generator[None]:
    """Nobody else can write: what is in work stays in work."""
    with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def wait_for(condition: Callable[[], bool], what: str, worker: Worker) -> None:
    """Raises RuntimeError when it takes too long, or the worker has ended."""
    limit = time.monotonic() + PATIENCE
    while not condition():
        if worker.ended:
            raise RuntimeError(f"The worker ended before this: {what}.")
        if time.monotonic() > limit:
            raise RuntimeError(f"Within {PATIENCE:g} s this did not happen: {what}.")
        time.sleep(0.02)


def place_orders(database: Path) -> Sequence[int]:
    """The ids of new orders."""
    sys.path.insert(0, str(ORDERS))
    from models import NewOrder
    from stored import OrdersInSQLite

    async def place() -> list[int]:
        orders = OrdersInSQLite(database)
        teapot = NewOrder(customer="Ada", sku="TE-0042", quantity=1)
        return [(await orders.add(teapot, request=str(number))).id for number in range(AMOUNT)]

    return asyncio.run(place())


def main() -> int:
    """Play it, print it, and give the exit status."""
    screen = Screen()
    with LocalAWS() as aws, tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "worker.log")
        queue = LocalQueue(aws, "payments", receives=5)
        try:
            return play(screen, queue, Path(folder, "orders.db"), log)
        except RuntimeError as error:
            screen.lines(log.read_text().splitlines()[-20:] if log.exists() else ())
            screen.say(f"LOST: {error}")
            return 1


def play(screen: Screen, queue: LocalQueue, database: Path, log: Path) -> int:
    """The acts, in their order. Raises RuntimeError when one does not come to its end."""
    ids = place_orders(database)
    payments = [json.dumps({"order_id": order_id}) for order_id in ids]
    middle = len(payments) // 2
    screen.say(f"{len(ids)} orders are placed. Their payments come to {queue.url}")
    queue.send([POISON, *payments[:middle]])
    worker = Worker(queue, database, log)
    try:
        wait_for(lambda: fulfilled(database) > 0, "the first orders are fulfilled", worker)
        with warehouse_closed(database):
            queue.send(payments[middle:])
            wait_for(lambda: queue.in_flight() >= 10, "more payments are in work", worker)
            in_work = queue.in_flight()
            worker.end(signal.SIGKILL)
        screen.say(f"SIGKILL: {fulfilled(database)} orders are fulfilled, {in_work} messages were in work.")
        worker = Worker(queue, database, log)
        wait_for(lambda: fulfilled(database) == len(ids) and queue.is_empty(), "every order is fulfilled", worker)
        status = worker.end(signal.SIGTERM)
    finally:
        worker.stop_anyway()
    dead = queue.dead_letters()
    screen.say(f"Started again: {fulfilled(database)} of {len(ids)} orders are fulfilled.")
    screen.say(f"In the dead-letter queue: {dead}")
    screen.say(f"After SIGTERM the worker has ended with status {status}.")
    if (dead, status) != ([POISON], 0):
        raise RuntimeError(f"expected {[POISON]!r} in the dead-letter queue and status 0")
    return 0


if __name__ == "__main__":
    sys.exit(main())
