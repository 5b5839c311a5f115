"""The orders example under load: all lines of a request share one id, and one line tells its story."""

import asyncio
import json
from collections import defaultdict
from typing import Any

import httpx

from docs.examples.loopback import Uvicorn

REQUESTS = 300


def test_every_line_belongs_to_its_request(orders_server: Uvicorn) -> None:
    async def place(client: httpx.AsyncClient, number: int) -> tuple[str, int]:
        headers = {"x-request-id": f"request-{number}", "idempotency-key": f"key-{number}"}
        order = {"customer": f"Customer {number}", "sku": "TE-0042", "quantity": number % 90 + 1}
        answer = await client.post("/orders", json=order, headers=headers)
        assert (answer.status_code, answer.headers["x-request-id"]) == (201, f"request-{number}")
        return f"request-{number}", answer.json()["id"]

    async def load() -> dict[str, int]:
        limits = httpx.Limits(max_connections=50)
        async with httpx.AsyncClient(base_url=orders_server.url, trust_env=False, limits=limits, timeout=60) as client:
            return dict(await asyncio.gather(*(place(client, number) for number in range(REQUESTS))))

    placed = asyncio.run(load())
    lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for text in orders_server.lines():
        line = json.loads(text)
        lines[line.get("correlation_id", "none")].append(line)
    assert set(lines) - {"none"} == set(placed)
    for request, order_id in placed.items():
        told, story = lines[request]
        assert (told["message"], told["order_id"], told["quantity"]) == (
            "order placed",
            order_id,
            int(request.removeprefix("request-")) % 90 + 1,
        )
        assert (story["message"], story["order_id"]) == ("request", order_id)
        assert (story["method"], story["route"], story["status"]) == ("POST", "/orders", 201)
        assert (story["idempotency"], story["outcome"]) == ("acquired", "ok")
        assert story["duration_ms"] > 0
