"""What an application measures, and what is measured without a word of it."""

import asyncio
import json
from collections.abc import Callable, Generator
from decimal import Decimal
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from lambdaframe import App, Record
from lambdaframe.errors import ConfigurationError
from lambdaframe.metrics import metrics
from lambdaframe.metrics.recorder import from_environment
from lambdaframe.testing import TestClient
from lambdaframe_adapters import LambdaHandler
from lambdaframe_adapters.testing import LambdaContext
from tests.logging.written import Written
from tests.metrics.test_emf import values_of
from tests.observing.test_correlation import sqs

Make = Callable[..., LambdaHandler]


@pytest.fixture(autouse=True)
def settings_as_before() -> Generator[None]:
    before = metrics.settings
    yield
    metrics.settings = before


def measured(written: Written) -> dict[tuple[str, str], list[float]]:
    """The values by metric and by its dimensions, as text."""
    found: dict[tuple[str, str], list[float]] = {}
    for line in written.lines:
        if "_aws" in line:
            for one in values_of(line):
                by = ",".join(value for name, value in one.dimensions if name != "service")
                found.setdefault((one.name, by), []).append(one.value)
    return found


def bare(**options: Any) -> App:
    given: Any = {"namespace": "Shop", "builtin": False, **options}
    return App(service="orders", metrics=given)


def test_a_request_measures(written: Written) -> None:
    app = bare()

    @app.get("/")
    async def read() -> None:
        metrics.add("Reads")
        metrics.add("Size", 12, unit="Bytes", resolution=1, dimensions={"kind": "small"})
        assert not written.lines, "written when the request has ended"

    TestClient(app).get("/")
    assert measured(written) == {("Reads", ""): [1], ("Size", "small"): [12]}
    first, second = written.lines
    assert first["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Shop"
    assert (first["service"], second["service"]) == ("orders", "orders")


def test_nothing_is_lost_when_the_application_fails(written: Written, make: Make) -> None:
    app = bare()

    @app.get("/")
    async def fail() -> None:
        metrics.add("Tries")
        raise ValueError

    @app.sqs("orders")
    async def fail_too(record: Record) -> None:
        metrics.add("Tries", dimensions={"record": record.id})
        raise SystemExit

    TestClient(app, raise_server_exceptions=False).get("/")
    make(app)({"Records": [sqs("m1"), sqs("m2")]}, LambdaContext())
    assert measured(written) == {("Tries", ""): [1], ("Tries", "m1"): [1], ("Tries", "m2"): [1]}


async def test_nothing_is_lost_when_the_request_is_cancelled(written: Written) -> None:
    app = bare()

    @app.get("/")
    async def wait() -> None:
        metrics.add("Tries")
        await anyio.sleep_forever()

    async def receive() -> Any: ...
    async def send(message: Any) -> None: ...

    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [],
    }
    task = asyncio.ensure_future(app(scope, receive, send))
    await anyio.wait_all_tasks_blocked()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert measured(written) == {("Tries", ""): [1]}


def test_dimensions_belong_to_the_record_that_binds_them(written: Written, make: Make) -> None:
    app = bare()

    @app.sqs("orders", concurrency=50)
    async def work(record: Record) -> None:
        metrics.bind(record=record.id)
        await checkpoint()
        with metrics.bound(step="inner"):
            metrics.add("Steps")
        metrics.add("Done")

    make(app)({"Records": [sqs(f"m{at}") for at in range(50)]}, LambdaContext())
    found = measured(written)
    assert found == {
        **{("Done", f"m{at}"): [1] for at in range(50)},
        **{("Steps", f"m{at},inner"): [1] for at in range(50)},
    }


def test_dimensions_do_not_outlive_the_request(written: Written) -> None:
    app = bare()

    @app.get("/{tenant}")
    async def read(tenant: str) -> None:
        if tenant != "none":
            metrics.bind(tenant=tenant)
        metrics.add("Reads")

    client = TestClient(app)
    for tenant in ("a", "none", "b"):
        client.get(f"/{tenant}")
    assert measured(written) == {("Reads", "a"): [1], ("Reads", ""): [1], ("Reads", "b"): [1]}


def test_dimensions_bound_outside_are_not_a_requests(written: Written) -> None:
    app = bare()

    @app.get("/")
    async def read() -> None:
        metrics.add("Reads")

    with metrics.bound(outside="x"):
        TestClient(app).get("/")
    assert measured(written) == {("Reads", ""): [1]}


def test_properties_are_in_the_lines(written: Written) -> None:
    app = bare()

    @app.get("/")
    async def read() -> None:
        metrics.annotate(order_id=7, odd=object, service="no dimension of that name is lost")
        metrics.add("Reads")

    TestClient(app).get("/")
    [line] = written.lines
    assert (line["order_id"], line["service"], type(line["odd"])) == (7, "orders", str)


def test_outside_of_a_request_a_measurement_is_written_at_once(written: Written) -> None:
    metrics.add("Starts")
    assert measured(written) == {("Starts", ""): [1]}


def test_memory_stays_bounded(written: Written, make: Make) -> None:
    app = bare()

    @app.get("/")
    async def read() -> int:
        for _ in range(12_000):
            metrics.add("Rows")
        return len(written.lines)

    assert TestClient(app).get("/").json() >= 100
    assert len(measured(written)["Rows", ""]) == 12_000


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"value": float("nan")}, "finite"),
        ({"value": float("inf")}, "finite"),
        ({"value": "many"}, "finite"),
        ({"value": 10**400}, "finite"),
        ({"unit": "Parsecs"}, "unit"),
        ({"resolution": 30}, "resolution"),
        ({"name": ""}, "name"),
        ({"name": "x" * 1025}, "name"),
        ({"name": "_aws"}, "taken"),
        ({"name": "country", "dimensions": {"country": "de"}}, "taken"),
    ],
)
def test_what_cloudwatch_would_refuse_is_logged(arguments: dict[str, Any], reason: str, written: Written) -> None:
    given: dict[str, Any] = {"name": "Orders", **arguments}
    metrics.add(**given)
    assert (written.line["level"], reason in written.line["reason"]) == ("ERROR", True)


def test_numbers_of_all_kinds(written: Written) -> None:
    for value in (1, 1.5, Decimal("2.5"), True, 2**60):
        metrics.add("Orders", value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert measured(written)["Orders", ""] == [1, 1.5, 2.5, 1, float(2**60)]


def test_more_dimensions_than_there_may_be_are_told(written: Written) -> None:
    metrics.add("Orders", dimensions={f"d{at}": "x" for at in range(31)})
    assert [line.get("level") for line in written.lines] == ["WARNING", None]
    assert written.lines[1]["d30"] == "x"


def test_what_is_counted_of_requests(written: Written) -> None:
    app = App(service="orders", metrics="Shop")

    @app.get("/orders/{order_id}")
    async def read(order_id: int) -> None:
        if order_id == 13:
            raise ValueError

    client = TestClient(app, raise_server_exceptions=False)
    for path in ("/orders/1", "/orders/x", "/orders/13", "/nowhere"):
        client.get(path)
    found = measured(written)
    durations = {key: len(found.pop(key)) for key in [("Duration", "GET /orders/{order_id}"), ("Duration", "none")]}
    assert list(durations.values()) == [3, 1]
    assert found == {
        ("ColdStart", ""): [1],
        ("Requests", "GET /orders/{order_id}"): [1, 1, 1],
        ("ClientErrors", "GET /orders/{order_id}"): [1],
        ("ServerErrors", "GET /orders/{order_id}"): [1],
        ("Requests", "none"): [1],
        ("ClientErrors", "none"): [1],
    }


def test_what_is_counted_of_records(written: Written, make: Make) -> None:
    app = App(service="orders", metrics="Shop")

    @app.sqs("orders", drop=(KeyError,))
    async def work(record: Record) -> None:
        if record.id != "m1":
            raise {"m2": ValueError, "m3": KeyError}[record.id]

    make(app)({"Records": [sqs("m1"), sqs("m2"), sqs("m3")]}, LambdaContext())
    found = measured(written)
    assert len(found.pop(("Duration", "sqs orders"))) == 1
    assert {key: value for key, value in found.items() if key[0] != "ColdStart"} == {
        ("RecordsDone", "sqs orders"): [1],
        ("RecordsFailed", "sqs orders"): [1],
        ("RecordsDropped", "sqs orders"): [1],
    }
    assert [key[1] for key in found if key[0] == "ColdStart"] == [LambdaContext().function_name]


def test_what_the_store_counts(written: Written) -> None:
    app = App(metrics="Shop", idempotency="memory://")

    @app.post("/", idempotent=True)
    async def create() -> int:
        return 1

    client = TestClient(app)
    for _ in range(3):
        client.post("/", headers={"idempotency-key": "a"})
    found = measured(written)
    assert (found["IdempotencyAcquired", ""], found["IdempotencyReplayed", ""]) == ([1], [1, 1])


def test_the_environment_says_where_to() -> None:
    settings = from_environment({"POWERTOOLS_METRICS_NAMESPACE": "Theirs", "POWERTOOLS_SERVICE_NAME": "orders"})
    assert (settings.namespace, settings.dimensions, settings.disabled) == ("Theirs", {"service": "orders"}, False)
    settings = from_environment({"LAMBDAFRAME_METRICS_NAMESPACE": "Ours", "POWERTOOLS_METRICS_NAMESPACE": "Theirs"})
    assert settings.namespace == "Ours"
    assert from_environment({"POWERTOOLS_METRICS_DISABLED": "true"}).disabled


def test_metrics_that_are_off_are_off(written: Written) -> None:
    metrics.configure(disabled=True)
    metrics.add("Orders")
    assert written.lines == []


@pytest.mark.parametrize("namespace", ["", "AWS/Lambda", "x" * 256])
def test_a_namespace_that_cloudwatch_does_not_take(namespace: str) -> None:
    with pytest.raises(ConfigurationError, match="namespace"):
        App(metrics=namespace)


def test_a_line_is_json_even_for_hostile_properties(written: Written) -> None:
    app = bare()

    class Odd:
        def __repr__(self) -> str:
            raise ValueError

    @app.get("/")
    async def read() -> None:
        metrics.annotate(odd=Odd(), surrogate="\ud800", big=2**70, line="a\nb")
        metrics.add("Reads", dimensions={"surrogate": "\ud800", "line": "a\nb"})

    TestClient(app).get("/")
    assert len(written.getvalue().splitlines()) == 1
    assert json.loads(written.getvalue())["Reads"] == 1
