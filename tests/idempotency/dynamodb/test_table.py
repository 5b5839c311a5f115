"""Making the table: once, whoever else makes it at the same time; and tables that do not fit."""

import asyncio
from typing import Any

import pytest

from lambdaframe.errors import ConfigurationError, StoreUnavailableError
from lambdaframe.idempotency.stores import _dynamodb_table
from lambdaframe.idempotency.stores.dynamodb import DynamoDBStore
from lambdaframe.idempotency.stores.dynamodb_layout import OwnLayout
from lambdaframe.idempotency.transitions import Claim, Verdict
from tests.idempotency.dynamodb.conftest import MakeStore, client_of
from tests.idempotency.dynamodb.endpoint import answering, refusal

CLAIM = Claim("key", "owner", "payload", lease_ms=30_000, retention_ms=60_000)


class Sorted(OwnLayout):
    """A layout whose table has a sort key, too."""

    __slots__ = ()
    sort_attribute = "sk"  # type: ignore[assignment]  # pyright: ignore -- ours has none


def make_table(server: Any, table: str, keys: dict[str, str], *, ttl: str | None = None) -> None:
    """``keys``: the type of each, the partition key first."""
    client = client_of(server)
    client.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in keys.items()],
        KeySchema=[
            {"AttributeName": name, "KeyType": kind} for name, kind in zip(keys, ("HASH", "RANGE"), strict=False)
        ],
    )
    if ttl:
        client.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": ttl})


def ttl_of(server: Any, table: str) -> tuple[str, str | None]:
    found = client_of(server).describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    return found["TimeToLiveStatus"], found.get("AttributeName")


async def test_it_is_made_on_demand_with_its_time_to_live_on(server: Any, make_store: MakeStore) -> None:
    store = make_store(server, create_table=False)
    await store.create_table()
    found = client_of(server).describe_table(TableName=store.table)["Table"]
    assert found["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert found["AttributeDefinitions"] == [{"AttributeName": "id", "AttributeType": "S"}]
    assert found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert ttl_of(server, store.table) == ("ENABLED", "ttl")
    await store.create_table()  # it is there, and left as it is
    assert (await store.acquire(CLAIM)).verdict is Verdict.GRANTED


async def test_it_is_made_before_the_first_move_if_asked_for(server: Any, make_store: MakeStore) -> None:
    assert (await make_store(server).acquire(CLAIM)).verdict is Verdict.GRANTED


async def test_without_being_asked_for_it_is_not_made(server: Any, make_store: MakeStore) -> None:
    store = make_store(server, create_table=False)
    with pytest.raises(ConfigurationError, match=f"DynamoDB table '{store.table}': it is not there.*create_table=True"):
        await store.acquire(CLAIM)


async def test_many_make_it_at_once(server: Any, make_store: MakeStore) -> None:
    stores = [make_store(server) for _ in range(8)]
    replies = await asyncio.gather(*(store.acquire(CLAIM._replace(key=str(id(store)))) for store in stores))
    assert {reply.verdict for reply in replies} == {Verdict.GRANTED}
    assert ttl_of(server, stores[0].table) == ("ENABLED", "ttl")


async def test_a_time_to_live_that_is_off_is_switched_on(server: Any, make_store: MakeStore, table: str) -> None:
    make_table(server, table, {"id": "S"})
    await make_store(server).create_table()
    assert ttl_of(server, table) == ("ENABLED", "ttl")


async def test_another_time_to_live_is_refused(server: Any, make_store: MakeStore, table: str) -> None:
    make_table(server, table, {"id": "S"}, ttl="expiration")
    with pytest.raises(ConfigurationError, match=rf"'{table}' deletes items by their attribute 'expiration'; .* 'ttl'"):
        await make_store(server, create_table=False).create_table()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"pk": "S"}, r"it has 'pk' \(S\)"),
        ({"id": "N"}, r"it has 'id' \(N\)"),
        ({"id": "S", "sk": "S"}, r"it has 'id' \(S\), 'sk' \(S\)"),
    ],
    ids=["another name", "another type", "a sort key"],
)
async def test_other_keys_are_refused(
    server: Any, make_store: MakeStore, table: str, keys: dict[str, str], said: str
) -> None:
    make_table(server, table, keys)
    wanted = rf"DynamoDB table '{table}'.*partition key 'id' \(S\) and no sort key"
    with pytest.raises(ConfigurationError, match=f"{wanted}; {said}"):
        await make_store(server).acquire(CLAIM)
    with pytest.raises(ConfigurationError, match=f"DynamoDB table '{table}'"):
        await make_store(server, create_table=False).acquire(CLAIM)


async def test_a_layout_with_a_sort_key(server: Any, make_store: MakeStore) -> None:
    store = make_store(server, layout=Sorted(), create_table=False)
    await store.create_table()
    found = client_of(server).describe_table(TableName=store.table)["Table"]
    assert [key["AttributeName"] for key in found["KeySchema"]] == ["id", "sk"]
    with pytest.raises(ConfigurationError, match=r"must have partition key 'id' \(S\) and no sort key"):
        await make_store(server, create_table=False).create_table()


async def test_it_waits_until_the_table_is_active(make_store: MakeStore) -> None:
    keys = {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }
    described = iter(
        [
            refusal(400, "ResourceNotFoundException"),
            refusal(400, "ResourceNotFoundException"),  # reads are eventually consistent
            (200, {"Table": {"TableStatus": "CREATING", **keys}}),
            (200, {"Table": {"TableStatus": "ACTIVE", **keys}}),
        ]
    )
    ttl = iter([{"TimeToLiveStatus": "DISABLED"}, {"TimeToLiveStatus": "ENABLING", "AttributeName": "ttl"}])

    def answer(operation: str) -> tuple[int, Any]:
        match operation:
            case "DescribeTable":
                return next(described)
            case "DescribeTimeToLive":
                return 200, {"TimeToLiveDescription": next(ttl)}
            case "UpdateTimeToLive":  # another process has just switched it on
                return refusal(400, "ValidationException", "TimeToLive is already enabled")
            case _:
                return 200, {}

    async with answering(answer) as endpoint:
        await make_store(endpoint, create_table=False).create_table()
    described_until_active = ["DescribeTable"] * 3
    assert endpoint.asked == [
        *("DescribeTable", "CreateTable", *described_until_active),
        *("DescribeTimeToLive", "UpdateTimeToLive", "DescribeTimeToLive"),
    ]


async def test_a_table_that_never_becomes_active(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_dynamodb_table, "LONGEST_WAIT", 0.2)
    async with answering(lambda operation: (200, {"Table": {"TableStatus": "CREATING"}})) as endpoint:
        with pytest.raises(StoreUnavailableError, match="could not become active"):
            await make_store(endpoint, create_table=False).create_table()


async def test_a_time_to_live_that_can_t_be_switched_on(make_store: MakeStore) -> None:
    """It was switched off within the hour."""
    keys = {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }
    answers: dict[str, tuple[int, Any]] = {
        "DescribeTable": (200, {"Table": {"TableStatus": "ACTIVE", **keys}}),
        "DescribeTimeToLive": (200, {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLING"}}),
        "UpdateTimeToLive": refusal(400, "ValidationException", "Time to live has been modified multiple times"),
    }
    async with answering(answers.__getitem__) as endpoint:
        with pytest.raises(ConfigurationError, match="to create its table: Time to live has been modified multiple"):
            await make_store(endpoint, create_table=False).create_table()


async def test_a_role_that_may_not_make_it(make_store: MakeStore) -> None:
    async with answering(lambda operation: refusal(400, "AccessDeniedException", f"no {operation}")) as endpoint:
        store: DynamoDBStore = make_store(endpoint)
        with pytest.raises(ConfigurationError, match=r"may not do this.*no DescribeTable"):
            await store.acquire(CLAIM)
