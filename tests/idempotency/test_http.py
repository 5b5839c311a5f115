"""The Idempotency-Key header, by the guard alone: no server, no routes."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import anyio
import orjson
import pytest

from lambdaframe.errors import ConfigurationError
from lambdaframe.http.answers.responses import Answer
from lambdaframe.idempotency import (
    IdempotencyConflictError,
    IdempotencyKeyError,
    IdempotencyMismatchError,
    MemoryStore,
    ResultOmittedError,
)
from lambdaframe.idempotency.http import Guard, http_guard
from lambdaframe.idempotency.request import idempotency_key
from lambdaframe.idempotency.runner import DISABLED
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


# Which answers are kept


@pytest.mark.parametrize(
    ("status", "headers", "final_statuses", "kept"),
    [
        (201, [], None, True),
        (303, [(b"retry-after", b"1")], None, True),
        (404, [], None, True),
        (409, [], None, True),
        (408, [], None, False),
        (425, [], None, False),
        (429, [], None, False),
        (409, [(b"retry-after", b"5")], None, False),
        (409, [(b"Retry-After", b"5")], {409}, False),
        (404, [], {409}, False),
        (409, [], {409}, True),
        (429, [], [429], True),
        (404, [], (), False),
        (200, [], (), True),
        (500, [], None, False),
        (503, [], {404}, False),
    ],
)
async def test_answers_that_are_final_are_kept(
    status: int, headers: Any, final_statuses: Any, kept: bool, store: MemoryStore
) -> None:
    guard = http_guard(store, app="shop", operation="POST /", final_statuses=final_statuses)
    handler = Handler(Answer(status, headers, b"{}"))
    for _ in range(2):
        await guard(request("k"), BODY, handler)
    assert handler.calls == (1 if kept else 2)
    assert store.counters.released == (0 if kept else 2)


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


def seven(scope: Scope) -> Any:
    return 7


async def test_a_principal_that_is_no_text_is_a_mistake_of_the_application(store: MemoryStore) -> None:
    guard = http_guard(store, app="shop", operation="POST /", principal=seven)
    with pytest.raises(ConfigurationError, match=r"POST /: principal gave int; it gives a text or None\."):
        await guard(request("k"), BODY, must_not_run)


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


# What is asked, as the route says

ADA = b'{"order": {"sku": "a"}, "trace": 1}'
ADA_AGAIN = b'{"trace":2, "order":{"sku":"\\u0061"}}'
BOB = b'{"order": {"sku": "b"}, "trace": 1}'


def sku_of(scope: Scope, body: bytes) -> Any:
    return orjson.loads(body)["order"]["sku"]


@pytest.mark.parametrize("chosen", ["order.sku", "[order.sku, order.size]", "order", sku_of], ids=str)
async def test_only_what_the_route_chooses_is_compared(chosen: Any, store: MemoryStore) -> None:
    guard = http_guard(store, app="shop", operation="POST /", fingerprint=chosen)
    await guard(request("k"), ADA, Handler())
    assert REPLAYED in (await guard(request("k", query=b"dry=1"), ADA_AGAIN, must_not_run)).headers
    for scope, body in (
        (request("k"), BOB),
        (request("k", method="PUT"), ADA),
        (request("k", path="/orders/1"), ADA),
    ):
        with pytest.raises(IdempotencyMismatchError):
            await guard(scope, body, must_not_run)


@pytest.mark.parametrize(
    ("scope", "one", "two"),
    [
        (request("k"), b"no JSON", b"none either"),
        (request("k"), b'{"items": 1}', b'{"items": 2}'),
        (request("k"), b"[" * 2_000, b"[" * 3_000),
        (request("k"), b'{"items": "\\ud800"}', b'{"items": "\\ud801"}'),
        (request("k", content_type=b"text/plain"), b'{"items": [1]}', b'{"items": [2]}'),
    ],
    ids=["no JSON", "another type", "deep", "surrogate", "text"],
)
async def test_of_a_body_that_the_expression_is_not_for_all_counts(
    scope: Scope, one: bytes, two: bytes, store: MemoryStore
) -> None:
    guard = http_guard(store, app="shop", operation="POST /", fingerprint="length(items)")
    await guard(scope, one, Handler())
    assert REPLAYED in (await guard(scope, one, must_not_run)).headers
    with pytest.raises(IdempotencyMismatchError):
        await guard(scope, two, must_not_run)


async def test_numbers_that_a_double_can_t_hold_are_told_apart(store: MemoryStore) -> None:
    guard = http_guard(store, app="shop", operation="POST /", fingerprint="cents")
    await guard(request("k"), b'{"cents": 12345678901234567890123, "n": 1}', Handler())
    await guard(request("k"), b'{"cents": 12345678901234567890123, "n": 2}', must_not_run)
    with pytest.raises(IdempotencyMismatchError):
        await guard(request("k"), b'{"cents": 12345678901234567890124, "n": 1}', must_not_run)


async def test_a_body_of_hundreds_of_levels_is_compared_byte_for_byte(guard: Guard) -> None:
    deep = b"[" * 400 + b"]" * 400
    await guard(request("k"), deep, Handler())
    assert REPLAYED in (await guard(request("k"), deep, must_not_run)).headers


async def test_a_fingerprint_that_can_t_be_compared_is_a_mistake_of_the_application(store: MemoryStore) -> None:
    guard = http_guard(store, app="shop", operation="POST /", fingerprint=lambda scope, body: object())
    with pytest.raises(ConfigurationError, match=r"POST /: what fingerprint gave can't be compared: .*object"):
        await guard(request("k"), BODY, must_not_run)


# Options


async def a_coroutine(scope: Scope) -> str:
    return ""


def of_the_body(body: bytes) -> bytes:
    return body


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"ttl": 60}, "a result must be kept for twice the longest lease"),
    ({"lease": timedelta(0)}, "lease is a positive number"),
    ({"on_conflict": "fail"}, "on_conflict is one of"),
    ({"on_expiry": "wait"}, "on_expiry is one of"),
    ({"required": "no"}, "required is True or False, not 'no'"),
    ({"principal": "sub"}, "principal is a function of the scope, not async, that gives a text or None, not 'sub'"),
    ({"principal": a_coroutine}, "principal is a function of the scope, not async"),
    ({"principal": lambda: "me"}, "principal is a function of the scope"),
    ({"fingerprint": ["a"]}, r"or a function of \(scope, body\), not async; \['a'\] is neither"),
    ({"fingerprint": of_the_body}, r"or a function of \(scope, body\)"),
    ({"fingerprint": "a["}, "'a\\[' is no JMESPath expression"),
    ({"fingerprint": "size(a)"}, r"JMESPath has no function size\(\)"),
    ({"final_statuses": 404}, r"final_statuses are statuses from 200 to 499, such as \{404, 409\}, not 404"),
    ({"final_statuses": [500]}, "not 500: after a server's error the next request tries again"),
    ({"final_statuses": ["404"]}, "not '404'"),
    ({"final_statuses": "404"}, "not '404'"),
    ({"final_statuses": [True]}, "not True"),
]


@pytest.mark.parametrize(("options", "said"), WRONG)
def test_mistakes_in_options_are_found_at_registration(options: Any, said: str, store: MemoryStore) -> None:
    with pytest.raises(ConfigurationError, match=f"POST /: .*{said}"):
        http_guard(store, app="shop", operation="POST /", **options)


async def test_switched_off_each_request_runs_with_or_without_a_key(
    guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = Handler()
    monkeypatch.setenv(DISABLED, "1")
    for scope in (request("k"), request("k"), request(), request("a b")):
        assert await guard(scope, BODY, handler) == CREATED
    assert handler.calls == 4


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
