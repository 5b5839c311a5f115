"""Stores by URL."""

import importlib.util
import subprocess
import sys
from typing import Any

import pytest

import lambdaframe.idempotency
from lambdaframe.errors import ConfigurationError
from lambdaframe.idempotency import DynamoDBStore, LocalCache, MemoryStore, RedisStore, Store, open_store


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("memory://", MemoryStore),
        ("redis://localhost:6379/0", RedisStore),
        ("rediss://user:secret@cache.example.com:6380/1?ssl_cert_reqs=required", RedisStore),
        ("unix:///run/valkey.sock?db=1", RedisStore),
        ("redis+cluster://localhost:6379", RedisStore),
        ("rediss+cluster://localhost:6379", RedisStore),
        ("dynamodb://orders?region=eu-west-1", DynamoDBStore),
    ],
)
def test_a_url_names_a_store(url: str, kind: type[Store]) -> None:
    assert isinstance(open_store(url), kind)
    mark = "&" if "?" in url else "?"
    cached = open_store(f"{url}{mark}local_cache=2")
    assert isinstance(cached, LocalCache)
    assert isinstance(cached.store, kind)
    assert isinstance(open_store(f"{url}{mark}local_cache=0"), kind)


def test_a_store_is_a_store() -> None:
    store = MemoryStore()
    assert open_store(store) is store
    cache = LocalCache(store)
    assert open_store(cache) is cache


@pytest.mark.parametrize(
    "wanted",
    [
        "redis://user:p%3Fss%26@host:1/0?a=1&local_cache=3&b=%20",
        "redis://user:p%3Fss%26@host:1/0?local_cache=3&a=1&b=%20",
        "redis://user:p%3Fss%26@host:1/0?a=1&b=%20&local_cache=3",
    ],
)
def test_the_rest_of_a_url_is_passed_on_as_it_is(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Seeing(MemoryStore):
        def __init__(self, url: str) -> None:
            super().__init__()
            seen.append(url)

    monkeypatch.setattr("lambdaframe.idempotency.stores.redis.RedisStore", Seeing)
    open_store(wanted)
    assert seen == ["redis://user:p%3Fss%26@host:1/0?a=1&b=%20"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            "mongodb://user:secret@host",
            r"scheme 'mongodb' names no store: write one of memory://, redis://, .*dynamodb://",
        ),
        ("user:secret@host", "A text that is no URL names no store: write one of memory://"),
        ("memory", "write one of memory://"),
        ("", "write one of memory://"),
        ("memory://secret", "write 'memory://'"),
        ("memory://?max=secret", "write 'memory://'"),
        ("redis://:secret@host?local_cache=many", "local_cache=many in a store's URL is a number"),
        ("memory://?local_cache=-1", "local_cache=-1 in"),
        ("memory://?local_cache=", "local_cache= in"),
        ("dynamodb://", "table"),
        ("dynamodb://orders?colour=red", "colour"),
        ("redis://:secret@host:port", "port"),
        (object(), r"object is no store: give a URL \(memory://, redis://"),
        (MemoryStore, "no store"),
        (None, "NoneType is no store"),
    ],
)
def test_a_mistake_says_what_to_write(wrong: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        open_store(wrong)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "package", "extra"), [("redis://:secret@host", "redis", "redis"), ("dynamodb://t", "aioboto3", "dynamodb")]
)
def test_a_missing_package_is_told_with_its_extra(
    url: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec

    def found(name: str) -> Any:
        return None if name == package else real(name)

    monkeypatch.setattr(importlib.util, "find_spec", found)
    with pytest.raises(
        ConfigurationError, match=rf"needs the package {package}: install lambdaframe\[{extra}\]"
    ) as told:
        open_store(url)
    assert "secret" not in str(told.value)


def test_every_public_name_is_there() -> None:
    for name in lambdaframe.idempotency.__all__:
        assert getattr(lambdaframe.idempotency, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing"):
        lambdaframe.idempotency.nothing  # noqa: B018 — looking is the test


def test_what_is_not_used_is_not_loaded() -> None:
    code = """
import sys
import lambdaframe
assert "lambdaframe.idempotency" not in sys.modules
from lambdaframe.idempotency import Store, open_store
assert not {"asyncio", "lambdaframe.idempotency.transitions"} & (set(sys.modules) - before)
from lambdaframe.idempotency import MemoryStore, idempotent

@idempotent(key="order_id", store=open_store("memory://"))
async def create(order_id: int) -> dict: return {"id": order_id}

assert "lambdaframe.idempotency.blocking" not in sys.modules

@idempotent(key="order_id", store=open_store("memory://"))
def create(order_id: int) -> dict: return {"id": order_id}

create(1), create(1)
vendors = {"anyio", "pydantic", "pydantic_core", "jmespath", "redis", "aioboto3", "botocore", "trio"}
print(sorted(vendors & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, lambdaframe; before = set(sys.modules)\n{code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
