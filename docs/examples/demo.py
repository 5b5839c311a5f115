"""The orders service three ways: served by uvicorn, invoked in process, and under AWS's own Lambda emulator.

It is the same application object each time; the answers are checked against the same expectations. Run it with
``make demo`` or ``python -m docs.examples.demo``. The exit status is 0 only if every answer was as expected.
"""

import contextlib
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any, TypeAlias

import httpx

from docs.examples.emulator import Emulator, EmulatorError, unsupported
from docs.examples.events import HTTP_SOURCES, Call, Event, Reply, dynamodb, kinesis, reply, sqs
from docs.examples.loopback import ServerError, Uvicorn
from docs.examples.screen import Difference, Screen, compact, differences

ORDERS = Path(__file__).with_name("orders")

Invoke: TypeAlias = Callable[[Event], tuple[Any, Sequence[str]]]
"""Gives an event to the function; its answer, and the log lines that it wrote meanwhile."""


@dataclass(frozen=True)
class Request:
    """An HTTP request and the answer to expect. ``body`` names the members that must be there."""

    title: str
    call: Call
    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    logged: Sequence[str] = ()


@dataclass(frozen=True)
class Batch:
    """A batch of records and the answer to expect."""

    title: str
    kind: str
    event: Event
    failed: Sequence[str]
    logged: Sequence[str] = ()


TEAPOT = {"customer": "Ada", "sku": "TE-0042", "quantity": 2}
PLACED = {**TEAPOT, "id": 1, "status": "placed"}
PLACE = Call("POST", "/orders", headers={"idempotency-key": "a-key-of-the-client"}, json=TEAPOT)
SECOND = Call("POST", "/orders", headers={"idempotency-key": "another-key"}, json=TEAPOT)

REQUESTS = (
    Request("place an order", PLACE, 201, PLACED, {"content-type": "application/json"}, ["order placed"]),
    Request("read it", Call("GET", "/orders/1"), 200, PLACED),
    Request("list what is placed", Call("GET", "/orders", "status=placed&limit=5"), 200, [PLACED]),
    Request("an order that is not there", Call("GET", "/orders/99"), 404, {"detail": "There is no order 99."}),
    Request("the client tries again: one order, the same answer", PLACE, 201, PLACED, {"idempotency-replayed": "true"}),
    Request("cancel it", Call("POST", "/orders/1/cancel"), 200, {"status": "cancelled"}, {}, ["order cancelled"]),
    Request(
        "cancel it again",
        Call("POST", "/orders/1/cancel"),
        409,
        {"title": "Conflict", "detail": "Order 1 is cancelled already."},
        {"content-type": "application/problem+json"},
    ),
    Request("an id that is no number", Call("GET", "/orders/first"), 422, {"status": 422}),
    Request("a body that does not fit", Call("POST", "/orders", json={**TEAPOT, "quantity": 0}), 422, {"status": 422}),
    Request("an order without a key", Call("POST", "/orders", json=TEAPOT), 400, {"status": 400}),
    Request("an order with another key", SECOND, 201, {"id": 2}, {}, ["order placed"]),
)

CLICKS = [("ada", '{"sku": "TE-0042", "visitor": "ada"}'), ("bob", '{"sku": "CU-0007", "visitor": "bob"}')]

RECORDS = (
    Batch(
        "two payments and a poison message between them: only its id is reported",
        "SQS",
        sqs("payments", {"m-1": '{"order_id": 2}', "m-2": "this is no JSON", "m-3": '{"order_id": 1}'}),
        ["m-2"],
        ["order fulfilled", "m-2", "paid after it was cancelled"],
    ),
    Request("the paid order is fulfilled", Call("GET", "/orders/2"), 200, {"id": 2, "status": "fulfilled"}),
    Batch("two clicks are counted", "Kinesis", kinesis("clicks", CLICKS), []),
    Batch("the same batch comes again", "Kinesis", kinesis("clicks", CLICKS), []),
    Request("and no click counts twice", Call("GET", "/clicks"), 200, {"TE-0042": 1, "CU-0007": 1}),
    Batch(
        "a change of the table is audited",
        "DynamoDB stream",
        dynamodb("orders", [("id", PLACED, {**PLACED, "status": "fulfilled"})]),
        [],
        ["order changed"],
    ),
)


def under_uvicorn(screen: Screen) -> None:
    """Calls the served application over HTTP."""
    with Uvicorn(ORDERS) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        screen.part("1. Served by uvicorn", f"uvicorn main:app, at {server.url}")
        screen.lines(server.lines())
        for request in REQUESTS:
            call = request.call
            answer = client.request(call.method, call.path, params=call.query, headers=call.headers, json=call.json)
            got = Reply(answer.status_code, answer.headers, answer.content)
            _show_request(screen, "HTTP request", request, got, server.lines())
        screen.lines(server.stop())


def in_process(screen: Screen) -> None:
    """Calls the Lambda entry point as a function: what a unit test of yours would do."""
    screen.part("2. Invoked in process", "main.handler(event, context), with events of each source")
    sys.path.insert(0, str(ORDERS))
    from main import handler

    def invoke(event: Event) -> tuple[Any, Sequence[str]]:
        with contextlib.redirect_stdout(io.StringIO()) as written:
            answer = handler(event, None)
        return answer, written.getvalue().splitlines()

    _all_sources(screen, invoke)
    with contextlib.redirect_stdout(io.StringIO()) as written:
        handler.close()
    screen.lines(written.getvalue().splitlines())


def under_the_emulator(screen: Screen) -> None:
    """Posts events to the Runtime Interface Emulator, which runs awslambdaric, which runs ``main.handler``."""
    screen.part(
        "3. Under the AWS Lambda Runtime Interface Emulator", "aws-lambda-rie python -m awslambdaric main.handler"
    )
    if reason := unsupported():
        screen.say(f"  Skipped, the other two ways hold everywhere: {reason}")
        return
    with Emulator(ORDERS, "main.handler", name="orders") as emulator:
        _all_sources(screen, emulator.invoke)


def _all_sources(screen: Screen, invoke: Invoke) -> None:
    """Every request through each HTTP source in turn, then the batches of records."""
    sources = cycle(HTTP_SOURCES.items())
    for step in (*REQUESTS, *RECORDS):
        if isinstance(step, Batch):
            answer, lines = invoke(step.event)
            _show_batch(screen, step, answer, lines)
        else:
            kind, event_of = next(sources)
            answer, lines = invoke(event_of(step.call))
            _show_request(screen, kind, step, reply(answer), lines)


def _show_request(screen: Screen, kind: str, expected: Request, got: Reply, lines: Sequence[str]) -> None:
    call = expected.call
    body = json.loads(got.body) if got.body else None
    wrong = [
        *differences("status", expected.status, got.status),
        *differences("headers", expected.headers, got.headers),
        *differences("body", expected.body, body),
        *_missing(expected.logged, lines),
    ]
    target = f"{call.path}?{call.query}" if call.query else call.path
    headers = (f"{name}: {value}" for name, value in call.headers.items())
    asked = "  ".join((f"{call.method} {target}", *headers, call.body or ""))
    screen.exchange(kind, expected.title, asked, f"{got.status} {compact(body)}", lines, wrong)


def _show_batch(screen: Screen, expected: Batch, answer: Any, lines: Sequence[str]) -> None:
    failures = [{"itemIdentifier": record_id} for record_id in expected.failed]
    wrong = [*differences("answer", {"batchItemFailures": failures}, answer), *_missing(expected.logged, lines)]
    records = len(expected.event["Records"])
    asked = f"{records} record{'s' if records > 1 else ''}"
    screen.exchange(expected.kind, expected.title, asked, compact(answer), lines, wrong)


def _missing(expected: Iterable[str], lines: Iterable[str]) -> Iterator[Difference]:
    """What no log line says."""
    written = "\n".join(lines)
    return (Difference("log", words, written) for words in expected if words not in written)


def main() -> int:
    screen = Screen()
    screen.say("One application object (docs/examples/orders/main.py), three ways.")
    try:
        for way in (under_uvicorn, in_process, under_the_emulator):
            way(screen)
    except (EmulatorError, ServerError) as error:
        screen.say(f"  {error}")
        return 1
    if screen.wrong:
        screen.verdict(f"\n{screen.wrong} of {screen.right + screen.wrong} answers were not as expected.")
        return 1
    screen.verdict(f"\nAll {screen.right} answers were as expected.")
    screen.say(
        "\nTo try next:\n"
        "  make serve                               serve the same application, with reload\n"
        "  docs/examples/orders/README.md           read what it does, call it, deploy it\n"
        "  docs/pages/tutorial.md                   write your own first function\n"
        "  make test                                run the tests"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
