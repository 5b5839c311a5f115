"""Making the table of a store, and looking at one that is there.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from lambdaframe.errors import ConfigurationError, StoreUnavailableError
from lambdaframe.idempotency.stores._dynamodb_errors import code_of
from lambdaframe.idempotency.stores.dynamodb_layout import Layout

LONGEST_WAIT = 120.0
"""Seconds until a new table must be active. Most take less than ten."""
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0

_ON = ("ENABLED", "ENABLING")


def keys_of(layout: Layout) -> str:
    """The key schema that a table must have, in words."""
    sort = layout.sort_attribute
    return f"partition key {layout.key_attribute!r} (S) and " + (f"sort key {sort!r} (S)" if sort else "no sort key")


def schema(table: str, layout: Layout) -> dict[str, Any]:
    """CreateTable's parameters: on-demand, and the layout's keys."""
    keys = [layout.key_attribute, *([layout.sort_attribute] if layout.sort_attribute else [])]
    return {
        "TableName": table,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys],
        "KeySchema": [
            {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
        ],
    }


async def ensure_table(client: Any, table: str, layout: Layout) -> None:
    """Make the table if it is not there, wait until it is active, check its keys and switch its time to live on.

    Several processes may do this at once. Raises ConfigurationError for a table of other keys or another time to live,
    StoreUnavailableError when it does not become active, and what the client raises.
    """
    found = await _described(client, table)
    if found is None:
        with suppress(client.exceptions.ResourceInUseException):  # another process was first
            await client.create_table(**schema(table, layout))
    found = await _active(client, table, found)
    _check_keys(found, schema(table, layout), table, layout)
    await _switch_ttl_on(client, table, layout.ttl_attribute)


async def _described(client: Any, table: str) -> Mapping[str, Any] | None:
    with suppress(client.exceptions.ResourceNotFoundException):
        found: Mapping[str, Any] = (await client.describe_table(TableName=table))["Table"]
        return found
    return None


async def _active(client: Any, table: str, found: Mapping[str, Any] | None) -> Mapping[str, Any]:
    pause = _FIRST_PAUSE
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            # UPDATING serves requests.
            while found is None or found["TableStatus"] not in {"ACTIVE", "UPDATING"}:
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                found = await _described(client, table)
    except TimeoutError as exc:
        raise StoreUnavailableError(f"DynamoDB table {table!r}", "become active", exc) from exc
    return found


def _check_keys(found: Mapping[str, Any], wanted: Mapping[str, Any], table: str, layout: Layout) -> None:
    names = {key["AttributeName"] for key in found["KeySchema"]}
    kinds = {each["AttributeName"]: each["AttributeType"] for each in found["AttributeDefinitions"]}
    here = [(key["AttributeName"], key["KeyType"], kinds.get(key["AttributeName"])) for key in found["KeySchema"]]
    right = [(key["AttributeName"], key["KeyType"], "S") for key in wanted["KeySchema"]]
    if sorted(here, key=str) != sorted(right, key=str):
        raise ConfigurationError(
            f"DynamoDB table {table!r} must have {keys_of(layout)}; it has "
            f"{', '.join(f'{name!r} ({kinds.get(name)})' for name in sorted(names))}. Use another table."
        )


async def _switch_ttl_on(client: Any, table: str, attribute: str) -> None:
    if await _ttl_is_on(client, table, attribute):
        return
    try:
        await client.update_time_to_live(
            TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": attribute}
        )
    except client.exceptions.ClientError as error:
        # Within an hour of a change DynamoDB refuses another one, also when both ask for the same.
        if code_of(error) != "ValidationException" or not await _ttl_is_on(client, table, attribute):
            raise


async def _ttl_is_on(client: Any, table: str, attribute: str) -> bool:
    answer = await client.describe_time_to_live(TableName=table)
    found: Mapping[str, Any] = answer.get("TimeToLiveDescription", {})
    if found.get("TimeToLiveStatus") not in _ON:
        return False
    if found.get("AttributeName") != attribute:
        raise ConfigurationError(
            f"DynamoDB table {table!r} deletes items by their attribute {found.get('AttributeName')!r}; its time to "
            f"live must be {attribute!r}. Change it, or use another table."
        )
    return True
