"""The Idempotency-Key header, by the guard alone: no server, no routes."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest

from lambdaframe.http.answers.responses import Answer
from lambdaframe.idempotency import (
    IdempotencyConflictError,
    IdempotencyKeyError,
    IdempotencyMismatchError,
    MemoryStore,
    ResultOmittedError,
)
from lambdaframe.idempotency.http import Guard, http_guard, idempotency_key
from lambdaframe.invocation import Invocation, current
from lambdaframe.types import Scope
from tests.idempotency.clock import FakeClock

CREATED = Answer(
    201,
    [
        (b"content-type", b"application/json"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
        (b"x-latin", b"caf\xe9"),
        (b"x-empty", b""),
    ],
    b'{"id": 1,\n "b": "\xc3\xa4"}\n\n\x00\xff',
)
REPLAYED = (b"idempotency-replayed", b"true")
BODY = b'{"sku": "a", "n": 1}'


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def guard(store: MemoryStore) -> Guard:
    return http_guard(store, app="shop", operation="POST /orders")


def request(
    *keys: str | bytes,
    method: str = "POST",
    path: str = "/orders",
    query: bytes = b"",
    content_type: bytes = b"application/json",
    principal: str | None = None,
) -> Scope:
    headers = [(b"idempotency-key", key.encode("latin-1") if isinstance(key, str) else key) for key in keys]
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(b"host", b"h"), *headers, (b"content-type", content_type)],
        "extensions": {"lambda": {"event": {}, "context": None, "principal": principal}},
    }


class Handler:
    """Gives the same answer each time and counts."""

    def __init__(self, answer: Answer = CREATED) -> None:
        self.answer = answer
        self.calls = 0

    async def __call__(self) -> Answer:
        self.calls += 1
        return self.answer


async def must_not_run() -> Answer:
    pytest.fail("the handler ran")


# Replays


@pytest.mark.parametrize(
    "answer",
    [
        CREATED,
        Answer(204, [], b""),
        Answer(303, [(b"location", b"/1")], b""),
        Answer(404, [], b"{}"),
        Answer(499, [], b"\n"),
    ],
    ids=lambda answer: str(answer.status),
)
async def test_the_first_answer_is_sent_again_byte_for_byte(answer: Answer, guard: Guard) -> None:
    handler = Handler(answer)
    assert await guard(request("k"), BODY, handler) == answer
    for _ in range(2):
        status, headers, body = await guard(request("k"), BODY, handler)
        assert (status, headers, body) == (answer.status, [*answer.headers, REPLAYED], answer.body)
    assert handler.calls == 1


@pytest.mark.parametrize("status", [500, 503])
async def test_a_server_error_is_not_kept(status: int, guard: Guard) -> None:
    handler = Handler(Answer(status, [], b"later"))
    assert await guard(request("k"), BODY, handler) == handler.answer
    handler.answer = CREATED
    assert await guard(request("k"), BODY, handler) == CREATED
    assert handler.calls == 2


async def test_an_unexpected_error_comes_out_and_releases_the_key(guard: Guard) -> None:
    async def fails() -> Answer:
        raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await guard(request("k"), BODY, fails)
    assert await guard(request("k"), BODY, Handler()) == CREATED


async def test_two_requests_at_once_make_one_order(guard: Guard) -> None:
    started, finish = anyio.Event(), anyio.Event()
    answers: list[Answer] = []

    async def slow() -> Answer:
        started.set()
        await finish.wait()
        return CREATED

    async def post(produce: Callable[[], Awaitable[Answer]]) -> None:
        answers.append(await guard(request("k"), BODY, produce))

    async with anyio.create_task_group() as group:
        group.start_soon(post, slow)
        await started.wait()
        group.start_soon(post, must_not_run)
        await anyio.wait_all_tasks_blocked()
        finish.set()
    assert [(answer.status, answer.body) for answer in answers] == [(201, CREATED.body)] * 2


async def test_an_answer_too_long_to_keep_is_not_made_again() -> None:
    guard, handler = http_guard(MemoryStore(max_result_size=10), app="shop", operation="POST /"), Handler()
    assert await guard(request("k"), BODY, handler) == CREATED
    with pytest.raises(ResultOmittedError):
        await guard(request("k"), BODY, handler)
    assert handler.calls == 1


# Who asks


async def test_nobody_reads_another_s_answer(guard: Guard) -> None:
    alice, bob, nobody = (Handler(Answer(200, [], name)) for name in (b"alice", b"bob", b"nobody"))
    for _ in range(2):
        assert (await guard(request("k", principal="alice"), BODY, alice)).body == b"alice"
        assert (await guard(request("k", principal="bob"), BODY, bob)).body == b"bob"
        assert (await guard(request("k"), BODY, nobody)).body == b"nobody"


async def test_the_app_may_say_who_asks(store: MemoryStore) -> None:
    def tenant(scope: Scope) -> str | None:
        return str(scope["path"]).split("/")[1]

    guard = http_guard(store, app="shop", operation="POST /{tenant}", principal=tenant)
    for path in ("/a", "/b"):
        assert await guard(request("k", path=path, principal="same"), BODY, Handler()) == CREATED


async def test_apps_and_operations_do_not_share_keys(store: MemoryStore) -> None:
    for app, operation in (("shop", "POST /a"), ("shop", "POST /b"), ("other", "POST /a")):
        guard = http_guard(store, app=app, operation=operation)
        assert await guard(request("k"), BODY, Handler()) == CREATED


async def test_no_extensions_are_needed(guard: Guard) -> None:
    scope = request("k")
    del scope["extensions"]
    assert await guard(scope, BODY, Handler()) == CREATED


# What is asked


@pytest.mark.parametrize(
    ("scope", "body"),
    [
        (request("k"), b'{"sku": "a", "n": 2}'),
        (request("k"), b""),
        (request("k", method="PUT"), BODY),
        (request("k", path="/orders/1"), BODY),
        (request("k", query=b"dry=1"), BODY),
        (request("k", content_type=b"text/plain"), BODY),
    ],
    ids=["number", "empty", "method", "path", "query", "type"],
)
async def test_another_payload_is_refused(scope: Scope, body: bytes, guard: Guard) -> None:
    await guard(request("k"), BODY, Handler())
    with pytest.raises(IdempotencyMismatchError):
        await guard(scope, body, must_not_run)


async def test_a_request_may_come_again_by_another_stage(guard: Guard) -> None:
    await guard({**request("k", path="/prod/orders"), "root_path": "/prod"}, BODY, Handler())
    assert REPLAYED in (await guard(request("k", path="/orders"), BODY, must_not_run)).headers


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (b"a=1&b=2", b"b=2&a=1", True),
        (b"a=1&a=2", b"a=2&a=1", False),
        (b"a=%41", b"a=A", True),
        (b"a=", b"", False),
        (b"a=%FF", b"a=%FE", False),
        (b"a=1&b=2", b"a=1%26b=2", False),
    ],
)
async def test_order_of_different_query_parameters_is_no_difference(
    first: bytes, second: bytes, same: bool, guard: Guard
) -> None:
    await guard(request("k", query=first), BODY, Handler())
    if same:
        assert REPLAYED in (await guard(request("k", query=second), BODY, must_not_run)).headers
    else:
        with pytest.raises(IdempotencyMismatchError):
            await guard(request("k", query=second), BODY, must_not_run)


@pytest.mark.parametrize(
    ("content_type", "same"),
    [(b"application/json; charset=utf-8", True), (b"Application/Problem+JSON", True), (b"text/plain", False)],
)
async def test_json_bodies_are_compared_as_json(content_type: bytes, same: bool, guard: Guard) -> None:
    await guard(request("k", content_type=content_type), BODY, Handler())
    again = guard(request("k", content_type=content_type), b'{"n":1,"sku":"\\u0061"}', must_not_run)
    if same:
        assert (await again).status == 201
    else:
        with pytest.raises(IdempotencyMismatchError):
            await again


# The header


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (b"8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        (b'"8e03978e"', "8e03978e"),
        (b" \t8e03978e ", "8e03978e"),
        (b'"a, b"', "a, b"),
        (rb'"a\"b\\c"', 'a"b\\c'),
        (b"a\\b;c=d!~", "a\\b;c=d!~"),
        (b"k" * 255, "k" * 255),
        (b'"' + b"k" * 255 + b'"', "k" * 255),
    ],
)
def test_keys_bare_and_quoted(value: bytes, key: str) -> None:
    assert idempotency_key([(b"idempotency-key", value)]) == key


@pytest.mark.parametrize(
    "values",
    [
        (b"",),
        (b'""',),
        (b"  ",),
        (b"k" * 256,),
        (b'"' + b"k" * 256 + b'"',),
        (b"k" * 300,),
        (b"a b",),
        (b"a\x00b",),
        (b"a\nb",),
        (b'"a\tb"',),
        (b"a\x7f",),
        (b"caf\xe9",),
        (b'"caf\xc3\xa9"',),
        (b'a"b',),
        (b'"a',),
        (b'"a\\b"',),
        (b'"a";p=1',),
        (b"one", b"one"),
        (b"one,one",),
        (b'"one", "one"',),
        (b"one", b""),
    ],
    ids=repr,
)
async def test_malformed_keys_are_refused(values: tuple[bytes, ...], guard: Guard) -> None:
    with pytest.raises(IdempotencyKeyError):
        await guard(request(*values), BODY, must_not_run)


async def test_both_forms_name_one_key(guard: Guard) -> None:
    await guard(request('"k"'), BODY, Handler())
    assert REPLAYED in (await guard(request("k"), BODY, must_not_run)).headers


async def test_a_missing_key_is_refused_unless_it_may_be(guard: Guard, store: MemoryStore) -> None:
    with pytest.raises(IdempotencyKeyError, match="missing"):
        await guard(request(), BODY, must_not_run)
    optional, handler = http_guard(store, app="shop", operation="POST /", required=False), Handler()
    for _ in range(2):
        assert await optional(request(), BODY, handler) == CREATED
    assert handler.calls == 2
    with pytest.raises(IdempotencyKeyError):
        await optional(request(""), BODY, must_not_run)


# Leases


@pytest.fixture
def clock() -> Iterator[FakeClock]:
    clock = FakeClock()
    token = current.set(Invocation(deadline=clock.monotonic() + 10, clock=clock))
    yield clock
    current.reset(token)


async def outstanding(guard: Guard, meanwhile: Callable[[], Awaitable[None]]) -> Any:
    """What becomes of a request while which something else happens."""
    try:

        async def produce() -> Answer:
            await meanwhile()
            return CREATED

        return await guard(request("k"), BODY, produce)
    except IdempotencyConflictError as exc:
        return exc


async def test_an_outstanding_request_says_when_to_come_back(clock: FakeClock) -> None:
    guard = http_guard(MemoryStore(clock=clock), app="shop", operation="POST /orders", on_conflict="reject")

    async def meanwhile() -> None:
        clock.advance(500)
        with pytest.raises(IdempotencyConflictError) as caught:
            await guard(request("k"), BODY, must_not_run)
        assert caught.value.retry_after == 13  # 9.5 s to the deadline, 2 s of lease beyond it, 1 s of skew

    assert await outstanding(guard, meanwhile) == CREATED


async def test_a_request_that_was_taken_over_answers_as_the_other_did(clock: FakeClock) -> None:
    guard = http_guard(MemoryStore(clock=clock), app="shop", operation="POST /orders")
    other = Handler(Answer(200, [], b"theirs"))

    async def meanwhile() -> None:
        clock.advance(13_001)
        await guard(request("k"), BODY, other)

    assert await outstanding(guard, meanwhile) == Answer(200, [REPLAYED], b"theirs")


async def test_a_request_that_was_taken_over_by_a_running_one_is_a_conflict(clock: FakeClock) -> None:
    guard = http_guard(MemoryStore(clock=clock), app="shop", operation="POST /orders")
    results: list[Any] = []

    async def retry(produce: Callable[[], Awaitable[Answer]]) -> None:
        await guard(request("k"), BODY, produce)

    async def late() -> None:
        clock.advance(13_001)
        finished = anyio.Event()

        async def heir() -> Answer:
            finished.set()
            await ended.wait()
            return CREATED

        group.start_soon(retry, heir)
        await finished.wait()

    ended = anyio.Event()
    async with anyio.create_task_group() as group:
        results.append(await outstanding(guard, late))
        ended.set()
    assert isinstance(results[0], IdempotencyConflictError)
    assert results[0].retry_after == 1
