"""The orders example: the same request gives the same answer under uvicorn and under the Lambda emulator."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from docs.examples.emulator import Emulator, unsupported
from docs.examples.events import HTTP_SOURCES, Call, Reply, dynamodb, kinesis, reply, sequence, sqs
from docs.examples.local_aws import CREDENTIALS, LocalAWS
from docs.examples.local_redis import LocalRedis
from docs.examples.loopback import Uvicorn
from tests.conftest import ORDERS

TEAPOT = {"customer": "Ada", "sku": "TE-0042", "quantity": 2}

CONVERSATION = [
    Call("GET", "/orders"),
    Call("POST", "/orders", headers={"idempotency-key": "one"}, json=TEAPOT),
    Call("POST", "/orders", headers={"idempotency-key": "one"}, json=TEAPOT),
    Call("POST", "/orders", headers={"idempotency-key": "one"}, json={**TEAPOT, "quantity": 3}),
    Call("POST", "/orders", headers={"idempotency-key": "two"}, json={**TEAPOT, "customer": "Zoë ☕"}),
    Call("POST", "/orders", json=TEAPOT),
    Call("POST", "/orders", headers={"idempotency-key": "three"}, json={**TEAPOT, "quantity": 0, "sku": "teapot"}),
    Call("POST", "/orders", headers={"idempotency-key": "four"}),
    Call("GET", "/orders/1"),
    Call("GET", "/orders/2"),
    Call("HEAD", "/orders/1"),
    Call("GET", "/orders/first"),
    Call("GET", "/orders/99"),
    Call("GET", "/orders", "status=placed&limit=1"),
    Call("GET", "/orders", "status=lost"),
    Call("GET", "/orders", "limit=many"),
    Call("POST", "/orders/1/cancel"),
    Call("POST", "/orders/1/cancel"),
    Call("POST", "/orders/99/cancel"),
    Call("GET", "/clicks"),
    Call("GET", "/nothing/here"),
    Call("DELETE", "/orders/1"),
    Call("PUT", "/orders"),
]
STATUSES = [
    200,
    201,
    201,
    422,
    201,
    400,
    422,
    422,
    200,
    200,
    200,
    422,
    404,
    200,
    422,
    422,
    200,
    409,
    404,
    200,
    404,
    405,
    405,
]

OF_THE_SERVER = {"date", "server", "x-request-id"}
"""Headers that uvicorn adds by itself, as a gateway would add its own; and the id, which is new for each request."""


def comparable(got: Reply) -> tuple[int, Mapping[str, str], bytes]:
    return got.status, {name: value for name, value in got.headers.items() if name not in OF_THE_SERVER}, got.body


@pytest.fixture(scope="module")
def answers_of_uvicorn() -> list[Reply]:
    with Uvicorn(ORDERS) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        answers = [
            client.request(
                call.method,
                call.path,
                params=call.query,
                headers={"content-type": "application/json", **call.headers} if call.body else call.headers,
                content=call.body,
            )
            for call in CONVERSATION
        ]
    return [Reply(answer.status_code, answer.headers, answer.content) for answer in answers]


def test_uvicorn_answers_as_documented(answers_of_uvicorn: list[Reply]) -> None:
    assert [answer.status for answer in answers_of_uvicorn] == STATUSES
    assert json.loads(answers_of_uvicorn[1].body) == {**TEAPOT, "id": 1, "status": "placed"}
    assert answers_of_uvicorn[2].body == answers_of_uvicorn[1].body
    assert answers_of_uvicorn[2].headers["idempotency-replayed"] == "true"
    errors = json.loads(answers_of_uvicorn[6].body)["errors"]
    assert {tuple(error["loc"]) for error in errors} == {("body", "quantity"), ("body", "sku")}
    for answer in answers_of_uvicorn:
        kind = "application/problem+json" if answer.status >= 400 else "application/json"
        assert answer.headers["content-type"] == kind
    assert "DELETE" not in answers_of_uvicorn[-2].headers["allow"]


@pytest.mark.parametrize("source", HTTP_SOURCES)
def test_the_emulator_answers_as_uvicorn_does(
    source: str, orders_emulator: Emulator, answers_of_uvicorn: list[Reply]
) -> None:
    for call, expected in zip(CONVERSATION, answers_of_uvicorn, strict=True):
        answer, _ = orders_emulator.invoke(HTTP_SOURCES[source](call))
        assert comparable(reply(answer)) == comparable(expected), call


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """One environment for the tests of records; each uses articles and orders of its own."""
    if reason := unsupported():
        pytest.skip(reason)
    with Emulator(ORDERS, name="orders") as emulator:
        yield emulator


def place(emulator: Emulator, key: str) -> int:
    call = Call("POST", "/orders", headers={"idempotency-key": key}, json=TEAPOT)
    answer, _ = emulator.invoke(HTTP_SOURCES["HTTP API (v2)"](call))
    order_id: int = json.loads(answer["body"])["id"]
    return order_id


def read(emulator: Emulator, path: str) -> object:
    answer, _ = emulator.invoke(HTTP_SOURCES["HTTP API (v2)"](Call("GET", path)))
    return json.loads(answer["body"])


def failed(*ids: str) -> dict[str, list[dict[str, str]]]:
    return {"batchItemFailures": [{"itemIdentifier": record_id} for record_id in ids]}


def test_only_the_poison_message_is_reported(emulator: Emulator) -> None:
    first, second = place(emulator, "poison-1"), place(emulator, "poison-2")
    bodies = {
        "good-1": f'{{"order_id": {first}}}',
        "no JSON": "{",
        "no number": '{"order_id": "first"}',
        "no order": '{"order_id": 4711}',
        "good-2": f'{{"order_id": {second}}}',
    }
    answer, lines = emulator.invoke(sqs("payments", bodies))
    assert {failure["itemIdentifier"] for failure in answer["batchItemFailures"]} == {
        "no JSON",
        "no number",
        "no order",
    }
    for order_id in (first, second):
        order = read(emulator, f"/orders/{order_id}")
        assert isinstance(order, dict)
        assert order["status"] == "fulfilled"
    entries = [json.loads(line) for line in lines]
    assert sum(entry["message"] == "order fulfilled" for entry in entries) == 2
    for poison in ("no JSON", "no number", "no order"):
        assert sum(poison in line for line in lines) == 1, "logged once, with its id"


def test_a_kinesis_batch_is_reported_by_its_checkpoint(emulator: Emulator) -> None:
    good = '{"sku": "KI-0001", "visitor": "ada"}'
    batch = kinesis("clicks", [("ada", good), ("bob", "poison"), ("cyd", good)])
    answer, _ = emulator.invoke(batch)
    assert answer == failed(sequence(1))


def test_a_redelivered_kinesis_record_counts_once(emulator: Emulator) -> None:
    click = '{"sku": "KI-0002", "visitor": "ada"}'
    batch = kinesis("clicks", [("dan", click), ("eve", click)])
    for record in batch["Records"]:
        record["kinesis"]["sequenceNumber"] += "77"
    answers = [emulator.invoke(batch)[0] for _ in range(3)]
    assert answers == [failed()] * 3
    counts = read(emulator, "/clicks")
    assert isinstance(counts, dict)
    assert counts["KI-0002"] == 2


def test_changes_of_the_table_are_audited(emulator: Emulator) -> None:
    placed = {**TEAPOT, "id": 7, "status": "placed"}
    fulfilled = {**placed, "status": "fulfilled"}
    changes = [("id", None, placed), ("id", placed, fulfilled), ("id", fulfilled, None)]
    answer, lines = emulator.invoke(dynamodb("orders", changes))
    assert answer == failed()
    told = [json.loads(line) for line in lines]
    [story] = [line for line in told if line["message"] == "batch"]
    assert (story["source"], story["consumer"], story["done"]) == ("dynamodb", "orders", 3)
    entries = [line for line in told if line["message"] == "order changed"]
    assert [entry["operation"] for entry in entries] == ["INSERT", "MODIFY", "REMOVE"]
    assert [entry["before"] for entry in entries] == [None, placed, fulfilled]
    assert [entry["after"] for entry in entries] == [placed, fulfilled, None]


class CloudFormation(yaml.SafeLoader):
    """Reads a template; what the intrinsic functions (``!GetAtt``) stand for is left out."""


CloudFormation.add_constructor(None, lambda loader, node: None)


def template_of_the_service() -> Any:
    return yaml.load((ORDERS / "template.yaml").read_text(), Loader=CloudFormation)["Resources"]


def test_every_trigger_of_records_in_the_template_reports_batch_item_failures() -> None:
    triggers = template_of_the_service()["OrdersFunction"]["Properties"]["Events"].values()
    of_records = [trigger for trigger in triggers if trigger["Type"] in {"SQS", "Kinesis", "DynamoDB"}]
    assert len(of_records) == 3
    for trigger in of_records:
        assert trigger["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_function_may_update_the_table_of_what_was_done() -> None:
    function = template_of_the_service()["OrdersFunction"]["Properties"]
    [statement] = function["Policies"][0]["Statement"]
    assert statement["Action"] == ["dynamodb:UpdateItem", "dynamodb:GetItem"]
    assert "ORDERS_IDEMPOTENCY" in function["Environment"]["Variables"]
    assert "lambdaframe[dynamodb]" in (ORDERS / "requirements.txt").read_text()


@contextmanager
def dynamodb_store() -> Generator[str]:
    """The table as the template has it."""
    table = dict(template_of_the_service()["IdempotencyTable"]["Properties"])
    lifetime = table.pop("TimeToLiveSpecification")
    with LocalAWS() as aws:
        client = aws.client("dynamodb")
        client.create_table(TableName="done", **table)
        client.update_time_to_live(TableName="done", TimeToLiveSpecification=lifetime)
        yield f"dynamodb://done?endpoint_url={aws.url}"
        [item] = client.scan(TableName="done")["Items"]
        assert lifetime["AttributeName"] in item


@contextmanager
def redis_store() -> Generator[str]:
    with LocalRedis() as server:
        yield server.url


@pytest.mark.parametrize("store", [redis_store, dynamodb_store])
def test_the_service_keeps_what_was_done_in_a_store_of_its_environment(
    store: Callable[[], AbstractContextManager[str]], tmp_path: Path
) -> None:
    """Two processes, one after the other: the second knows what the first has done."""
    answers: list[httpx.Response] = []
    with store() as url:
        environment = {**CREDENTIALS, "ORDERS_IDEMPOTENCY": url, "ORDERS_DATABASE": str(tmp_path / "orders.db")}
        for _ in range(2):
            with (
                Uvicorn(ORDERS, environment=environment) as server,
                httpx.Client(base_url=server.url, trust_env=False, timeout=30) as client,
            ):
                answers.append(client.post("/orders", json=TEAPOT, headers={"idempotency-key": "one"}))
                assert len(client.get("/orders").json()) == 1
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert ["idempotency-replayed" in answer.headers for answer in answers] == [False, True]


@pytest.mark.parametrize("database", [None, "orders.db"], ids=["memory", "SQLite"])
def test_an_order_knows_its_request(database: str | None, tmp_path: Path) -> None:
    """What a try finds whose predecessor was killed between the order and the record of it."""
    environment = {} if database is None else {"ORDERS_DATABASE": str(tmp_path / database)}
    calls = (
        "import asyncio, os, main\n"
        "from models import NewOrder\n"
        "from repository import OrderedBeforeError\n"
        "async def play():\n"
        "    orders = main.open_orders(os.environ.get('ORDERS_DATABASE'))\n"
        "    teapot = NewOrder(customer='Ada', sku='TE-0042', quantity=2)\n"
        "    print(*[(await orders.add(teapot, request=request)).id for request in 'aabba'])\n"
        "    try: await orders.add(teapot.model_copy(update={'quantity': 3}), request='a')\n"
        "    except OrderedBeforeError as error: print(error)\n"
        "    print(len(await orders.find(None, 10)))\n"
        "asyncio.run(play())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", calls],
        cwd=ORDERS,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == [
        "1 1 2 2 1",
        "This request has placed order 1, and that is a different one.",
        "2",
    ]
