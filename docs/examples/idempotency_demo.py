"""One order for one request, doubled and killed: the orders service as two processes over one Valkey and one database.

First both processes get the same request at the same time. Then a process is killed with SIGKILL between the order and
its answer, and the client tries again at the other one. Run it with ``python -m docs.examples.idempotency_demo``; the
exit status is 1 if there is an order too many or too few, or if two answers to one request differ.
"""

import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
from redis import Redis

from docs.examples.local_redis import LocalRedis
from docs.examples.loopback import Uvicorn
from docs.examples.screen import Screen
from docs.examples.worker_demo import ORDERS, warehouse_closed

TEAPOT = {"customer": "Ada", "sku": "TE-0042", "quantity": 2}

PATIENCE = 60.0
"""Seconds after which what is waited for will never come."""


class WrongError(Exception):
    """Something is not as it was promised."""


class Valkey:
    """What is seen of the store from outside, and how to stop it."""

    def __init__(self, port: int) -> None:
        self._client: Any = Redis(port=port)

    def records(self) -> int:
        return int(self._client.dbsize())

    def connections(self) -> int:
        """Those of others."""
        return len(self._client.client_list()) - 1

    @contextmanager
    def paused(self) -> Generator[None]:
        """Nobody's writes are answered: whoever makes one waits."""
        self._client.client_pause(round(PATIENCE * 1_000), all=False)
        try:
            yield
        finally:
            self._client.client_unpause()


def orders_placed(database: Path) -> int:
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM orders").fetchone()
    return int(count)


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Raises WrongError when it takes too long."""
    limit = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > limit:
            raise WrongError(f"within {PATIENCE:g} s this did not happen: {what}.")
        time.sleep(0.01)


def post(server: Uvicorn, key: str) -> httpx.Response:
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        return client.post(f"{server.url}/orders", json=TEAPOT, headers={"idempotency-key": key})


def shown(answer: httpx.Response) -> str:
    replayed = "  (replayed)" if "idempotency-replayed" in answer.headers else ""
    return f"{answer.status_code} {answer.text}{replayed}"


def check(seen: object, expected: object, what: str) -> None:
    """Raises WrongError when it is something else."""
    if seen != expected:
        raise WrongError(f"{what}: expected {expected!r}, and saw {seen!r}.")


def doubled(screen: Screen, one: Uvicorn, two: Uvicorn, valkey: Valkey, database: Path) -> None:
    """The same request at both processes, at once."""
    screen.say("One request reaches two processes at the same time.")
    with ThreadPoolExecutor() as threads:
        with warehouse_closed(database):  # neither can end before both have begun
            both = [threads.submit(post, server, "doubled") for server in (one, two)]
            wait_for(lambda: valkey.connections() >= 2, "both processes have asked the store")
        answers = [each.result() for each in both]
    for name, answer in zip(("first", "second"), answers, strict=True):
        screen.say(f"  the {name} process answers {shown(answer)}")
    screen.say(f"  orders in the database: {orders_placed(database)}")
    check([answer.status_code for answer in answers], [201, 201], "the answers")
    check(len({answer.content for answer in answers}), 1, "different answers")
    check(sum("idempotency-replayed" in answer.headers for answer in answers), 1, "replays")
    check(orders_placed(database), 1, "orders")


def killed(screen: Screen, one: Uvicorn, two: Uvicorn, valkey: Valkey, database: Path) -> None:
    """A process dies when its order is placed, and neither the store nor the client knows."""
    screen.say("\nA process is killed between the order and the answer.")
    records, connections = valkey.records(), valkey.connections()
    with ThreadPoolExecutor() as threads, ExitStack() as stopped:
        with warehouse_closed(database):
            lost = threads.submit(post, one, "killed")
            wait_for(lambda: valkey.records() > records, "the request is in work")
            stopped.enter_context(valkey.paused())
        wait_for(lambda: orders_placed(database) == 2, "the order is placed")
        one.kill()
        wait_for(lambda: valkey.connections() < connections, "the store has noticed")
    screen.say(f"  SIGKILL; the client sees: {type(lost.exception()).__name__}")
    screen.say(f"  orders in the database: {orders_placed(database)}")
    check(isinstance(lost.exception(), httpx.TransportError), True, "an error of the transport")
    answer = tries(screen, two)
    again = post(two, "killed")
    screen.say(f"  and once more: {shown(again)}")
    screen.say(f"  orders in the database: {orders_placed(database)}")
    check((answer.status_code, answer.json()["id"]), (201, 2), "the answer")
    check((again.content, "idempotency-replayed" in again.headers), (answer.content, True), "the replay")
    check(orders_placed(database), 2, "orders")


def tries(screen: Screen, server: Uvicorn) -> httpx.Response:
    """What the client gets in the end, when it does as it is told."""
    begun = time.monotonic()
    while True:
        answer = post(server, "killed")
        screen.say(f"  {time.monotonic() - begun:4.1f} s later the other process answers {shown(answer)}")
        if answer.status_code != 409 or time.monotonic() - begun > PATIENCE:
            return answer
        time.sleep(float(answer.headers["retry-after"]))


def main() -> int:
    """Play it, print it, and give the exit status."""
    screen = Screen()
    with LocalRedis() as redis, tempfile.TemporaryDirectory() as folder:
        database = Path(folder, "orders.db")
        environment = {"ORDERS_DATABASE": str(database), "ORDERS_IDEMPOTENCY": redis.url}
        valkey = Valkey(redis.port)
        with Uvicorn(ORDERS, environment=environment) as one, Uvicorn(ORDERS, environment=environment) as two:
            screen.say(f"The orders service at {one.url} and {two.url}, its store at {redis.url}\n")
            try:
                doubled(screen, one, two, valkey, database)
                killed(screen, one, two, valkey, database)
            except WrongError as error:
                screen.lines([*one.lines(), *two.lines()][-20:])
                screen.say(f"WRONG: {error}")
                return 1
    screen.verdict("\nTwo requests, two orders, and for each one answer.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
