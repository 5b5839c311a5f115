"""What the rules of the model are made of: two processes over one database, and each move compared to the oracle.

After each move the records are read from the database: they are what the last granted moves wrote, and a refused move
left them as they were, to the byte.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from hashlib import sha256
from itertools import permutations
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from lambdaframe.idempotency.transitions import Claim, Move, Outcome, Reply, Verdict
from tests.idempotency.oracle import SKEW, Oracle
from tests.idempotency.subjects.subject import Client, Record, Subject

PAYLOAD, OTHER = "a payload", "another payload"
RESULT = Outcome("ok", b"a result")

Home: TypeAlias = Literal[0, 1]
"""In which of the two processes an attempt runs."""


class Step(NamedTuple):
    """A move to make. ``outcome`` counts for a complete."""

    move: Move
    claim: Claim
    outcome: Outcome = RESULT


class Moves(RuleBasedStateMachine):
    """``subject``: the store under test."""

    subject: ClassVar[Subject]

    @initialize(ahead=st.integers(0, 10**9), skew=st.sampled_from((0, 1, -1, SKEW - 1, 1 - SKEW)))
    def begin(self, ahead: int, skew: int) -> None:
        self.clock = self.subject.new_clock(ahead)
        self.clients = self.subject.clients(self.clock, skew)
        self.subject.examples += 1
        self.keys = [sha256(b"%d of %d" % (key, self.subject.examples)).hexdigest() for key in range(2)]
        self.homes: dict[str, Home] = {}
        self.claims: list[Claim] = []
        self.oracle = Oracle(lambda owner: self.client(owner).now(), self.subject.retention)
        self.stored = self.subject.records(self.keys)

    def claim(
        self,
        key: int,
        home: Home,
        payload: str = PAYLOAD,
        lease: int = 2_000,
        longer: int = 0,
        *,
        takeover: bool = True,
    ) -> Claim:
        """A new attempt."""
        lease = max(lease, self.subject.shortest_lease)
        return Claim(self.keys[key], self.new_owner(home), payload, lease, 2 * lease + longer, takeover)

    def new_owner(self, home: Home) -> str:
        owner = f"{len(self.homes):032x}"
        self.homes[owner] = home
        return owner

    def chosen(self, which: int) -> Claim:
        """One of the last four claims that were granted, the last one for 0."""
        return self.claims[-1 - which % len(self.claims)]

    def client(self, owner: str) -> Client:
        return self.clients[self.homes[owner]]

    def running(self, key: int) -> Claim:
        """The attempt that holds this key; a new one if none does."""
        entry = self.oracle.records.get(self.keys[key])
        if entry is None or entry.state != "R":
            claim = self.claim(key, 0)
            if self.do("acquire", claim).verdict is not Verdict.GRANTED and entry is not None:
                self.wait_until(entry.expires + 1, 0)
                self.do("acquire", claim)
        return next(claim for claim in reversed(self.claims) if claim.key == self.keys[key])

    def wait_until(self, moment: int, home: Home) -> None:
        """Nothing happens until this process's clock says so."""
        self.clock.advance(max(0, moment - self.clients[home].now()))

    def do(self, move: Move, claim: Claim, outcome: Outcome = RESULT) -> Reply:
        """One move."""
        return self.at_once(Step(move, claim, outcome))[0]

    def at_once(self, *steps: Step) -> list[Reply]:
        """Moves at the same moment. Compare the replies and the records to what the oracle knows.

        Each owner has its effect before it completes: it does not know whether it is late.
        """
        for step in steps:
            if step.move == "complete" and self.oracle.owners.get((step.claim.key, step.claim.gen)) == step.claim.owner:
                self.oracle.effect(step.claim)
        self.subject.moves += len(steps)
        replies = self.subject.run(self.replies(steps))
        made = list(zip(steps, replies, strict=True))
        self.understand(made)
        self.oracle.check_sink(max(client.now() for client in self.clients))
        self.look_again(*(step.claim.key for step, reply in made if reply.verdict is Verdict.GRANTED))
        return replies

    async def replies(self, steps: Sequence[Step]) -> list[Reply]:
        moves: list[Coroutine[Any, Any, Reply]] = []
        for move, claim, outcome in steps:
            made = getattr(self.client(claim.owner).store, move)
            moves.append(made(claim, outcome) if move == "complete" else made(claim))
        return list(await asyncio.gather(*moves))

    def understand(self, made: Sequence[tuple[Step, Reply]]) -> None:
        """Find an order of the moves, one after the other, that explains the replies."""
        surprises: list[AssertionError] = []
        for order in permutations(made):
            oracle = self.oracle.fork() if len(made) > 1 else self.oracle
            try:
                for step, reply in order:
                    oracle.follow(step.move, step.claim, step.outcome, self.client(step.claim.owner).now(), reply)
            except AssertionError as surprise:
                surprises.append(surprise)
            else:
                self.oracle = oracle
                granted = [pair for pair in order if pair[1].verdict is Verdict.GRANTED and pair[0].move == "acquire"]
                self.claims += [step.claim.granted(reply.entry.gen) for step, reply in granted]
                return
        raise surprises[0]

    def look_again(self, *changed: str) -> None:
        """Read the records from the database. Those of other keys than ``changed`` must be as they were."""
        before, self.stored = self.stored, self.subject.records(self.keys)
        for key in self.keys:
            self.look(key, before.get(key), changed=key in changed)

    def look(self, key: str, before: Record | None, *, changed: bool) -> None:
        record, entry = self.stored.get(key), self.oracle.records.get(key)
        if record is None and entry is not None and self.subject.may_vanish(entry, self.clock.now_ms):
            self.oracle.forget(key, self.clock.now_ms)
            return
        assert changed or record == before, f"I3, I5, I6: {record} was {before}, and no move was granted"
        stored = None if record is None else self.subject.entry(key, record)
        assert stored == entry, f"stored as {stored} instead of {entry}"
