"""What a store can be made of, and what is said of the rest; nothing is asked of a server."""

import sys
from datetime import timedelta
from typing import Any

import pytest

from lambdaframe.errors import ConfigurationError
from lambdaframe.idempotency import Store, open_store
from lambdaframe.idempotency.stores.dynamodb import DynamoDBStore
from lambdaframe.idempotency.stores.dynamodb_layout import OwnLayout
from lambdaframe.idempotency.stores.powertools_layout import PowertoolsLayout

ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"


def seen(store: Store) -> dict[str, Any]:
    """What a store was made of."""
    assert isinstance(store, DynamoDBStore)
    factory = store._factory  # pyright: ignore[reportPrivateUsage] -- what a server would be asked with
    config = factory._config  # pyright: ignore[reportPrivateUsage]
    where = factory._where  # pyright: ignore[reportPrivateUsage]
    return {
        "table": store.table,
        "layout": type(store._layout),  # pyright: ignore[reportPrivateUsage]
        "create": store._create,  # pyright: ignore[reportPrivateUsage]
        "idle": store._clients._idle_limit,  # pyright: ignore[reportPrivateUsage]
        "size": store.max_result_size,
        "connect": config.connect_timeout,
        "read": config.read_timeout,
        **where,
    }


PLAIN = {
    "table": "orders",
    "layout": OwnLayout,
    "create": False,
    "idle": 60.0,
    "size": 350_000,
    "connect": 1.0,
    "read": 2.0,
    "region_name": None,
    "endpoint_url": None,
}


@pytest.mark.parametrize(
    ("url", "differs"),
    [
        ("dynamodb://orders", {}),
        ("dynamodb://Orders.v2_x-y?region=eu-west-1", {"table": "Orders.v2_x-y", "region_name": "eu-west-1"}),
        (f"dynamodb://{ARN}", {"table": ARN}),
        (
            "dynamodb://orders?endpoint_url=http://localhost:8000&create=true",
            {"endpoint_url": "http://localhost:8000", "create": True},
        ),
        ("dynamodb://orders?endpoint_url=https%3A%2F%2Fhost%3A8000", {"endpoint_url": "https://host:8000"}),
        ("dynamodb://orders?create=false&layout=powertools", {"layout": PowertoolsLayout}),
        (
            "dynamodb://orders?connect_timeout=0.5&read_timeout=3&idle_limit=30&max_result_size=1000",
            {"connect": 0.5, "read": 3.0, "idle": 30.0, "size": 1_000},
        ),
    ],
)
def test_a_url_is_read(url: str, differs: dict[str, Any]) -> None:
    assert seen(open_store(url)) == PLAIN | differs


def test_durations_are_seconds_or_timedelta() -> None:
    store = DynamoDBStore("orders", connect_timeout=timedelta(milliseconds=500), idle_limit=timedelta(minutes=2))
    assert seen(store) == PLAIN | {"connect": 0.5, "idle": 120.0}


def test_only_a_layout_that_names_records_is_asked_for_names() -> None:
    layout = PowertoolsLayout()
    assert DynamoDBStore("orders").naming is None
    assert DynamoDBStore("orders", layout=layout).naming is layout


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("dynamodb://", "3 to 255 letters"),
        ("dynamodb://ab", "3 to 255 letters"),
        ("dynamodb://orders/x", "3 to 255 letters"),
        ("dynamodb://orders?regoin=eu-west-1", "no option 'regoin'; it has connect_timeout, create, endpoint_url"),
        ("dynamodb://orders?region=a&region=b", "region stands twice"),
        ("dynamodb://orders?create=secret", "create in a dynamodb:// URL is true or false"),
        ("dynamodb://orders?read_timeout=secret", "read_timeout in a dynamodb:// URL is a number"),
        ("dynamodb://orders?read_timeout=0", "read_timeout is a positive number of seconds"),
        ("dynamodb://orders?idle_limit=inf", "idle_limit is a positive number of seconds"),
        ("dynamodb://orders?max_result_size=400001", "max_result_size is a number of bytes up to 400000, not 400001"),
        ("dynamodb://orders?layout=lambda", "layout is 'lambdaframe' or 'powertools', or a Layout, not 'lambda'"),
        ("dynamodb://key:secret@orders", "without user and password"),
        ("dynamodb://orders#secret", "without user and password"),
        ("dynamodb://orders?endpoint_url=http://key:secret@host", "without user and password"),
        ("dynamodb://orders?endpoint_url=localhost:8000", "as in http://localhost:8000"),
    ],
)
def test_what_a_url_can_t_say(url: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        open_store(url)
    assert "secret" not in str(caught.value)


def test_without_aioboto3_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aioboto3", None)
    with pytest.raises(ConfigurationError, match=r"install lambdaframe\[dynamodb\]"):
        DynamoDBStore("orders")
