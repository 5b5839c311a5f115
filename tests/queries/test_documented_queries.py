"""The documented queries, run over lines that an application has really written."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lambdaframe import App, bind, logger
from lambdaframe.testing import TestClient
from lambdaframe_adapters import LambdaHandler
from tests.logging.written import Written
from tests.queries.insights import Row, run

PAGE = Path(__file__).parents[2] / "docs" / "pages" / "queries.md"

_QUERY = re.compile(r"^## ([^\n]+)$.*?^```insights\n(.*?)^```", re.MULTILINE | re.DOTALL)
QUERIES: Mapping[str, str] = dict(_QUERY.findall(PAGE.read_text()))
STORY = "d4f5c1f0-0000-4000-8000-000000000001"


def message(identifier: str, body: str) -> dict[str, Any]:
    return {
        "messageId": identifier,
        "receiptHandle": "AQEB",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:payments",
        "awsRegion": "eu-west-1",
    }


@pytest.fixture
def lines(written: Written) -> list[str]:
    """What a small service has written: eight requests and two batches."""
    app = App(access_log="canonical", idempotency="memory://")

    @app.get("/orders/{order_id}")
    async def read(order_id: int) -> dict[str, int]:
        bind(order_id=order_id)
        logger.info("read")
        if order_id == 13:
            raise ValueError("no luck")
        return {"id": order_id}

    @app.post("/orders", status_code=201, idempotent=True)
    async def create() -> dict[str, int]:
        return {"id": 1}

    @app.sqs("payments")
    async def pay(payment: dict[str, int]) -> None:
        if payment["id"] == 13:
            raise KeyError("order")

    client = TestClient(app, raise_server_exceptions=False)
    client.get("/orders/1", headers={"x-request-id": STORY})
    for order in (13, 13, 2):
        client.get(f"/orders/{order}")
    client.get("/nowhere")
    for _ in range(3):
        client.post("/orders", headers={"idempotency-key": "a"})
    handler = LambdaHandler(app)
    for bodies in (['{"id": 1}', '{"id": 13}', "poison"], ['{"id": 2}']):
        handler({"Records": [message(f"m{at}", body) for at, body in enumerate(bodies)]})
    handler.close()
    return written.getvalue().splitlines()


def test_every_query_of_the_page_gives_rows(lines: list[str]) -> None:
    assert len(QUERIES) >= 7
    for title, query in QUERIES.items():
        assert run(query, lines), title


EXPECTED: Mapping[str, list[Row]] = {
    "Errors by route": [{"method": "GET", "route": "/orders/{order_id}", "errors": 2}],
    "Why records fail": [
        {"consumer": "pay", "exception_name": "KeyError", "failures": 1},
        {"consumer": "pay", "exception_name": None, "failures": 1},
    ],
    "Repeated requests: replays and conflicts": [
        {"route": "/orders", "idempotency": "replayed", "requests": 2},
        {"route": "/orders", "idempotency": "acquired", "requests": 1},
    ],
}


@pytest.mark.parametrize("title", EXPECTED)
def test_a_query_finds_what_happened(title: str, lines: list[str]) -> None:
    rows = run(QUERIES[title], lines)
    assert [_short(row) for row in rows] == EXPECTED[title]


def _short(row: Row) -> Row:
    """A function by its own name: its module and the test around it say nothing here."""
    return {**row, "consumer": row["consumer"].rpartition(".")[2]} if "consumer" in row else row


def test_cold_starts_are_counted(lines: list[str]) -> None:
    [row] = run(QUERIES["How often a start is cold, and what it costs"], lines)
    assert row["cold_starts"] == 2  # the first request under the server, and the first event in Lambda
    assert 0 < row["mean_ms"] <= row["slowest_ms"]


def test_the_slowest_consumers_are_told_with_what_they_failed(lines: list[str]) -> None:
    [row] = run(QUERIES["The slowest consumers"], lines)
    assert (row["source"], row["consumer"], row["received"], row["not_done"]) == ("sqs", "payments", 4, 2)


def test_the_story_of_a_request_is_complete_and_nobody_elses(lines: list[str]) -> None:
    rows = run(QUERIES["The story of one request"], lines)
    assert [row["message"] for row in rows] == ["read", "request"]
    assert rows[-1]["status"] == 200
