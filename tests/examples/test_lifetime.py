"""What lasts over invocations in a real Lambda environment, and what must not: loop, lifespan, clients, log keys."""

import json
from pathlib import Path

from docs.examples.emulator import Emulator
from docs.examples.events import HTTP_SOURCES, Call, http_api, kinesis, sqs
from docs.examples.loopback import Uvicorn

FUNCTIONS = Path(__file__).with_name("functions")


def test_mixed_invocations_share_a_client_made_at_import(orders_server: Uvicorn) -> None:
    with Emulator(FUNCTIONS, "shared_client.handler", environment={"UPSTREAM": orders_server.url}) as emulator:
        for _ in range(2):
            got, _ = emulator.invoke(http_api(Call("GET", "/orders")))
            assert (got["statusCode"], got["body"]) == (200, "[]")
            got, _ = emulator.invoke(sqs("payments", {"m-1": '{"order_id": 1}'}))
            assert got == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}, "there is no order: the 404 was seen"
            got, _ = emulator.invoke(kinesis("clicks", [("ada", "{}"), ("bob", "{}")]))
            assert got == {"batchItemFailures": []}


def test_a_hundred_invocations_start_the_application_once(orders_emulator: Emulator) -> None:
    started: list[str] = []
    cold: list[bool] = []
    sources = list(HTTP_SOURCES.values())
    for number in range(100):
        call = Call(
            "POST",
            "/orders",
            headers={"idempotency-key": str(number)},
            json={"customer": "A", "sku": "TE-0042", "quantity": 1},
        )
        answer, lines = orders_emulator.invoke(sources[number % len(sources)](call))
        assert answer["statusCode"] == 201
        assert json.loads(answer["body"])["id"] == number + 1, "one process, one state"
        started += [line for line in lines if "orders service is up" in line]
        cold += [json.loads(line)["cold_start"] for line in lines if "order placed" in line]
    assert len(started) == 1
    assert cold == [True] + [False] * 99


def test_fifty_concurrent_records_never_see_each_others_log_keys() -> None:
    bodies = {f"m-{number}": json.dumps({"number": number}) for number in range(50)}
    with Emulator(FUNCTIONS, "bound_keys.handler") as emulator:
        for _ in range(3):
            answer, lines = emulator.invoke(sqs("many", bodies))
            assert answer == {"batchItemFailures": []}
            entries = [json.loads(line) for line in lines]
            assert len(entries) == 150
            assert all(entry["bound_id"] == entry["own_id"] for entry in entries)
            numbered = [entry for entry in entries if "number" in entry]
            assert all(entry["number"] == entry["own_number"] for entry in numbered)
            assert [entry["message"] for entry in numbered] == ["numbered"] * 50
            for message in ("all are here", "done"):
                ids = {entry["own_id"] for entry in entries if entry["message"] == message}
                assert ids == set(bodies), message
