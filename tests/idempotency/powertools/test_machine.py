"""Any interleaving of Powertools' moves and ours on one record, against a model of who may do what.

Powertools writes without conditions: a late attempt of its own may end over whatever is there. The model follows that,
and holds us to this:

J1 a move of ours that is refused changes nothing · J2 complete, release and extend are granted to the attempt that
wrote the record last, and to no other · J3 acquire is granted where there is no record, or the last one expired, was
released, or was left by an attempt that is over by the margin · J4 so it is with theirs, which know no margin but that
which we write for them · J5 who is refused by a done record gets the result that was written last, from both sides ·
J6 our generations grow.
"""

from typing import Any, NamedTuple

import pytest
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyItemAlreadyExistsError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from lambdaframe.idempotency.transitions import SKEW_MS, Claim, Outcome, Verdict
from tests.idempotency.clock import FakeClock
from tests.idempotency.powertools.shared import Server, SharedTable

DATA = {"id": 7}
NEVER = 2**53


class Attempt(NamedTuple):
    """Of ours with a claim, of theirs without."""

    number: int
    claim: Claim | None = None


class Record(NamedTuple):
    """``over_at``: ms from when on an attempt counts as over, by the one who wrote it. ``for_them``: by what they
    read."""

    writer: Attempt
    state: str
    expiration: int
    over_at: int = NEVER
    for_them: int = NEVER
    result: Any = None


class Machine(RuleBasedStateMachine):
    table: SharedTable

    def __init__(self) -> None:
        super().__init__()
        self.clock = self.table.clock
        # Whole tenths: the milliseconds that Powertools computes in floats are then what they should be.
        self.clock.now_ms = FakeClock().now_ms
        self.layer = self.table.configured_layer("app.place")
        self.key = self.table.layout.key_for("app.place", DATA)
        for item in self.table.items():
            self.table.client.delete_item(TableName=self.table.name, Key={"id": item["id"]})
        self.record: Record | None = None
        self.attempts: list[Attempt] = []
        self.last_gen = 0

    @property
    def now(self) -> int:
        return self.clock.now_ms

    def expired(self) -> bool:
        return self.record is not None and self.now // 1_000 > self.record.expiration

    # Ours

    @rule(lease=st.sampled_from([500, 30_000]), takeover=st.sampled_from([True, True, False]))
    def acquire(self, lease: int, takeover: bool) -> None:
        self.clock.advance(100)  # where they dropped a generation the next one comes from the time
        owner = f"owner {len(self.attempts)}"
        claim = Claim(self.key, owner, "x", lease, 2 * lease + 60_000, takeover)
        before, record = self.table.items(), self.record
        reply = self.table.run(self.table.store.acquire(claim))
        if record is None or self.expired() or record.state == "free":
            expected = Verdict.GRANTED
        elif record.state == "done":
            expected = Verdict.REPLAY
        else:
            expected = Verdict.GRANTED if takeover and self.now > record.over_at + SKEW_MS else Verdict.BUSY
        assert reply.verdict is expected, "J3"
        if expected is not Verdict.GRANTED:
            assert self.table.items() == before, "J1"
            if record is not None and expected is Verdict.REPLAY:
                assert reply.entry.result == record.result.encode(), "J5"
            return
        assert reply.entry.gen > self.last_gen, "J6"
        self.last_gen = reply.entry.gen
        attempt = Attempt(len(self.attempts), claim.granted(reply.entry.gen))
        self.attempts.append(attempt)
        self.start(attempt, claim)

    def start(self, attempt: Attempt, claim: Claim) -> None:
        over_at = self.now + claim.lease_ms
        for_them = over_at + SKEW_MS if claim.takeover else NEVER
        self.record = Record(attempt, "running", (self.now + claim.retention_ms) // 1_000, over_at, for_them)

    @rule(which=st.integers(0, 3), move=st.sampled_from(["complete", "complete", "release", "extend"]))
    def end(self, which: int, move: str) -> None:
        ours = [attempt for attempt in self.attempts if attempt.claim is not None]
        if not ours:
            return
        attempt = ours[-1 - which % len(ours)]
        claim = attempt.claim
        assert claim is not None
        before, record = self.table.items(), self.record
        result = f'"ours {attempt.number}"'
        if move == "complete":
            reply = self.table.run(self.table.store.complete(claim, Outcome("ok", result.encode())))
        else:
            reply = self.table.run(getattr(self.table.store, move)(claim))
        held = record is not None and record.state == "running" and record.writer == attempt
        assert (reply.verdict is Verdict.GRANTED) == held, "J2"
        if not held or record is None:
            assert self.table.items() == before, "J1"
            if move == "complete" and record is not None and record.state == "done":
                assert reply.verdict is (Verdict.FINE if record.writer == attempt else Verdict.THEIRS)
                assert reply.entry.result == record.result.encode(), "J5"
            else:
                assert reply.verdict is Verdict.LOST
        elif move == "complete":
            expiration = (self.now + claim.retention_ms) // 1_000
            self.record = record._replace(state="done", expiration=expiration, result=result)
        elif move == "release":
            self.record = record._replace(state="free", for_them=0)
        else:
            self.start(attempt, claim)

    # Theirs

    @rule(remaining=st.sampled_from([500, 30_000]), ttl=st.sampled_from([1, 120]))
    def start_theirs(self, remaining: int, ttl: int) -> None:
        record = self.record
        self.layer.expires_after_seconds = ttl
        may = record is None or self.expired() or (record.state != "done" and self.now > record.for_them)
        try:
            self.layer.save_inprogress(data=DATA, remaining_time_in_millis=remaining)
        except IdempotencyItemAlreadyExistsError as exc:
            assert not may, "J4"
            assert record is not None
            found: Any = exc.old_data_record
            assert found.status == ("COMPLETED" if record.state == "done" else "INPROGRESS")
            if record.state == "done":
                assert found.response_data == record.result, "J5"
            return
        assert may, "J4"
        over_at = self.now + remaining
        self.attempts.append(Attempt(len(self.attempts)))
        self.record = Record(self.attempts[-1], "running", self.now // 1_000 + ttl, over_at, over_at)

    @rule(which=st.integers(0, 3), fails=st.booleans(), ttl=st.sampled_from([1, 120]))
    def end_theirs(self, which: int, fails: bool, ttl: int) -> None:
        theirs = [attempt for attempt in self.attempts if attempt.claim is None]
        if not theirs:
            return
        attempt = theirs[-1 - which % len(theirs)]
        if fails:
            self.layer.delete_record(data=DATA, exception=ValueError())
            self.record = None
            return
        self.layer.expires_after_seconds = ttl
        self.layer.save_success(data=DATA, result=f"theirs {attempt.number}")
        self.record = Record(attempt, "done", self.now // 1_000 + ttl, result=f'"theirs {attempt.number}"')

    # Time

    @rule(ms=st.sampled_from([100, 400, 1_000, 5_000, 40_000, 200_000]))
    def tick(self, ms: int) -> None:
        self.clock.advance(ms)

    @rule(past=st.sampled_from([0, 100, SKEW_MS, SKEW_MS + 100]))
    def go_to_the_end_of_the_lease(self, past: int) -> None:
        if self.record is not None and self.record.over_at < NEVER:
            self.clock.now_ms = max(self.now, self.record.over_at + past)

    @rule(past=st.sampled_from([0, 900, 1_000]))
    def go_to_the_end_of_the_record(self, past: int) -> None:
        if self.record is not None:
            self.clock.now_ms = max(self.now, self.record.expiration * 1_000 + past)


@pytest.mark.parametrize("examples", [40])
def test_any_interleaving(local: Server, clock: FakeClock, examples: int) -> None:
    table = SharedTable(local, "shared-machine", clock, {})
    try:
        run_state_machine_as_test(
            type("Bound", (Machine,), {"table": table}),
            settings=settings(
                max_examples=examples,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow],
            ),
        )
    finally:
        table.close()
