"""Replies that are lost, servers that are not there, answers that say no."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from blockbuster import BlockBuster

from docs.examples.loopback import free_port
from lambdaframe.errors import ConfigurationError, StoreUnavailableError
from lambdaframe.idempotency.stores.dynamodb import DynamoDBStore
from lambdaframe.idempotency.transitions import Claim, Move, Outcome, Verdict
from tests.chaos.proxy import BLACK_HOLE, CUT, DELAYED, REPLY_LOST, FaultProxy
from tests.idempotency.clock import FakeClock
from tests.idempotency.dynamodb.conftest import MakeStore, client_of
from tests.idempotency.dynamodb.endpoint import answering, refusal, served
from tests.ministack.server import Ministack

CLAIM = Claim("key", "owner", "payload", lease_ms=30_000, retention_ms=60_000)
OTHER = CLAIM._replace(owner="other")
DONE = Outcome("ok", b"result")
PATIENCE = 20.0
"""Seconds: longer than any move may take."""


class At:
    """Where a server is."""

    def __init__(self, url: str) -> None:
        self.url = url


@pytest.fixture
def proxy(ministack: Ministack) -> Iterator[FaultProxy]:
    with FaultProxy(urlsplit(ministack.url).port or 0) as running:
        yield running


@pytest.fixture
async def store(proxy: FaultProxy, make_store: MakeStore) -> DynamoDBStore:
    made = make_store(At(proxy.url("http")))
    await made.create_table()
    return made


async def granted(store: DynamoDBStore) -> Claim:
    return CLAIM.granted((await store.acquire(CLAIM)).entry.gen)


async def test_the_reply_to_acquire_is_lost(store: DynamoDBStore, proxy: FaultProxy, clock: FakeClock) -> None:
    proxy.arm(REPLY_LOST, matching=b"UpdateItem")
    reply = await store.acquire(CLAIM)
    assert (reply.verdict, reply.entry.gen, reply.took_over) == (Verdict.MINE, clock.now_ms, False)
    assert proxy.struck.total() == 1
    assert (await store.acquire(OTHER)).verdict is Verdict.BUSY


async def test_the_reply_to_a_takeover_is_lost(store: DynamoDBStore, proxy: FaultProxy, clock: FakeClock) -> None:
    first = await granted(store)
    clock.advance(CLAIM.lease_ms + 1_001)
    proxy.arm(REPLY_LOST, matching=b"UpdateItem")
    reply = await store.acquire(OTHER)
    assert (reply.verdict, reply.entry.gen, reply.took_over) == (Verdict.MINE, first.gen + 1, True)


async def test_the_reply_to_complete_is_lost(store: DynamoDBStore, proxy: FaultProxy) -> None:
    claim = await granted(store)
    proxy.arm(REPLY_LOST, matching=b"UpdateItem")
    assert (await store.complete(claim, DONE)).verdict is Verdict.FINE
    assert (await store.acquire(OTHER)).entry.result == DONE.result


async def test_the_reply_to_extend_is_lost(store: DynamoDBStore, proxy: FaultProxy) -> None:
    claim = await granted(store)
    proxy.arm(REPLY_LOST, matching=b"UpdateItem")
    assert (await store.extend(claim)).verdict is Verdict.GRANTED


async def test_the_reply_to_release_is_lost(store: DynamoDBStore, proxy: FaultProxy) -> None:
    """The second try finds nothing to release, which harms nobody."""
    claim = await granted(store)
    proxy.arm(REPLY_LOST, matching=b"UpdateItem")
    reply = await store.release(claim)
    assert (reply.verdict, reply.entry.state) == (Verdict.LOST, "F")


async def test_a_connection_that_is_cut(store: DynamoDBStore, proxy: FaultProxy) -> None:
    proxy.arm(CUT, matching=b"UpdateItem")
    assert (await store.acquire(CLAIM)).verdict is Verdict.GRANTED
    assert proxy.struck.total() == 1


async def test_sockets_that_died_while_frozen_are_not_used(
    store: DynamoDBStore, proxy: FaultProxy, clock: FakeClock
) -> None:
    """The old connection gives no answer any more. Whoever used it would wait for the time-out, and find MINE."""
    await granted(store)
    for link in list(proxy._links):  # pyright: ignore[reportPrivateUsage] -- a proxy's fault strikes all or the next
        link.fault = BLACK_HOLE
    clock.advance(61_000)
    reply = await store.acquire(CLAIM._replace(key="another key"))
    assert reply.verdict is Verdict.GRANTED


async def test_a_black_hole_ends_in_time(store: DynamoDBStore, proxy: FaultProxy, make_store: MakeStore) -> None:
    proxy.arm(BLACK_HOLE, times=None, matching=b"UpdateItem")
    hurried = make_store(At(proxy.url("http")), read_timeout=0.1, connect_timeout=0.1)
    async with asyncio.timeout(PATIENCE):
        failed = await asyncio.gather(*(hurried.acquire(CLAIM) for _ in range(100)), return_exceptions=True)
    assert {type(error) for error in failed} == {StoreUnavailableError}
    proxy.heal()
    assert (await hurried.acquire(CLAIM)).verdict is Verdict.GRANTED


async def test_an_answer_that_trickles_ends_in_time(make_store: MakeStore) -> None:
    """Every byte comes in time, the answer does not."""

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not writer.is_closing():
            writer.write(b"x: y\r\n")
            await asyncio.sleep(0.05)

    async with served(trickle) as url:
        store = make_store(At(url), create_table=False, read_timeout=0.2, connect_timeout=0.2)
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(StoreUnavailableError, match=r"could not acquire: TimeoutError"):
                await store.acquire(CLAIM)


async def test_a_slow_answer_is_waited_for(store: DynamoDBStore, proxy: FaultProxy) -> None:
    proxy.arm(DELAYED, matching=b"UpdateItem")
    acquiring = asyncio.create_task(store.acquire(CLAIM))
    await proxy.wait_struck_async()
    proxy.release()
    assert (await acquiring).verdict is Verdict.GRANTED


async def test_a_cancelled_move_ends_at_once(store: DynamoDBStore, proxy: FaultProxy) -> None:
    proxy.arm(DELAYED, matching=b"UpdateItem")
    acquiring = asyncio.create_task(store.acquire(CLAIM))
    await proxy.wait_struck_async()
    acquiring.cancel()
    with pytest.raises(asyncio.CancelledError):
        await acquiring
    assert (await store.acquire(CLAIM)).verdict is Verdict.MINE


async def test_nobody_is_there(make_store: MakeStore) -> None:
    store = make_store(At(f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(StoreUnavailableError, match=rf"DynamoDB table '{store.table}' could not acquire: Endpoint"):
        await store.acquire(CLAIM)


@pytest.mark.parametrize(
    ("status", "code", "tries"),
    [
        (400, "ProvisionedThroughputExceededException", 3),
        (400, "RequestLimitExceeded", 3),
        (400, "ThrottlingException", 3),
        (400, "ReplicatedWriteConflictException", 3),
        (400, "TransactionConflictException", 1),
        (500, "InternalServerError", 3),
        (503, "ServiceUnavailable", 3),
    ],
)
async def test_what_may_be_better_in_a_moment(status: int, code: str, tries: int, make_store: MakeStore) -> None:
    async with answering(lambda operation: refusal(status, code)) as endpoint:
        store = make_store(endpoint, create_table=False)
        with pytest.raises(StoreUnavailableError, match=f"could not extend: .*{code}.*because"):
            await store.extend(CLAIM)
        assert endpoint.asked == ["UpdateItem"] * tries


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        ("AccessDeniedException", "User: arn:x is not authorized", "may not do this.*User: arn:x is not authorized"),
        ("UnrecognizedClientException", "The security token is invalid", "its credentials are refused"),
        ("ExpiredTokenException", "The security token has expired", "its credentials are refused.*has expired"),
        ("InvalidSignatureException", "The signature does not match", "its credentials are refused"),
        ("ResourceNotFoundException", "Requested resource not found", "it is not there.*create_table=True"),
        ("ValidationException", "Item size to update has exceeded", "the request does not fit it.*Item size"),
        (
            "ValidationException",
            "The provided key element does not match the schema",
            r"its keys are others than partition key 'id' \(S\) and no sort key",
        ),
    ],
)
async def test_what_no_repetition_changes(code: str, message: str, said: str, make_store: MakeStore) -> None:
    async with answering(lambda operation: refusal(400, code, message)) as endpoint:
        store = make_store(endpoint, create_table=False)
        with pytest.raises(ConfigurationError, match=f"DynamoDB table '{store.table}': .*{said}"):
            await store.acquire(CLAIM)
        assert endpoint.asked == ["UpdateItem"]


async def test_no_region(monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    async with DynamoDBStore(table) as store:
        with pytest.raises(
            ConfigurationError, match=f"No region is known for DynamoDB table '{table}': give region_na"
        ):
            await store.acquire(CLAIM)


async def test_no_credentials(monkeypatch: pytest.MonkeyPatch, table: str, blocking_calls_fail: BlockBuster) -> None:
    for function in blocking_calls_fail.functions.values():
        function.can_block_in("_dynamodb_client.py", "client")  # botocore looks for files that it may be in
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    async with DynamoDBStore(table, endpoint_url="http://127.0.0.1:9") as store:
        with pytest.raises(ConfigurationError, match=f"No credentials are known for DynamoDB table '{table}'"):
            await store.acquire(CLAIM)


# Servers that do not send the record that refused a move


class OldEndpoint:
    """A session whose requests do not ask for it, which DynamoDB knows since June 2023. ``between``: what happens
    before each read."""

    def __init__(self, *between: Callable[[], object]) -> None:
        import aioboto3  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs] -- it has none

        self.session: Any = aioboto3.Session()
        self.reads = 0
        self._between = between
        self.session.events.register("provide-client-params.dynamodb.UpdateItem", self._forget)
        self.session.events.register("provide-client-params.dynamodb.GetItem", self._read)

    def _forget(self, params: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {name: value for name, value in params.items() if name != "ReturnValuesOnConditionCheckFailure"}

    async def _read(self, params: dict[str, Any], **_: Any) -> None:
        assert params["ConsistentRead"] is True
        self.reads += 1
        for happens in self._between:
            await asyncio.to_thread(happens)


@pytest.mark.parametrize(
    ("move", "claim", "expected"),
    [
        ("acquire", OTHER, Verdict.REPLAY),
        ("acquire", OTHER._replace(fingerprint="another"), Verdict.MISMATCH),
        ("complete", CLAIM, Verdict.FINE),
        ("complete", OTHER, Verdict.THEIRS),
        ("complete", CLAIM._replace(key="no such key"), Verdict.LOST),
        ("release", OTHER, Verdict.LOST),
        ("extend", OTHER, Verdict.LOST),
    ],
)
async def test_the_record_is_read_where_it_is_not_sent(
    server: Any, make_store: MakeStore, move: Move, claim: Claim, expected: Verdict
) -> None:
    old = OldEndpoint()
    store = make_store(server, session=old.session)
    holder = await granted(store)
    await store.complete(holder, DONE)
    outcome = [DONE] if move == "complete" else []
    reply = await getattr(store, move)(claim.granted(holder.gen), *outcome)
    assert reply.verdict is expected
    assert reply.entry.result == (b"" if claim.key != "key" else DONE.result)
    assert old.reads == 1


@pytest.fixture
def item(ministack: Ministack, table: str) -> Iterator[Callable[[str], object]]:
    """``item("delete")``, ``item("put back")``: what others do with the item of the key."""
    client = client_of(ministack)
    key = {"id": {"S": CLAIM.key}}
    kept: list[Any] = []

    def change(how: str) -> None:
        if how == "delete":
            kept.append(client.get_item(TableName=table, Key=key)["Item"])
            client.delete_item(TableName=table, Key=key)
        elif kept:
            client.put_item(TableName=table, Item=kept[0])

    yield change
    client.close()


async def test_a_record_that_is_gone_when_it_is_read_is_acquired(
    ministack: Ministack, make_store: MakeStore, item: Callable[[str], object]
) -> None:
    old = OldEndpoint(lambda: item("delete"))
    store = make_store(ministack, session=old.session)
    await granted(store)
    assert (await store.acquire(OTHER)).verdict is Verdict.GRANTED
    assert old.reads == 1


async def test_a_record_that_never_holds_still(
    ministack: Ministack, make_store: MakeStore, item: Callable[[str], object]
) -> None:
    """Refused, and gone when it is read, three times."""
    old = OldEndpoint(lambda: item("delete"))
    store = make_store(ministack, session=old.session)
    await granted(store)

    async def put_back(**_: Any) -> None:
        await asyncio.to_thread(item, "put back")

    old.session.events.register("provide-client-params.dynamodb.UpdateItem", put_back)
    await store.aclose()  # a client knows the events of its session's that were there when it was made
    with pytest.raises(StoreUnavailableError, match="the record changed 3 times meanwhile"):
        await store.acquire(OTHER)
    assert old.reads == 3
