"""URLs and options, passwords, permissions, TLS: what is taken, and what is said about what is not."""

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from traceback import format_exception
from typing import Any

import pytest
import redis as redis_py

from docs.examples.loopback import free_port
from lambdaframe.errors import ConfigurationError, StoreUnavailableError
from lambdaframe.idempotency import Store, open_store
from lambdaframe.idempotency.store import Notifying
from lambdaframe.idempotency.stores.redis import RedisStore
from lambdaframe.idempotency.transitions import Outcome, Verdict
from tests.idempotency.redis.servers import DONE, FIRST, SECOND, Server, permitted
from tests.idempotency.redis.tls import TLSProxy, certificate
from tests.idempotency.redis.waiting import soon


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("redis://", "Redis at localhost:6379"),
        ("redis://host", "Redis at host:6379"),
        ("redis://user:pa%2Fss@host:7000/3", "Redis at host:7000"),
        ("redis://:secret@[::1]:7000", "Redis at ::1:7000"),
        ("rediss://host?ssl_cert_reqs=none", "Redis at host:6379"),
        ("unix:///run/redis.sock?db=2", "Redis at /run/redis.sock"),
        ("redis+cluster://host:7000", "Redis Cluster at host:7000"),
        ("rediss+cluster://host", "Redis Cluster at host:6379"),
        (
            "redis://host?health_check_interval=5&client_name=orders&protocol=3&socket_keepalive=no",
            "Redis at host:6379",
        ),
        (
            "redis://host?prefix=a:&connect_timeout=0.5&read_timeout=1&max_connections=4&idle_limit=9",
            "Redis at host:6379",
        ),
        ("redis://host?socket_timeout=1&socket_connect_timeout=1&max_result_size=10", "Redis at host:6379"),
    ],
)
def test_urls(url: str, name: str) -> None:
    assert repr(RedisStore(url)) == f"<RedisStore {name}>"
    assert repr(open_store(url)) == f"<RedisStore {name}>"


def test_a_cluster_by_argument() -> None:
    assert repr(RedisStore("redis://host", cluster=True)) == "<RedisStore Redis Cluster at host:6379>"


def test_it_is_a_store_that_notifies() -> None:
    store = RedisStore(read_timeout=timedelta(seconds=1))
    assert isinstance(store, Store)
    assert isinstance(store, Notifying)
    assert store.max_result_size is None
    assert RedisStore("redis://?max_result_size=100").max_result_size == 100
    assert RedisStore(max_result_size=100).max_result_size == 100


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"url": "http://host"}, "redis, rediss, unix, redis"),
        ({"url": "host:6379"}, "redis, rediss, unix, redis"),
        ({"url": "redis://:secr#et@host"}, "%23"),
        ({"url": "redis://:secr/et@host"}, "%2F"),
        ({"url": "redis://:secr?et@host"}, "%3F"),
        ({"url": "redis://:secret@host:port"}, "can't be read"),
        ({"url": "redis://:secret@[::1"}, "can't be read"),
        ({"url": "redis://host/orders"}, "can't be read"),
        ({"url": "redis://host?db=one"}, "can't be read"),
        ({"url": "redis://host?max_connections=many"}, "can't be read"),
        ({"url": "redis://host?read_timeout=long"}, "read_timeout can't be 'long'"),
        ({"url": "redis://host?timeout=3"}, "timeout"),
        ({"url": "redis://:secret@host?retries=3"}, "'retries'"),
        ({"url": "redis://host?protocol=4"}, "protocol"),
        ({"url": "rediss://host?ssl_ca_certs=/nowhere/ca.pem"}, "No such file"),
        ({"url": "redis+cluster://host/2"}, "database 0 alone"),
        ({"url": "unix:///run/redis.sock", "cluster": True}, "by host and port"),
        ({"connect_timeout": 0}, "connect_timeout is a positive number of seconds or a timedelta, not 0"),
        ({"connect_timeout": "1"}, "connect_timeout is a positive number of seconds or a timedelta, not '1'"),
        ({"url": "redis://?read_timeout=inf"}, "read_timeout is a positive number"),
        ({"idle_limit": timedelta(0)}, "idle_limit is a positive number"),
        ({"max_result_size": 0}, "max_result_size is a positive number"),
        ({"read_timeout": -1}, "read_timeout is a positive number"),
        ({"max_connections": 0}, "max_connections is a positive number"),
        ({"url": "redis://?idle_limit=0"}, "idle_limit is a positive number"),
        ({"prefix": "{orders}:"}, "has a brace"),
        ({"client": redis_py.Redis()}, "redis.asyncio.Redis or RedisCluster, not a redis.client.Redis"),
        ({"client": object(), "url": "redis://host"}, "a URL or a client, not both"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_mistakes_are_told_at_once_without_the_password(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(said)) as caught:
        RedisStore(**arguments)
    assert "secr" not in "".join(format_exception(caught.value))


async def test_options_of_the_url_reach_the_server(server: Server) -> None:
    url = f"{server.url}/3?client_name=orders&prefix=a:"
    async with RedisStore(url) as store:
        await store.acquire(FIRST)
        listed = server.ask("CLIENT", "LIST").decode()
    assert re.search(r"name=orders .* db=3 ", listed)
    assert server.ask("INFO", "keyspace").keys() == {"db3"}


@pytest.mark.parametrize("protocol", [2, 3])
async def test_both_protocols(server: Server, protocol: int) -> None:
    async with RedisStore(f"{server.url}?protocol={protocol}") as store:
        reply = await store.acquire(FIRST)
        assert (await store.acquire(SECOND)).verdict is Verdict.BUSY
        await store.complete(FIRST.granted(reply.entry.gen), Outcome("ok", b"\x00\xff"))
        assert await soon(store.changed("7f", 3_600))
        assert (await store.acquire(SECOND)).entry.result == b"\x00\xff"


async def test_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with Server("--unixsocket", str(path)):
        async with RedisStore(f"unix://{path}") as store:
            assert (await store.acquire(FIRST)).verdict is Verdict.GRANTED


# Who may


@pytest.fixture(scope="module")
def guarded() -> Iterator[Server]:
    """A server with a password."""
    with Server("--requirepass", "s3cret/word", password="s3cret/word") as server:
        yield server


@pytest.mark.parametrize("login", ["", ":wrong-word@", "default:wrong-word@", "nobody:wrong-word@"])
async def test_a_wrong_password_is_a_mistake_of_the_configuration(guarded: Server, login: str) -> None:
    async with RedisStore(f"redis://{login}127.0.0.1:{guarded.port}") as store:
        with pytest.raises(ConfigurationError, match=f"Redis at 127.0.0.1:{guarded.port} refuses the user") as caught:
            await store.acquire(FIRST)
        assert "wrong-word" not in f"{caught.value!r} {caught.value.__cause__!r}"
        assert await store.changed("7f", 3_600) is False


@pytest.mark.parametrize("login", [":s3cret%2Fword@", "default:s3cret%2Fword@"])
async def test_the_right_password(guarded: Server, login: str) -> None:
    async with RedisStore(f"redis://{login}127.0.0.1:{guarded.port}") as store:
        assert (await store.acquire(FIRST._replace(key=login))).verdict is Verdict.GRANTED


async def test_the_documented_permissions_suffice(server: Server) -> None:
    server.ask("ACL", "SETUSER", "orders", "reset", "on", ">word", *permitted())
    async with RedisStore(f"redis://orders:word@127.0.0.1:{server.port}") as store:
        claim = FIRST.granted((await store.acquire(FIRST)).entry.gen)
        assert (await store.acquire(SECOND)).verdict is Verdict.BUSY
        await store.extend(claim)
        await store.release(claim)
        assert await soon(store.changed("7f", 3_600))
        again = FIRST.granted((await store.acquire(FIRST)).entry.gen)
        await store.complete(again, DONE)
        assert (await store.acquire(SECOND)).entry.result == DONE.result


@pytest.mark.parametrize("without", ["-evalsha", "-hset", "-time", "resetkeys"])
async def test_a_missing_permission_is_a_mistake_of_the_configuration(server: Server, without: str) -> None:
    server.ask("ACL", "SETUSER", "weak", "reset", "on", ">word", *permitted(), without)
    async with RedisStore(f"redis://weak:word@127.0.0.1:{server.port}") as store:
        with pytest.raises(ConfigurationError, match="may not run a command that the store needs"):
            await store.acquire(FIRST)


# What a server may say


async def test_a_database_that_is_not_there(server: Server) -> None:
    async with RedisStore(f"{server.url}/99") as store:
        with pytest.raises(ConfigurationError, match="no database of this number"):
            await store.acquire(FIRST)


async def test_no_cluster_where_one_was_said(server: Server) -> None:
    async with RedisStore(server.url, cluster=True) as store:
        with pytest.raises(ConfigurationError, match="is no cluster; write redis://"):
            await store.acquire(FIRST)


async def test_a_server_that_is_full(server: Server) -> None:
    async with RedisStore(server.url) as store:
        claim = FIRST.granted((await store.acquire(FIRST)).entry.gen)
        server.ask("CONFIG", "SET", "maxmemory", "1")
        try:
            for move in (store.complete(claim, DONE), store.acquire(FIRST._replace(key="new"))):
                with pytest.raises(StoreUnavailableError, match=r"OOM|maxmemory"):
                    await move
        finally:
            server.ask("CONFIG", "SET", "maxmemory", "0")
        assert (await store.complete(claim, DONE)).verdict is Verdict.GRANTED


async def test_a_primary_that_was_demoted(server: Server) -> None:
    async with RedisStore(server.url) as store:
        claim = FIRST.granted((await store.acquire(FIRST)).entry.gen)
        server.ask("REPLICAOF", "127.0.0.1", str(free_port()))
        try:
            with pytest.raises(StoreUnavailableError):
                await store.complete(claim, DONE)
        finally:
            server.ask("REPLICAOF", "NO", "ONE")
        assert (await store.complete(claim, DONE)).verdict is Verdict.GRANTED


async def test_a_server_with_no_room_for_another_client(server: Server) -> None:
    async with RedisStore(server.url) as store:
        server.ask("CONFIG", "SET", "maxclients", "1")
        try:
            with redis_py.Redis(port=server.port) as other:
                other.get("the only place")
                with pytest.raises(StoreUnavailableError, match="max number of clients"):
                    await store.acquire(FIRST)
        finally:
            server.ask("CONFIG", "SET", "maxclients", "100")
        assert (await store.acquire(FIRST)).verdict is Verdict.GRANTED


# TLS


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate, and is not installed.")
    return certificate(tmp_path_factory.mktemp("tls"), "IP:127.0.0.1", "DNS:redis.test")


@pytest.fixture
def tls(server: Server, files: tuple[Path, Path]) -> Iterator[str]:
    """The URL of a server that speaks TLS."""
    with TLSProxy(server.port, *files) as proxy:
        yield f"rediss://127.0.0.1:{proxy.port}"


async def test_tls(tls: str, files: tuple[Path, Path], server: Server) -> None:
    async with RedisStore(f"{tls}?ssl_ca_certs={files[0]}") as store:
        claim = FIRST.granted((await store.acquire(FIRST)).entry.gen)
        large = bytes(range(256)) * 4_096
        await store.complete(claim, Outcome("ok", large))
        assert (await store.acquire(SECOND)).entry.result == large
        server.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert (await store.acquire(SECOND)).verdict is Verdict.REPLAY


async def test_a_certificate_that_nobody_vouches_for(tls: str) -> None:
    async with RedisStore(tls) as store:
        with pytest.raises(ConfigurationError, match="give the file of its authority as ssl_ca_certs="):
            await store.acquire(FIRST)
    async with RedisStore(f"{tls}?ssl_cert_reqs=none") as store:
        assert (await store.acquire(FIRST)).verdict is Verdict.GRANTED


async def test_a_certificate_of_another_host(tls: str, files: tuple[Path, Path]) -> None:
    async with RedisStore(f"{tls.replace('127.0.0.1', 'localhost')}?ssl_ca_certs={files[0]}") as store:
        with pytest.raises(ConfigurationError, match="not valid for 'localhost'"):
            await store.acquire(FIRST)


async def test_tls_where_there_is_none(server: Server) -> None:
    async with RedisStore(server.url.replace("redis:", "rediss:")) as store:
        with pytest.raises(StoreUnavailableError):
            await soon(store.acquire(FIRST))


async def test_no_tls_where_there_is_some(tls: str) -> None:
    async with RedisStore(tls.replace("rediss:", "redis:"), read_timeout=0.5) as store:
        with pytest.raises(StoreUnavailableError):
            await soon(store.acquire(FIRST))
