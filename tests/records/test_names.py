"""A stream of several names: each record goes to its own name's consumer, side by side and in time."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import anyio
import pytest

from lambdaframe.errors import NoConsumerError
from lambdaframe.records.consumer import Consumers
from lambdaframe.records.names import run_each
from lambdaframe.records.record import Record, RecordFields
from tests.records.streams import Stream, give_deadline, simulate

pytestmark = pytest.mark.parametrize("backend", ["asyncio", "trio"])

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

FIELDS = RecordFields(
    "kafka", body=lambda raw: raw["body"], attributes=lambda raw: raw, sequence=lambda raw: raw["offset"]
)


def records(*places: str) -> list[Record]:
    """Records of topics ``a``, ``b``, …, each with one partition."""
    offsets: dict[str, int] = {}
    made: list[Record] = []
    for topic in places:
        offset = offsets[topic] = offsets.get(topic, -1) + 1
        raw = {"topic": topic, "offset": offset, "body": "{}"}
        made.append(Record(f"{topic}-0@{offset}", raw, FIELDS, f"{topic}-0"))
    return made


def scope(*names: str) -> dict[str, Any]:
    return {"type": "records", "source": "kafka", "name": None, "names": names, "order": "partition"}


async def through(consumers: Consumers, sent: Iterable[Record], *names: str) -> Stream:
    stream = Stream(sent)
    await run_each(lambda name: consumers.find("kafka", name), scope(*names), stream.receive, stream.send)
    return stream


def test_each_record_goes_to_its_own_consumer(backend: str) -> None:
    async def main() -> None:
        seen: list[tuple[str, str]] = []
        consumers = Consumers()

        @_add(consumers, "a")
        async def take_a(record: Record) -> None:
            seen.append(("a", record.id))

        @_add(consumers, None)
        async def take_others(record: Record) -> None:
            seen.append(("others", record.id))

        stream = await through(consumers, records(*"aabcab"), "a", "b", "c")
        assert sorted(stream.done) == ["a-0@0", "a-0@1", "a-0@2", "b-0@0", "b-0@1", "c-0@0"]
        assert {name for name, identifier in seen if identifier.startswith("a")} == {"a"}
        assert {name for name, identifier in seen if not identifier.startswith("a")} == {"others"}

    simulate(backend, main)


def test_names_are_worked_on_side_by_side_each_within_its_own_bound(backend: str) -> None:
    async def main() -> None:
        consumers = Consumers()
        running = {"a": 0, "b": 0}
        peaks = {"a": 0, "b": 0, "both": 0}

        async def work(record: Record) -> None:
            name = record.attributes["topic"]
            running[name] += 1
            peaks[name] = max(peaks[name], running[name])
            peaks["both"] = max(peaks["both"], sum(running.values()))
            await anyio.sleep(1)
            running[name] -= 1

        for name, concurrency in (("a", 1), ("b", 2)):
            consumers.add("kafka", name, work, concurrency=concurrency)
        sent = records(*"aaabbbb")
        for index, record in enumerate(sent):
            record.group = str(index)  # no order among them
        started = anyio.current_time()
        stream = await through(consumers, sent, "a", "b")
        assert len(stream.done) == 7
        assert peaks == {"a": 1, "b": 2, "both": 3}
        assert anyio.current_time() - started == pytest.approx(3)

    simulate(backend, main)


def test_a_name_that_hangs_costs_only_its_own(backend: str) -> None:
    async def main() -> None:
        consumers = Consumers()

        @_add(consumers, "a")
        async def hang(record: Record) -> None:
            await anyio.sleep(3600)

        @_add(consumers, "b")
        async def take(record: Record) -> None: ...

        give_deadline(10)
        started = anyio.current_time()
        stream = await through(consumers, records(*"aabbb"), "a", "b")
        assert sorted(stream.done) == ["b-0@0", "b-0@1", "b-0@2"]
        assert anyio.current_time() - started < 10

    simulate(backend, main)


def test_a_failure_stops_its_own_partition_only(backend: str) -> None:
    async def main() -> None:
        consumers = Consumers()

        @_add(consumers, "a")
        async def fail(record: Record) -> None:
            raise ValueError

        @_add(consumers, "b")
        async def take(record: Record) -> None: ...

        stream = await through(consumers, records(*"aabb"), "a", "b")
        assert stream.failed == ["a-0@0"]
        assert stream.done == ["b-0@0", "b-0@1"]

    simulate(backend, main)


def test_a_name_without_a_consumer_fails_all_before_anything_has_started(backend: str) -> None:
    async def main() -> None:
        seen: list[Record] = []
        consumers = Consumers()

        @_add(consumers, "a")
        async def take(record: Record) -> None:
            seen.append(record)

        stream = Stream(records(*"ab"))
        with pytest.raises(NoConsumerError, match="'b'"):
            await run_each(lambda name: consumers.find("kafka", name), scope("a", "b"), stream.receive, stream.send)
        assert (stream.pulled, seen) == (0, [])

    simulate(backend, main)


def test_what_the_source_raises_ends_all(backend: str) -> None:
    async def main() -> None:
        consumers = Consumers()
        cancelled: list[str] = []

        @_add(consumers, None)
        async def take(record: Record) -> None:
            try:
                await anyio.sleep(3600)
            except BaseException:
                cancelled.append(record.id)
                raise

        def broken() -> Iterable[Record]:
            yield from records("a")
            raise OSError("the source is gone")

        with pytest.raises(OSError, match="gone"):
            await through(consumers, broken(), "a", "b")
        assert cancelled == ["a-0@0"]

    simulate(backend, main)


def test_no_names_no_work(backend: str) -> None:
    async def main() -> None:
        stream = await through(Consumers(), [])
        assert (stream.pulled, stream.answers) == (0, [])

    simulate(backend, main)


def _add(consumers: Consumers, name: str | None) -> Callable[[FunctionT], FunctionT]:
    def register(function: FunctionT) -> FunctionT:
        consumers.add("kafka", name, function)
        return function

    return register
