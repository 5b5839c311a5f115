"""Keys belong to one request or record: they never mix, never leak, never last longer."""

import contextvars
from collections.abc import Generator
from contextlib import ExitStack
from functools import partial

import anyio
import anyio.to_thread
import pytest

from lambdaframe.concurrency import in_thread
from lambdaframe.logging import bind, bound, fresh_keys, logger, unbind
from lambdaframe.logging.context import bound_keys
from tests.logging.written import Written, invocation


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


async def test_50_concurrent_tasks_never_see_each_others_keys(written: Written) -> None:
    async def request(number: int) -> None:
        fresh_keys()
        with invocation(request_id=f"request {number}"):
            bind(number=number)
            for step in range(20):
                await anyio.lowlevel.checkpoint()
                with bound(step=step):
                    await anyio.lowlevel.checkpoint()
                    logger.info("working", expected=number, at=step)
                assert "step" not in bound_keys()

    async with anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(request, number)

    assert len(written.lines) == 50 * 20
    for line in written.lines:
        assert line["number"] == line["expected"]
        assert line["step"] == line["at"]
        assert line["function_request_id"] == f"request {line['expected']}"
    assert bound_keys() == {}


async def test_50_sync_handlers_in_threads_never_see_each_others_keys(written: Written) -> None:
    def handler(number: int) -> None:
        for step in range(10):
            bind(step=step)
            logger.info("working", expected=number, at=step)

    async def request(number: int) -> None:
        bind(number=number)
        await in_thread(handler)(number)
        logger.info("answered", expected=number, keys=sorted(bound_keys()))

    async with anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(request, number)

    lines = written.lines
    assert len(lines) == 50 * 11
    assert all(line["number"] == line["expected"] for line in lines)
    assert all(line["step"] == line["at"] for line in lines if line["message"] == "working")
    assert all(line["keys"] == ["number"] for line in lines if line["message"] == "answered")
    assert all(write.endswith("}\n") and write.count("\n") == 1 for write in written.writes)


async def test_a_child_task_sees_its_parents_keys_and_keeps_its_own(written: Written) -> None:
    bound_now = anyio.Event()
    parent_done = anyio.Event()

    async def child() -> None:
        bind(child=True, shared="child")
        bound_now.set()
        await parent_done.wait()
        logger.info("child")

    bind(shared="parent")
    async with anyio.create_task_group() as group:
        group.start_soon(child)
        group.start_soon(partial(anyio.to_thread.run_sync, partial(bind, thread=True)))
        await bound_now.wait()
        bind(later="parent")
        logger.info("parent")
        parent_done.set()

    parent, child_line = written.lines
    assert parent["message"] == "parent"
    assert (parent["shared"], parent["later"]) == ("parent", "parent")
    assert "child" not in parent
    assert "thread" not in parent
    assert (child_line["shared"], child_line["child"]) == ("child", True)
    assert "later" not in child_line


def test_a_record_in_a_context_of_its_own_leaves_nothing_behind(written: Written) -> None:
    def record(number: int) -> None:
        bind(record=number)
        logger.info("record", expected=number)

    bind(batch="b")
    logger.info("before")
    for number in range(3):
        contextvars.copy_context().run(record, number)
    logger.info("after")
    before, *records, after = written.lines
    assert [(line["batch"], line["record"]) for line in records] == [("b", 0), ("b", 1), ("b", 2)]
    assert before["batch"] == after["batch"] == "b"
    assert "record" not in after


def test_fresh_keys_leave_nothing_of_the_request_before(written: Written) -> None:
    fresh_keys(first=1)
    bind(second=2)
    logger.info("one")
    fresh_keys()
    logger.info("two")
    one, two = written.lines
    assert list(one)[5:] == ["first", "second"]
    assert list(two)[5:] == []


def test_a_line_follows_each_change_of_its_surroundings(written: Written) -> None:
    logger.info("nothing")
    with invocation(request_id="r1"):
        logger.info("request")
        bind(a=1)
        logger.info("bound")
        with invocation(request_id="r2"):
            logger.info("inner request")
        bind(a=2, b=3)
        logger.info("bound again")
        unbind("a", "absent")
        logger.info("unbound")
    keys = [
        {key: line[key] for key in list(line)[5:] if key not in {"cold_start", "function_request_id"}}
        for line in written.lines
    ]
    assert keys == [
        {},
        {"correlation_id": "r1"},
        {"correlation_id": "r1", "a": 1},
        {"correlation_id": "r2", "a": 1},
        {"correlation_id": "r1", "a": 2, "b": 3},
        {"correlation_id": "r1", "b": 3},
    ]


def test_bound_restores_what_it_covered_and_leaves_other_keys(written: Written) -> None:
    bind(a="outer")
    with bound(a="inner", b=1, level="gold"):
        bind(c="stays")
        assert dict(bound_keys()) == {"a": "inner", "b": 1, "level_": "gold", "c": "stays"}
    assert dict(bound_keys()) == {"a": "outer", "c": "stays"}


def test_bound_ends_with_an_exception(written: Written) -> None:
    with pytest.raises(ValueError, match="inside"), bound(a=1):
        raise ValueError("inside")
    assert dict(bound_keys()) == {}


def test_bound_may_end_in_another_context(written: Written) -> None:
    def dependency() -> Generator[None]:
        with bound(a=1):
            yield

    running = dependency()
    contextvars.copy_context().run(next, running)
    contextvars.copy_context().run(next, running, None)
    assert dict(bound_keys()) == {}


def test_a_mutable_value_is_read_when_the_line_is_written(written: Written) -> None:
    seen: list[int] = []
    bind(seen=seen)
    logger.info("one")
    seen.append(1)
    logger.info("two")
    assert [line["seen"] for line in written.lines] == [[], [1]]


def test_nested_blocks_in_any_number(written: Written) -> None:
    with ExitStack() as stack:
        for number in range(100):
            stack.enter_context(bound(depth=number, **{f"key {number}": number}))
        logger.info("deep")
    assert (written.line["depth"], written.line["key 0"]) == (99, 0)
    assert dict(bound_keys()) == {}
