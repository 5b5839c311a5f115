"""A real cluster: records in many slots, slots that move, nodes that fail."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest
from redis.asyncio import RedisCluster

from docs.examples.local_redis import unsupported
from lambdaframe.errors import ConfigurationError, StoreUnavailableError
from lambdaframe.idempotency.stores._redis_connections import WATCHES
from lambdaframe.idempotency.stores.redis import RedisStore
from lambdaframe.idempotency.transitions import Claim, Verdict
from tests.idempotency.redis.cluster import Cluster, id_of, slot_of, until
from tests.idempotency.redis.servers import DONE, FIRST, SECOND, Server, permitted
from tests.idempotency.redis.waiting import eventually, soon


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    if reason := unsupported():
        pytest.skip(reason)
    with Cluster(primaries=3) as cluster:
        yield cluster


@pytest.fixture
def cluster(running: Cluster) -> Cluster:
    for node in running.nodes:
        node.ask("FLUSHALL")
        node.ask("CONFIG", "RESETSTAT")
    return running


@pytest.fixture
async def store(cluster: Cluster) -> AsyncIterator[RedisStore]:
    async with RedisStore(cluster.url) as store:
        yield store


async def begun(store: RedisStore, claim: Claim) -> Claim:
    reply = await store.acquire(claim)
    assert reply.verdict is Verdict.GRANTED
    return claim.granted(reply.entry.gen)


def blocked(node: Server) -> int:
    return int(node.ask("INFO", "clients")["blocked_clients"])


def errors(node: Server, kind: str) -> int:
    """How often the node has answered so."""
    return int(node.ask("INFO", "errorstats").get(f"errorstat_{kind}", {"count": 0})["count"])


async def test_every_move_in_many_slots(store: RedisStore, cluster: Cluster) -> None:
    async def life(key: str) -> None:
        claim = await begun(store, FIRST._replace(key=key))
        other = SECOND._replace(key=key)
        assert (await store.acquire(other)).verdict is Verdict.BUSY
        assert (await store.extend(claim)).verdict is Verdict.GRANTED
        assert (await store.release(claim)).verdict is Verdict.GRANTED
        assert await soon(store.changed(key, 3_600))
        claim = await begun(store, other)
        assert (await store.complete(claim, DONE)).verdict is Verdict.GRANTED
        assert (await store.acquire(FIRST._replace(key=key))).entry.result == DONE.result

    # No more for each node than may wait there at a time.
    keys = [key for number in range(3) for key in cluster.keys_of(number, WATCHES)]
    await asyncio.gather(*map(life, keys))
    for node in cluster.nodes:
        assert node.ask("DBSIZE") >= WATCHES
        assert not errors(node, "MOVED")
        assert not errors(node, "CROSSSLOT")


async def test_waiting_at_each_node(store: RedisStore, cluster: Cluster) -> None:
    for number, node in enumerate(cluster.nodes):
        (key,) = cluster.keys_of(number, 1)
        claim = await begun(store, FIRST._replace(key=key))
        assert (await store.acquire(SECOND._replace(key=key))).verdict is Verdict.BUSY
        told = asyncio.create_task(store.changed(key, 3_600))
        await eventually(partial(blocked, node))
        await store.complete(claim, DONE)
        assert await soon(told)


async def test_the_slots_are_learned_once(store: RedisStore, cluster: Cluster) -> None:
    await asyncio.gather(*(store.acquire(FIRST._replace(key=str(number))) for number in range(100)))
    assert sum(node.count("cluster|slots") or node.count("cluster") for node in cluster.nodes) == 1


async def test_the_documented_permissions_suffice(cluster: Cluster) -> None:
    rules = [*permitted(), "+cluster|slots", "+asking"]
    for node in cluster.nodes:
        node.ask("ACL", "SETUSER", "orders", "reset", "on", ">word", *rules)
    async with RedisStore(cluster.url.replace("127", "orders:word@127", 1)) as store:
        for number in range(3):
            (key,) = cluster.keys_of(number, 1)
            claim = await begun(store, FIRST._replace(key=key))
            assert (await store.complete(claim, DONE)).verdict is Verdict.GRANTED


async def test_a_node_of_a_cluster_is_no_single_server(cluster: Cluster) -> None:
    (key,) = cluster.keys_of(1, 1)
    async with RedisStore(cluster.nodes[0].url) as store:
        with pytest.raises(ConfigurationError, match=r"is a node of a cluster: write redis\+cluster://"):
            await store.acquire(FIRST._replace(key=key))


# Slots that move


def of_one_slot(cluster: Cluster, count: int) -> list[str]:
    """So many keys of one slot of the first node."""
    by_slot: dict[int, list[str]] = {}
    for key in cluster.keys_of(0, 20_000):
        keys = by_slot.setdefault(slot_of(key), [])
        keys.append(key)
        if len(keys) == count:
            return keys
    raise LookupError("no slot has so many")


async def test_a_slot_moves_while_its_records_are_used(cluster: Cluster) -> None:
    here, there, third = cluster.nodes
    moved, busy, new = of_one_slot(cluster, 3)
    slot = slot_of(moved)
    migrate = ("MIGRATE", "127.0.0.1", there.port, "", 0, 5_000, "KEYS")
    async with RedisStore(cluster.url) as store:
        claim = await begun(store, FIRST._replace(key=moved))
        waited_for = await begun(store, FIRST._replace(key=busy))
        assert (await store.acquire(SECOND._replace(key=busy))).verdict is Verdict.BUSY
        there.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", id_of(here))
        here.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", id_of(there))

        # New records are made where the slot goes to, those that are still here are found here.
        assert (await store.acquire(FIRST._replace(key=new))).verdict is Verdict.GRANTED
        assert (await store.extend(claim)).verdict is Verdict.GRANTED
        here.ask(*migrate, f"lambdaframe:{{{moved}}}")
        assert (await store.complete(claim, DONE)).verdict is Verdict.GRANTED
        assert errors(here, "ASK") == 2
        assert errors(here, "MOVED") == 0

        # A record and its tokens can't be touched together until both are there.
        completing = asyncio.create_task(store.complete(waited_for, DONE))
        await eventually(lambda: errors(here, "TRYAGAIN") + errors(there, "TRYAGAIN"))
        here.ask(*migrate, f"lambdaframe:{{{busy}}}")
        for node in (there, here, third):
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", id_of(there))
        assert (await soon(completing)).verdict is Verdict.GRANTED

        for key in (moved, busy):
            assert (await store.acquire(SECOND._replace(key=key))).entry.result == DONE.result
        assert (await store.acquire(SECOND._replace(key=new))).verdict is Verdict.BUSY
        assert errors(here, "MOVED") <= 1


async def test_a_slot_that_is_moved_for_too_long(cluster: Cluster) -> None:
    here, there, _ = cluster.nodes
    (key,) = cluster.keys_of(0, 1)
    async with RedisStore(cluster.url, read_timeout=0.3) as store:
        claim = await begun(store, FIRST._replace(key=key))
        await store.acquire(SECOND._replace(key=key))
        there.ask("CLUSTER", "SETSLOT", slot_of(key), "IMPORTING", id_of(here))
        here.ask("CLUSTER", "SETSLOT", slot_of(key), "MIGRATING", id_of(there))
        with pytest.raises(StoreUnavailableError, match=r"Redis Cluster at .* could not complete"):
            await soon(store.complete(claim, DONE))
        for node in (here, there):
            node.ask("CLUSTER", "SETSLOT", slot_of(key), "STABLE")
        assert (await store.complete(claim, DONE)).verdict is Verdict.GRANTED


# Nodes that fail


@pytest.fixture
def pair() -> Iterator[Cluster]:
    """A primary and its replica."""
    with Cluster(primaries=1, replicas=1) as cluster:
        yield cluster


@pytest.fixture
def two() -> Iterator[Cluster]:
    with Cluster(primaries=2) as cluster:
        yield cluster


async def test_a_replica_takes_over(pair: Cluster) -> None:
    primary, replica = pair.nodes
    async with RedisStore(pair.url) as store:
        claim = await begun(store, FIRST)
        until(b"lambdaframe:{7f}", replica, "KEYS", "*")
        replica.ask("CLUSTER", "FAILOVER", "TAKEOVER")
        until(b"myself,slave", primary, "CLUSTER", "NODES")
        assert (await store.extend(claim)).verdict is Verdict.GRANTED
        assert errors(primary, "MOVED") == 1
        primary.kill()
        assert (await store.complete(claim, DONE)).verdict is Verdict.GRANTED


async def test_a_replica_takes_over_from_a_dead_primary(pair: Cluster) -> None:
    primary, replica = pair.nodes
    async with RedisStore(pair.url) as store:
        claim = await begun(store, FIRST)
        until(b"lambdaframe:{7f}", replica, "KEYS", "*")
        primary.kill()
        with pytest.raises(StoreUnavailableError, match=f"Redis Cluster at 127.0.0.1:{primary.port} could not extend"):
            await store.extend(claim)
        replica.ask("CLUSTER", "FAILOVER", "TAKEOVER")
        until(b"myself,master", replica, "CLUSTER", "NODES")
        assert (await store.complete(claim, DONE)).verdict is Verdict.GRANTED


async def test_one_dead_node_does_not_take_the_others_along(two: Cluster) -> None:
    (lives,), (dies,) = two.keys_of(0, 1), two.keys_of(1, 1)
    async with RedisStore(two.url) as store:
        living, dying = [await begun(store, FIRST._replace(key=key)) for key in (lives, dies)]
        two.nodes[1].kill()
        with pytest.raises(StoreUnavailableError):
            await store.extend(dying)
        assert (await store.extend(living)).verdict is Verdict.GRANTED
        two.nodes[1].start()
        until(b"cluster_state:ok", two.nodes[1], "CLUSTER", "INFO")
        assert (await store.complete(dying, DONE)).verdict is Verdict.GRANTED
        for node in two.nodes:
            node.kill()
        with pytest.raises(StoreUnavailableError, match="could not complete"):
            await store.complete(living, DONE)
    async with RedisStore(two.url) as store:
        with pytest.raises(StoreUnavailableError, match="could not acquire"):
            await store.acquire(FIRST)
        assert await store.changed("7f", 3_600) is False


# A client of the user's


async def test_a_client_of_the_user_s(cluster: Cluster) -> None:
    async with RedisCluster(host="127.0.0.1", port=cluster.nodes[0].port, decode_responses=True) as client:
        store = RedisStore(client=client)
        for number in range(3):
            (key,) = cluster.keys_of(number, 1)
            claim = await begun(store, FIRST._replace(key=key))
            assert (await store.acquire(SECOND._replace(key=key))).verdict is Verdict.BUSY
            assert await store.changed(key, 3_600) is False
            assert (await store.complete(claim, DONE)).entry.result == DONE.result
            assert (await store.acquire(SECOND._replace(key=key))).entry.result == DONE.result
        await store.aclose()
        await client.set("still", "open")
