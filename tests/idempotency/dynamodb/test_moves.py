"""Every move on both emulators, beside a MemoryStore under the same clock: the same answer, to the byte."""

import asyncio
from typing import Any

import pytest

from lambdaframe.idempotency import MemoryStore
from lambdaframe.idempotency.stores._dynamodb_options import LARGEST_RESULT
from lambdaframe.idempotency.stores.dynamodb import DynamoDBStore
from lambdaframe.idempotency.transitions import SKEW_MS, Claim, Kind, Move, Outcome, Reply, Verdict
from tests.idempotency.clock import FakeClock
from tests.idempotency.dynamodb.conftest import MakeStore, client_of
from tests.ministack.server import Ministack

FIRST = Claim("key", "first owner", "payload", lease_ms=5_000, retention_ms=20_000)
SECOND = FIRST._replace(owner="second owner")
OTHER = FIRST._replace(owner="third owner", fingerprint="another payload")
DONE = Outcome("ok", b'{"id": 7}')


class Pair:
    """A DynamoDBStore and a MemoryStore that make the same moves."""

    def __init__(self, store: DynamoDBStore, server: Any, clock: FakeClock) -> None:
        self.store = store
        self.memory = MemoryStore(clock=clock)
        self.clock = clock
        self._client = client_of(server)

    async def move(self, move: Move, claim: Claim, *outcome: Outcome) -> Reply:
        reply: Reply = await getattr(self.store, move)(claim, *outcome)
        expected: Reply = await getattr(self.memory, move)(claim, *outcome)
        # MemoryStore does not know any more whether an attempt that it granted before had taken over.
        assert reply._replace(took_over=False) == expected._replace(took_over=False)
        assert reply.took_over == expected.took_over or reply.verdict is Verdict.MINE
        return reply

    async def acquire(self, claim: Claim) -> Reply:
        return await self.move("acquire", claim)

    async def start(self, claim: Claim = FIRST) -> Claim:
        reply = await self.acquire(claim)
        assert reply.verdict is Verdict.GRANTED
        return claim.granted(reply.entry.gen)

    async def verdict(self, move: Move, claim: Claim, *outcome: Outcome) -> Verdict:
        return (await self.move(move, claim, *outcome)).verdict

    def item(self) -> dict[str, Any]:
        """As it lies in the table."""
        found = self._client.get_item(TableName=self.store.table, Key={"id": {"S": "key"}}, ConsistentRead=True)
        item: dict[str, Any] = found["Item"]
        return item


@pytest.fixture
async def pair(server: Any, make_store: MakeStore, clock: FakeClock) -> Pair:
    return Pair(make_store(server), server, clock)


async def test_a_key_is_acquired_once(pair: Pair) -> None:
    granted = await pair.start()
    assert granted.gen == pair.clock.now_ms
    assert await pair.verdict("acquire", SECOND) is Verdict.BUSY
    assert await pair.verdict("acquire", OTHER) is Verdict.MISMATCH
    assert await pair.verdict("acquire", FIRST) is Verdict.MINE


@pytest.mark.parametrize("kind", ["ok", "error", "omitted"])
async def test_a_result_is_replayed(pair: Pair, kind: Kind) -> None:
    granted = await pair.start()
    pair.clock.advance(1_000)
    assert await pair.verdict("complete", granted, Outcome(kind, b"why")) is Verdict.GRANTED
    pair.clock.advance(20_000)
    assert await pair.verdict("acquire", OTHER) is Verdict.MISMATCH
    replay = await pair.acquire(SECOND)
    assert (replay.verdict, replay.entry.kind, replay.entry.result) == (Verdict.REPLAY, kind, b"why")


@pytest.mark.parametrize(
    "result",
    [b"", b"\x00", b"null", b"0", bytes(range(256)), '"Zoë 🎉"'.encode(), b"x" * 350_000],
    ids=lambda result: f"{len(result)} bytes {result[:4]!r}",
)
async def test_a_result_comes_back_to_the_byte(pair: Pair, result: bytes) -> None:
    granted = await pair.start()
    assert (await pair.move("complete", granted, Outcome("ok", result))).entry.result == result
    replay = await pair.acquire(SECOND)
    assert replay.entry.result == result
    assert type(replay.entry.result) is bytes


async def test_the_longest_result_fits_into_an_item(server: Any, make_store: MakeStore) -> None:
    """With the longest key that DynamoDB takes."""
    store = make_store(server, max_result_size=LARGEST_RESULT)
    claim = FIRST._replace(key="k" * 2_048, owner="o" * 36, fingerprint="f" * 128)
    granted = claim.granted((await store.acquire(claim)).entry.gen)
    result = bytes(LARGEST_RESULT)
    assert (await store.complete(granted, Outcome("omitted", result))).verdict is Verdict.GRANTED
    assert (await store.acquire(claim._replace(owner="other"))).entry.result == result


async def test_a_result_is_recorded_once(pair: Pair) -> None:
    granted = await pair.start()
    await pair.move("complete", granted, DONE)
    before = pair.item()
    for claim, expected in [
        (granted, Verdict.FINE),
        (granted.granted(granted.gen - 1), Verdict.THEIRS),
        (SECOND.granted(granted.gen), Verdict.THEIRS),
        (OTHER.granted(granted.gen), Verdict.LOST),
    ]:
        reply = await pair.move("complete", claim, Outcome("ok", b"another"))
        assert reply.verdict is expected
        assert reply.entry.result == DONE.result
    assert pair.item() == before


@pytest.mark.parametrize("move", ["complete", "release", "extend"])
@pytest.mark.parametrize("stale", ["another owner", "an older gen", "a newer gen", "no record"])
async def test_only_the_holder_changes_a_record(pair: Pair, move: Move, stale: str) -> None:
    granted = await pair.start()
    before = pair.item()
    claim = {
        "another owner": SECOND.granted(granted.gen),
        "an older gen": granted.granted(granted.gen - 1),
        "a newer gen": granted.granted(granted.gen + 1),
        "no record": granted._replace(key="another key"),
    }[stale]
    assert await pair.verdict(move, claim, *([DONE] if move == "complete" else [])) is Verdict.LOST
    assert pair.item() == before


@pytest.mark.parametrize(
    ("past", "heir", "expected"),
    [
        (0, SECOND, Verdict.BUSY),
        (SKEW_MS, SECOND, Verdict.BUSY),
        (SKEW_MS + 1, SECOND, Verdict.GRANTED),
        (SKEW_MS + 1, SECOND._replace(takeover=False), Verdict.BUSY),
        (SKEW_MS + 1, OTHER, Verdict.MISMATCH),
        (SKEW_MS + 1, FIRST, Verdict.MINE),
    ],
)
async def test_a_lapsed_attempt_is_taken_over(pair: Pair, past: int, heir: Claim, expected: Verdict) -> None:
    granted = await pair.start()
    pair.clock.advance(FIRST.lease_ms + past)
    reply = await pair.acquire(heir)
    assert reply.verdict is expected
    assert reply.took_over is (expected is Verdict.GRANTED)
    if reply.took_over:
        assert reply.entry.gen == granted.gen + 1
        assert (await pair.acquire(heir)).took_over, "the first reply may have been lost"
        assert await pair.verdict("complete", granted, DONE) is Verdict.LOST
        await pair.move("complete", heir.granted(granted.gen + 1), DONE)
        assert await pair.verdict("complete", granted, Outcome("ok", b"late")) is Verdict.THEIRS


@pytest.mark.parametrize(("past", "expected"), [(0, Verdict.MISMATCH), (1, Verdict.GRANTED)])
async def test_an_expired_result_is_dropped(pair: Pair, past: int, expected: Verdict) -> None:
    await pair.move("complete", await pair.start(), DONE)
    pair.clock.advance(FIRST.retention_ms + past)
    reply = await pair.acquire(OTHER)
    assert (reply.verdict, reply.took_over) == (expected, False)
    assert ("result" in pair.item()) == ("kind" in pair.item()) == (expected is Verdict.MISMATCH)


async def test_an_attempt_that_expired_counts_as_taken_over(pair: Pair) -> None:
    await pair.start()
    pair.clock.advance(FIRST.retention_ms + 1)
    assert (await pair.acquire(OTHER)).took_over


async def test_a_released_key_is_free_and_its_token_grows(pair: Pair) -> None:
    granted = await pair.start()
    assert await pair.verdict("release", granted) is Verdict.GRANTED
    assert await pair.verdict("release", granted) is Verdict.LOST
    pair.clock.advance(-60_000)  # the clock of another process, which is behind
    reply = await pair.acquire(OTHER)
    assert (reply.verdict, reply.entry.gen, reply.took_over) == (Verdict.GRANTED, granted.gen + 1, False)


async def test_a_lease_is_extended(pair: Pair) -> None:
    granted = await pair.start()
    pair.clock.advance(4_000)
    longer = granted._replace(lease_ms=9_000)
    assert (await pair.move("extend", longer)).entry.lease_until == pair.clock.now_ms + 9_000
    pair.clock.advance(9_000 + SKEW_MS)
    assert await pair.verdict("acquire", SECOND) is Verdict.BUSY
    assert await pair.verdict("complete", granted, DONE) is Verdict.GRANTED
    assert await pair.verdict("extend", granted) is Verdict.LOST


async def test_tokens_grow_past_a_record_that_dynamodb_deleted(
    server: Any, make_store: MakeStore, clock: FakeClock
) -> None:
    store = make_store(server)
    granted = FIRST.granted((await store.acquire(FIRST)).entry.gen)
    client_of(server).delete_item(TableName=store.table, Key={"id": {"S": "key"}})
    assert (await store.complete(granted, DONE)).verdict is Verdict.LOST
    clock.advance(1)
    assert (await store.acquire(SECOND)).entry.gen > granted.gen


async def test_of_fifty_at_once_one_is_granted(ministack: Ministack, make_store: MakeStore) -> None:
    store = make_store(ministack)
    for number in range(5):
        claims = [FIRST._replace(key=f"key {number}", owner=f"owner {each}") for each in range(50)]
        replies = await asyncio.gather(*map(store.acquire, claims))
        assert sorted(reply.verdict.name for reply in replies) == ["BUSY"] * 49 + ["GRANTED"]
        granted = next(reply.entry for reply in replies if reply.verdict is Verdict.GRANTED)
        assert {reply.entry for reply in replies} == {granted}


async def test_fifty_keys_at_once(ministack: Ministack, make_store: MakeStore) -> None:
    store = make_store(ministack)

    async def run(number: int) -> None:
        claim = FIRST._replace(key=f"key {number}")
        granted = claim.granted((await store.acquire(claim)).entry.gen)
        await store.complete(granted, Outcome("ok", b"%d" % number))

    await asyncio.gather(*map(run, range(50)))
    for number in range(50):
        reply = await store.acquire(SECOND._replace(key=f"key {number}"))
        assert (reply.verdict, reply.entry.result) == (Verdict.REPLAY, b"%d" % number)


async def test_an_item_as_it_lies_in_the_table(pair: Pair) -> None:
    granted = await pair.start()
    running = {
        "id": {"S": "key"},
        "state": {"S": "R"},
        "owner": {"S": "first owner"},
        "gen": {"N": "4000000000000"},
        "lease_until": {"N": "4000000005000"},
        "fingerprint": {"S": "payload"},
        "expires": {"N": "4000000020000"},
        "ttl": {"N": "4000086420"},
        "previous": {"S": "-"},
    }
    assert pair.item() == running
    await pair.move("complete", granted, DONE)
    done = {"state": {"S": "D"}, "kind": {"S": "ok"}, "result": {"B": b'{"id": 7}'}}
    assert pair.item() == running | done
    pair.clock.advance(FIRST.retention_ms + 1)
    again = await pair.start(SECOND)
    await pair.move("release", again)
    assert pair.item() == {
        "id": {"S": "key"},
        "state": {"S": "F"},
        "owner": {"S": "second owner"},
        "gen": {"N": "4000000000001"},
        "lease_until": {"N": "4000000025001"},
        "fingerprint": {"S": "payload"},
        "expires": {"N": "4000000040001"},
        "ttl": {"N": "4000086440"},
        "previous": {"S": "D"},
    }
