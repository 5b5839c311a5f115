"""One run of a case: its records are sent and consumed, and everything that happens is written down."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from lambdaframe import App, Change, Record
from lambdaframe.errors import DropRecordError, PermanentError
from lambdaframe.logging import configure
from lambdaframe.logging.configuration import PROCESS
from lambdaframe.logging.processors import Entry, Processor
from lambdaframe.testing import FakeClock
from lambdaframe.types import Message
from lambdaframe_adapters.testing.pollers import (
    DynamoDBPoller,
    Handler,
    KafkaPoller,
    KinesisPoller,
    Poller,
    Sent,
    SQSPoller,
)
from tests.pollers.cases import LATER, Act, Case, Deed, Plan
from tests.pollers.diary import Diary, Moment
from tests.pollers.virtual import virtual_handler


class World:
    """One run of a case. ``out_of_order``: what was started before its turn."""

    def __init__(self, case: Case, clock: FakeClock) -> None:
        self.case = case
        self.clock = clock
        self.diaries: list[Diary] = []
        self.settled: set[int] = set()
        self.out_of_order: list[tuple[int, int]] = []
        self.numbers: dict[int, int] = {}
        self.lanes: list[str | None] = []
        self._attempts: Counter[int] = Counter()
        self._by_id: defaultdict[str, list[int]] = defaultdict(list)
        self._lock = Lock()
        self.poller: Poller

    @property
    def diary(self) -> Diary:
        return self.diaries[-1]

    # Sending

    def make_poller(self, handler: Handler) -> Poller:
        case = self.case
        options: dict[str, Any] = {"batch_size": case.batch_size, "timeout": case.timeout, "clock": self.clock}
        if case.kind in {"sqs", "fifo"}:
            queue = "queue.fifo" if case.kind == "fifo" else "queue"
            return SQSPoller(handler, queue, max_receive_count=case.attempts, **options)
        retries = None if case.attempts is None else case.attempts - 1
        # Numbers of different lengths: compared as strings they would be in another order.
        start = 10**20 - min(7, len(case.plans))
        options["maximum_retry_attempts"] = retries
        if case.kind == "kinesis":
            return KinesisPoller(handler, shards=case.lanes, first_sequence_number=start, **options)
        if case.kind == "dynamodb":
            return DynamoDBPoller(handler, shards=case.lanes, first_sequence_number=start, **options)
        return KafkaPoller(handler, partitions=case.lanes, first_offset=95, **options)

    def send_all(self) -> None:
        poller, last = self.poller, None
        for number, plan in enumerate(self.case.plans):
            group, body = f"g{plan.group}", "{" if plan.poison else {"number": number}
            if isinstance(poller, SQSPoller):
                twin = last.id if last is not None and self._may_be_twin(plan, last) else None
                sent = poller.send(body, group=group if poller.fifo else None, id=twin)
            elif isinstance(poller, KinesisPoller):
                sent = poller.send(body, partition_key=group)
            elif isinstance(poller, DynamoDBPoller):
                sent = poller.send({"id": group, "number": number})
                if plan.poison:
                    sent.raw["dynamodb"]["NewImage"]["number"] = {"N": "none"}
            elif isinstance(poller, KafkaPoller):
                sent = poller.send(body, key=group)
            else:
                raise TypeError(poller)
            last = sent
            self.numbers[id(sent)] = number
            self.lanes.append(sent.group)
            self._by_id[name_of(sent)].append(number)

    def _may_be_twin(self, plan: Plan, last: Sent) -> bool:
        """Of one id there is one poison record at most: its log line says no more than the id."""
        poisoned = any(self.case.plans[number].poison for number in self._by_id[last.id])
        return plan.twin and self.case.kind == "sqs" and not (plan.poison and poisoned)

    # Consuming

    def register(self, app: App) -> None:
        async def consume(record: Record, payload: dict[str, Any]) -> str:
            return await self._consume(record, payload["number"])

        async def follow(record: Record, change: Change[dict[str, Any]]) -> str:
            assert change.new is not None
            return await self._consume(record, change.new["number"])

        def consume_in_thread(record: Record, payload: dict[str, Any]) -> str:
            return self._consume_at_once(record, payload["number"])

        def follow_in_thread(record: Record, change: Change[dict[str, Any]]) -> str:
            assert change.new is not None
            return self._consume_at_once(record, change.new["number"])

        case = self.case
        verb: Any = getattr(app, "sqs" if case.kind == "fifo" else case.kind)
        register = verb(concurrency=case.concurrency, dead_letter=None if case.sink is None else self._bury)
        if case.kind == "dynamodb":
            register(follow_in_thread if case.threads else follow)
        else:
            register(consume_in_thread if case.threads else consume)

    async def _consume(self, record: Record, number: int) -> str:
        act = self._begin(record, number)
        diary, kind = self.diary, "cut"
        try:
            if act.seconds:
                await asyncio.sleep(act.seconds)
            if act.deed in {"hang", "swallow", "linger"}:
                await self._hang(act.deed)
                return "swallowed"
            kind = _kind(act.deed)
            if act.deed == "cancel task":
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
                await asyncio.sleep(0)
            return self._end(record, number, act.deed)
        finally:
            self._note(diary, kind, number)

    async def _hang(self, deed: Deed) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if deed == "linger":
                await asyncio.sleep(0.1)
            if deed != "swallow":
                raise

    def _consume_at_once(self, record: Record, number: int) -> str:
        act = self._begin(record, number)
        deed = LATER.get(act.deed, act.deed)
        try:
            return self._end(record, number, deed)
        finally:
            self._note(self.diary, _kind(deed), number)

    def _begin(self, record: Record, number: int) -> Act:
        assert number in self._by_id[record.id], "a record was given another's payload"
        diary = self.diary
        with self._lock:
            diary.working += 1
            diary.peak = max(diary.peak, diary.working)
        diary.moments.append(Moment(self.clock.time(), "start", number))
        if self.case.kind != "sqs":
            self._look_back(number)
        attempt = self._attempts[number]
        self._attempts[number] += 1
        acts = self.case.plans[number].acts
        return acts[attempt] if attempt < len(acts) else Act("ok", 0)

    def _look_back(self, number: int) -> None:
        gone = {self.numbers[id(sent)] for sent in (*self.poller.dead, *self.poller.expired)}
        for earlier in range(number):
            if self.lanes[earlier] == self.lanes[number] and earlier not in self.settled and earlier not in gone:
                self.out_of_order.append((earlier, number))

    def _end(self, record: Record, number: int, deed: Deed) -> str:
        if deed == "fail":
            raise ValueError(number)
        if deed == "cancel":
            raise asyncio.CancelledError
        if deed == "exit":
            raise SystemExit(number)
        if deed == "interrupt":
            raise KeyboardInterrupt
        if deed == "drop":
            self.settled.add(number)
            raise DropRecordError(str(number))
        if deed == "give up":
            raise PermanentError(str(number))
        result = f"{number} in {self._attempts[number]}"
        self.diary.returned[record.id].append(result)
        self.settled.add(number)
        return result

    def _note(self, diary: Diary, kind: str, number: int) -> None:
        with self._lock:
            diary.working -= 1
        diary.moments.append(Moment(self.clock.time(), kind, number))

    # Watching

    def answered(self, message: Message) -> None:
        if message["type"] == "records.done" and not message.get("dropped"):
            self.diary.results[message["id"]].append(message["result"])

    def log(self, entry: Entry) -> None:
        """A processor of the log: it keeps the lines of records and drops all."""
        name = entry.get("record_id")
        if name is None or not self.diaries or entry["level"] != "ERROR":
            return
        self.diary.logged[name] += 1
        if entry["message"] == "Poison record":
            self.diary.moments.append(Moment(self.clock.time(), "poison", self._poisoned(name)))

    def _poisoned(self, name: str) -> int:
        """The poison record of this id."""
        return next(number for number in self._by_id[name] if self.case.plans[number].poison)

    async def _bury(self, record: Record, error: BaseException) -> None:
        """The dead-letter sink."""
        if self.case.sink == "fails":
            raise OSError("the sink is full")
        number = int(str(error)) if isinstance(error, PermanentError) else self._poisoned(record.id)
        self.settled.add(number)
        self.diary.moments.append(Moment(self.clock.time(), "buried", number))


def _kind(deed: Deed) -> str:
    """What the diary calls the end of it."""
    return deed if deed in {"ok", "drop", "give up"} else "fail"


def name_of(sent: Sent) -> str:
    """The record's id as the framework has it."""
    return sent.id if isinstance(sent.id, str) else f"{sent.id[0]}@{sent.id[1]}"


@contextmanager
def lines_go_to(processor: Processor) -> Generator[None]:
    """Log lines pass through this processor alone."""
    before = PROCESS.settings
    configure(processors=[processor])
    try:
        yield
    finally:
        PROCESS.use(before)


def play(case: Case, calls: int = 30) -> World:
    """Send the case's records and let them be delivered until nothing is left, or ``calls`` invocations were made."""
    clock = FakeClock()
    world = World(case, clock)
    app = App()
    world.register(app)

    with (
        lines_go_to(world.log),
        virtual_handler(app, clock, threads=case.threads, answered=world.answered) as handler,
    ):

        def call(event: Any, context: Any) -> Any:
            world.diaries.append(Diary())
            return handler(event, context)

        world.poller = world.make_poller(call)
        world.send_all()
        world.poller.run(calls=calls)
    return world
