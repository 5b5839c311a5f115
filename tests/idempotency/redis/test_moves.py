"""Each move and each refusal, on a real server: what is answered, what is written, by which clock."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from typing import ClassVar

import pytest

from lambdaframe.errors import ConfigurationError
from lambdaframe.idempotency.stores.redis import RedisStore
from lambdaframe.idempotency.transitions import SKEW_MS, Claim, Entry, Outcome, Verdict
from tests.idempotency.redis.servers import DONE, FIRST, LEASE, RECORD, RETENTION, SECOND, Server

DAY_S = 86_400


class SteppedStore(RedisStore):
    """Its time is a key of the server."""

    _clock_source: ClassVar[str] = "local now = tonumber(redis.call('GET', 'clock'))"


@pytest.fixture
async def store(server: Server) -> AsyncIterator[RedisStore]:
    async with RedisStore(server.url) as store:
        yield store


@pytest.fixture
async def stepped(server: Server) -> AsyncIterator[SteppedStore]:
    async with SteppedStore(server.url) as store:
        yield store


async def begun(store: RedisStore, claim: Claim = FIRST) -> Claim:
    reply = await store.acquire(claim)
    assert reply.verdict is Verdict.GRANTED
    return claim.granted(reply.entry.gen)


async def test_acquire_starts_an_attempt(store: RedisStore, server: Server) -> None:
    before = server.now()
    reply = await store.acquire(FIRST)
    assert before <= reply.now <= server.now()
    expires = reply.now + RETENTION
    ttl = expires // 1_000 + DAY_S
    assert reply.verdict is Verdict.GRANTED
    assert reply.entry == Entry("R", "first", reply.now, reply.now + LEASE, "paid", expires, ttl)
    assert not reply.took_over


async def test_the_record_is_one_hash_that_the_server_deletes_at_its_ttl(store: RedisStore, server: Server) -> None:
    entry = (await store.acquire(FIRST)).entry
    assert server.fields() == {
        b"state": b"R",
        b"owner": b"first",
        b"gen": b"%d" % entry.gen,
        b"lease_until": b"%d" % entry.lease_until,
        b"fingerprint": b"paid",
        b"expires": b"%d" % entry.expires,
    }
    assert server.is_deleted_at(entry.ttl)
    assert server.ask("KEYS", "*") == [RECORD.encode()]


async def test_complete_keeps_the_result(store: RedisStore, server: Server) -> None:
    claim = await begun(store)
    reply = await store.complete(claim, DONE)
    assert reply.verdict is Verdict.GRANTED
    entry = reply.entry
    assert entry[:3] == ("D", "first", claim.gen)
    assert entry.expires == reply.now + RETENTION
    assert (entry.kind, entry.result) == DONE
    fields = server.fields()
    assert (fields[b"state"], fields[b"kind"], fields[b"result"]) == (b"D", b"ok", DONE.result)
    assert server.is_deleted_at(entry.ttl)
    found = await store.acquire(SECOND)
    assert found.verdict is Verdict.REPLAY
    assert found.entry == entry


@pytest.mark.parametrize(
    "result",
    [
        b"",
        b"\x00",
        b"\x00\xff\xfe\n\r\n {}",
        bytes(range(256)),
        b"\xc3\x28\xed\xa0\x80",
        b"0",
        b"-0.00e0",
        b" 12 ",
        b"R\nGRANTED 1 2 3",
        b"\n" * 70_000,
    ],
    ids=lambda result: repr(result[:12]),
)
@pytest.mark.parametrize("kind", ["ok", "error", "omitted"])
async def test_results_come_back_byte_for_byte(store: RedisStore, kind: str, result: bytes) -> None:
    outcome = Outcome(kind, result)  # type: ignore[arg-type]  # one of three words
    claim = await begun(store)
    assert (await store.complete(claim, outcome)).entry[-2:] == (result, kind)
    assert (await store.complete(claim, DONE)).entry[-2:] == (result, kind)
    assert (await store.acquire(SECOND)).entry[-2:] == (result, kind)


async def test_texts_of_any_kind_come_back(store: RedisStore) -> None:
    odd = Claim("kéy\n ", "ow\nner 7 \u2028", "fin\x00ger 1 2 3\n", LEASE, RETENTION)
    claim = await begun(store, odd)
    found = await store.acquire(odd._replace(owner="other"))
    assert found.verdict is Verdict.BUSY
    assert (found.entry.owner, found.entry.fingerprint) == (odd.owner, odd.fingerprint)
    assert (await store.release(claim)).verdict is Verdict.GRANTED


async def test_ten_megabytes(store: RedisStore) -> None:
    claim = await begun(store)
    large = bytes(range(256)) * 40_960
    await store.complete(claim, Outcome("ok", large))
    assert (await store.acquire(SECOND)).entry.result == large


async def test_release_frees_the_key_and_keeps_the_generation(store: RedisStore, server: Server) -> None:
    claim = await begun(store)
    reply = await store.release(claim)
    assert (reply.verdict, reply.entry.state, reply.entry.gen) == (Verdict.GRANTED, "F", claim.gen)
    assert server.fields()[b"state"] == b"F"
    again = await store.acquire(SECOND._replace(fingerprint="another payload"))
    assert (again.verdict, again.entry.gen) == (Verdict.GRANTED, claim.gen + 1)
    assert again.entry.fingerprint == "another payload"
    assert not again.took_over


async def test_extend_moves_the_lease_and_the_retention(store: RedisStore, server: Server) -> None:
    claim = await begun(store)
    reply = await store.extend(claim._replace(lease_ms=60_000, retention_ms=7_200_000))
    assert reply.verdict is Verdict.GRANTED
    entry = reply.entry
    assert (entry.state, entry.lease_until, entry.expires) == ("R", reply.now + 60_000, reply.now + 7_200_000)
    assert (await store.acquire(SECOND)).entry == entry
    assert server.is_deleted_at(entry.ttl)


async def test_acquire_is_refused_for_reasons(store: RedisStore, server: Server) -> None:
    other_payload = SECOND._replace(fingerprint="another payload")
    claim = await begun(store)
    running = (await store.acquire(SECOND)).entry
    for asked, verdict in [
        (SECOND, Verdict.BUSY),
        (FIRST, Verdict.MINE),
        (other_payload, Verdict.MISMATCH),
        (FIRST._replace(fingerprint="another payload"), Verdict.MISMATCH),
    ]:
        reply = await store.acquire(asked)
        assert (reply.verdict, reply.entry) == (verdict, running)
    done = (await store.complete(claim, DONE)).entry
    before = server.ask("DUMP", RECORD)
    for asked, verdict in [
        (SECOND, Verdict.REPLAY),
        (FIRST, Verdict.REPLAY),
        (other_payload, Verdict.MISMATCH),
    ]:
        reply = await store.acquire(asked)
        assert (reply.verdict, reply.entry) == (verdict, done)
    assert server.ask("DUMP", RECORD) == before


async def test_a_completed_attempt_may_complete_again(store: RedisStore) -> None:
    claim = await begun(store)
    first = await store.complete(claim, DONE)
    again = await store.complete(claim, Outcome("error", b"something else"))
    assert (again.verdict, again.entry) == (Verdict.FINE, first.entry)


@pytest.mark.parametrize(("owner", "gen"), [("second", 0), ("first", -1), ("first", 1), ("", 0)])
async def test_a_stranger_changes_nothing(store: RedisStore, server: Server, owner: str, gen: int) -> None:
    claim = await begun(store)
    stranger = claim._replace(owner=owner, gen=claim.gen + gen)
    before = server.ask("DUMP", RECORD)
    for reply in [
        await store.complete(stranger, DONE),
        await store.release(stranger),
        await store.extend(stranger),
    ]:
        assert (reply.verdict, reply.entry.owner, reply.entry.gen) == (Verdict.LOST, "first", claim.gen)
    assert server.ask("DUMP", RECORD) == before


async def test_moves_on_a_record_that_is_not_there(store: RedisStore, server: Server) -> None:
    stranger = FIRST.granted(7)
    for reply in [
        await store.complete(stranger, DONE),
        await store.release(stranger),
        await store.extend(stranger),
    ]:
        assert (reply.verdict, reply.entry) == (Verdict.LOST, Entry())
    assert server.ask("DBSIZE") == 0


async def test_a_late_owner_gets_the_other_s_result(stepped: SteppedStore, server: Server) -> None:
    server.ask("SET", "clock", "1800000000000")
    late = await begun(stepped)
    server.ask("SET", "clock", 1_800_000_000_000 + LEASE + SKEW_MS + 1)
    heir = await stepped.acquire(SECOND)
    assert (heir.verdict, heir.took_over, heir.entry.gen) == (Verdict.GRANTED, True, late.gen + 1)
    assert (await stepped.complete(late, Outcome("ok", b"too late"))).verdict is Verdict.LOST
    done = await stepped.complete(SECOND.granted(heir.entry.gen), DONE)
    reply = await stepped.complete(late, Outcome("ok", b"too late"))
    assert (reply.verdict, reply.entry) == (Verdict.THEIRS, done.entry)
    reply = await stepped.complete(late._replace(fingerprint="another payload"), Outcome("ok", b"too late"))
    assert reply.verdict is Verdict.LOST


@pytest.mark.parametrize(
    ("past", "asked", "verdict"),
    [
        (LEASE + SKEW_MS, SECOND, Verdict.BUSY),
        (LEASE + SKEW_MS + 1, SECOND, Verdict.GRANTED),
        (LEASE + SKEW_MS + 1, FIRST, Verdict.MINE),
        (LEASE + SKEW_MS + 1, SECOND._replace(takeover=False), Verdict.BUSY),
        (LEASE + SKEW_MS + 1, SECOND._replace(fingerprint="another payload"), Verdict.MISMATCH),
        (RETENTION, SECOND._replace(fingerprint="another payload"), Verdict.MISMATCH),
        (RETENTION, SECOND._replace(takeover=False), Verdict.BUSY),
        (RETENTION + 1, SECOND._replace(takeover=False, fingerprint="another payload"), Verdict.GRANTED),
    ],
)
async def test_a_lapsed_attempt(
    stepped: SteppedStore, server: Server, past: int, asked: Claim, verdict: Verdict
) -> None:
    start = 1_800_000_000_000
    server.ask("SET", "clock", start)
    claim = await begun(stepped)
    server.ask("SET", "clock", start + past)
    reply = await stepped.acquire(asked)
    assert (reply.verdict, reply.now) == (verdict, start + past)
    if verdict is Verdict.GRANTED:
        assert reply.took_over
        assert reply.entry.gen == claim.gen + 1


async def test_an_expired_result_is_forgotten(stepped: SteppedStore, server: Server) -> None:
    start = 1_800_000_000_000
    server.ask("SET", "clock", start)
    claim = await begun(stepped)
    await stepped.complete(claim, DONE)
    server.ask("SET", "clock", start + RETENTION)
    assert (await stepped.acquire(SECOND)).verdict is Verdict.REPLAY
    server.ask("SET", "clock", start + RETENTION + 1)
    reply = await stepped.acquire(SECOND)
    assert (reply.verdict, reply.took_over) == (Verdict.GRANTED, False)
    assert reply.entry[-2:] == (b"", "")
    assert server.fields().keys() == {b"state", b"owner", b"gen", b"lease_until", b"fingerprint", b"expires"}
    assert (await stepped.acquire(FIRST)).entry == reply.entry


async def test_tokens_grow_past_a_deleted_record(store: RedisStore, server: Server) -> None:
    claim = await begun(store)
    server.ask("DEL", RECORD)
    assert (await begun(store)).gen > claim.gen


@pytest.mark.parametrize("years", [-30, 30])
async def test_the_time_is_the_server_s(
    store: RedisStore, server: Server, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    claim = await begun(store)
    there = time.time
    monkeypatch.setattr(time, "time", lambda: there() + years * 365 * DAY_S)
    before = server.now()
    reply = await store.acquire(SECOND)
    assert reply.verdict is Verdict.BUSY
    assert before <= reply.now <= server.now()
    extended = await store.extend(claim)
    assert extended.entry.lease_until == extended.now + LEASE
    assert before <= extended.now <= server.now()


async def test_applications_with_different_prefixes_do_not_meet(server: Server) -> None:
    async with RedisStore(server.url, prefix="orders:") as orders, RedisStore(f"{server.url}?prefix=bills:") as bills:
        assert (await orders.acquire(FIRST)).verdict is Verdict.GRANTED
        assert (await bills.acquire(SECOND)).verdict is Verdict.GRANTED
        assert (await orders.acquire(SECOND)).entry.owner == "first"
    assert sorted(server.ask("KEYS", "*")) == [b"bills:{7f}", b"orders:{7f}"]


async def test_a_key_of_another_program_is_left_alone(store: RedisStore, server: Server) -> None:
    server.ask("SET", RECORD, "theirs")
    for move in (store.acquire(FIRST), store.complete(FIRST, DONE), store.release(FIRST), store.extend(FIRST)):
        with pytest.raises(ConfigurationError, match="choose another prefix="):
            await move
    assert server.ask("GET", RECORD) == b"theirs"


async def test_of_many_at_once_one_is_granted(store: RedisStore) -> None:
    replies = await asyncio.gather(*(store.acquire(FIRST._replace(owner=f"owner {n}")) for n in range(200)))
    granted = [reply for reply in replies if reply.verdict is Verdict.GRANTED]
    assert len(granted) == 1
    assert {reply.entry.owner for reply in replies} == {granted[0].entry.owner}
    assert {reply.verdict for reply in replies} == {Verdict.GRANTED, Verdict.BUSY}


def test_scripts_use_no_command_beyond_those_that_the_documentation_permits() -> None:
    store = RedisStore()
    scripts = store._scripts  # pyright: ignore[reportPrivateUsage] -- no other way to see all that may be called
    used = {name for script in scripts for name in re.findall(rb"redis\.call\('(\w+)'", script.source)}
    assert used == {b"TIME", b"HMGET", b"HSET", b"HDEL", b"DEL", b"PEXPIREAT", b"RPUSH", b"PEXPIRE"}
