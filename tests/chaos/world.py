"""The world around the workers: clients that ask until they are answered, the sink, and what goes wrong.

A client repeats its call when the worker dies and when it is told to try again; when a worker is paused it does not
wait for it but asks elsewhere, and the paused worker may still answer. One process, one thread: what the world sees has
one order.
"""

import random
import selectors
import signal
import time
from collections import Counter, deque
from collections.abc import Callable
from functools import partial

from tests.chaos import wire
from tests.chaos.backends import Backend
from tests.chaos.judge import Answer, Effect, Execution, KeyHistory, Kill
from tests.chaos.phases import Phases
from tests.chaos.place import Place
from tests.chaos.plan import Plan
from tests.chaos.processes import spawn
from tests.chaos.sink import FencedSink
from tests.chaos.timers import Timers
from tests.chaos.wire import Call, FromWorker
from tests.chaos.worker import Worker

LONGEST_STEP = 0.1
"""Seconds."""


class World:
    """``run`` once; afterwards ``histories``, ``kills``, ``tally`` and ``hit`` say what was seen."""

    def __init__(self, backend: Backend, plan: Plan, rng: random.Random, *, prefix: str, output: int) -> None:
        self._backend, self._plan, self._rng, self._prefix, self._output = backend, plan, rng, prefix, output
        self.histories: dict[str, KeyHistory] = {}
        self.kills: list[Kill] = []
        self.tally: Counter[str] = Counter()
        self.hit: Counter[str] = Counter()
        self._sink = FencedSink()
        self._phases = Phases(plan.workers)
        self._selector = selectors.DefaultSelector()
        self._timers = Timers()
        self._number = 0
        self._places: list[Place] = []
        self._open: dict[int, Call] = {}
        self._waiting: deque[Call] = deque()
        self._keys: Counter[str] = Counter()
        self._outage = False
        self._crashes = 0

    def run(self) -> None:
        """Until so many kills are done and every call is answered, or patience ends."""
        try:
            for slot in range(self._plan.workers):
                self._spawn(slot)
            if self._backend.restartable:
                self._timers.later(self._rng.expovariate(1 / self._plan.outage), self._break)
            self._until(lambda: not self._wild(), self._plan.patience + self._plan.kills)
            self._until(lambda: not (self._open or self._outage), self._plan.patience)
        finally:
            self._end()
        if not self._crashes and len(self.kills) < self._plan.kills:
            self._crashed(f"{len(self.kills)} kills in all that time")

    def _until(self, reached: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not reached() and self._crashes < self._plan.workers and time.monotonic() < end:
            if self._wild():
                self._top_up()
            self._step()

    def _wild(self) -> bool:
        """Whether things still go wrong."""
        return len(self.kills) < self._plan.kills

    def _crashed(self, what: str) -> None:
        self._crashes += 1
        self.histories.setdefault(f"{self._prefix}workers", KeyHistory()).broken.append(what)

    # Time and messages

    def _step(self) -> None:
        wait = min(self._timers.run(), LONGEST_STEP)
        for ready, _ in self._selector.select(wait):
            place: Place = ready.data
            messages = place.process.heard()
            if messages is None:
                self._died(place)
                continue
            for message in messages:
                self._hear(place, message)
            if place.doom is not None:
                place.doom()
                place.doom = None

    def _hear(self, place: Place, message: FromWorker) -> None:
        match message:
            case wire.Began(call, key, attempt, token, claimed, at, took_over):
                self.histories[key].executions.append(Execution(attempt, token, claimed, at))
                self.tally["takeovers"] += took_over
                place.ran.add(call)
            case wire.Effecting(call, key, attempt, token, value):
                accepted = self._sink.write(key, token, value)
                self.histories[key].effects.append(Effect(attempt, token, value, accepted))
                self.tally["fenced"] += not accepted
                place.process.tell(wire.Written(call, accepted))
            case wire.Releasing(key, token, at):
                self.histories[key].released.setdefault(token, at)
            case wire.Answered(call, result):
                self._answered(place, call, result)
            case wire.Refused(call, error):
                self.tally[error] += 1
                again = self._left(place, call)
                self._timers.later(self._plan.retry * self._rng.uniform(1, 2), lambda: self._dispatch(again))
            case wire.Broken(call, error):
                again = self._left(place, call)
                self.histories[again.key].broken.append(error)
                self._done(again)
            case wire.Stopping():
                self._paused(place)
            case wire.Moving(number):
                place.process.tell(wire.Moved(number, self._backend.move(message)))

    # Clients

    def _top_up(self) -> None:
        while len(self._keys) < self._plan.keys:
            self._number += 1
            key = f"{self._prefix}{self._number}"
            self.histories[key] = KeyHistory(lock=self._rng.random() < self._plan.locks)
            self._ask(key, 0.0)
            for _ in range(self._rng.randrange(self._plan.callers)):
                self._ask(key, self._rng.uniform(0, self._rng.choice((0.0, 0.02, 0.5, 2.5))))

    def _ask(self, key: str, seconds: float) -> None:
        self._number += 1
        call = Call(self._number, key, self.histories[key].lock)
        self._open[call.id] = call
        self._keys[key] += 1
        self.histories[key].asked += 1
        self._timers.later(seconds, lambda: self._dispatch(call))

    def _dispatch(self, call: Call, *, first: bool = False) -> None:
        free = [place for place in self._places if not place.paused and len(place.calls) < self._plan.calls]
        if not free:
            (self._waiting.appendleft if first else self._waiting.append)(call)
            return
        place = self._rng.choice(free)
        place.calls[call.id] = call
        place.process.tell(call)

    def _left(self, place: Place, call: int) -> Call:
        """The call is no longer this worker's; another takes its room."""
        place.ran.discard(call)
        left = place.calls.pop(call)
        if self._waiting and not place.paused:
            self._dispatch(self._waiting.popleft(), first=True)
        return left

    def _answered(self, place: Place, number: int, result: bytes) -> None:
        self.tally["replays"] += number not in place.ran
        call = self._left(place, number)
        self.histories[call.key].answers.append(Answer(result, time.monotonic()))
        self._done(call)

    def _done(self, call: Call) -> None:
        del self._open[call.id]
        self._keys[call.key] -= 1
        if not self._keys[call.key]:
            del self._keys[call.key]

    # What goes wrong

    def _spawn(self, slot: int) -> None:
        fate, fatal = self._plan.fate(self._rng) if self._wild() else (None, 0.0)
        worker = Worker(slot, self._backend, self._plan.lease, fate, self._rng.getrandbits(32), self._phases)
        place = Place(slot, spawn(worker.run, self._output))
        self._places.append(place)
        self._selector.register(place.process.events, selectors.EVENT_READ, place)
        if self._wild():
            doom = partial(self._doom, place, fatal, fatal if fate else self._rng.uniform(0, fatal))
            if self._rng.random() < self._plan.early:
                doom()
            else:
                place.doom = doom
        for _ in range(min(self._plan.calls, len(self._waiting))):
            self._dispatch(self._waiting.popleft(), first=True)

    def _doom(self, place: Place, fatal: float, pause: float) -> None:
        """Let it be killed in so many seconds, and perhaps paused before."""
        self._timers.later(fatal, lambda: self._kill(place))
        if pause < fatal and self._rng.random() < self._plan.pauses:
            self._timers.later(pause, lambda: self._pause(place))

    def _kill(self, place: Place) -> None:
        if place.alive and self._wild():
            place.killed_at = time.monotonic()
            place.process.signal(signal.SIGKILL)

    def _died(self, place: Place) -> None:
        place.alive = False
        self._selector.unregister(place.process.events)
        status = place.process.end()
        self._places.remove(place)
        hit = self._phases.taken(place.slot)
        calls = list(place.calls.values())
        if status != -signal.SIGKILL:
            self._crashed(f"a worker ended with {status}")
        elif calls:
            at = place.killed_at or time.monotonic()
            self.kills.append(Kill(at, tuple(sorted({call.key for call in calls}))))
            self.hit += hit
        self._spawn(place.slot)
        for call in calls:
            self._dispatch(call, first=True)

    def _pause(self, place: Place) -> None:
        if place.alive and not place.paused and self._wild():
            place.process.signal(signal.SIGSTOP)
            self._paused(place)

    def _paused(self, place: Place) -> None:
        """Its clients ask elsewhere. It goes on when others had the time to take over, and to finish."""
        place.paused = True
        self.tally["pauses"] += 1
        for key in sorted({call.key for call in place.calls.values()}):
            self._ask(key, self._rng.uniform(0, 0.1))
        self._timers.later(self._plan.lapse + self._rng.uniform(0.1, 0.8), lambda: self._resume(place))

    def _resume(self, place: Place) -> None:
        if place.alive:
            place.paused = False
            place.process.signal(signal.SIGCONT)

    def _break(self) -> None:
        if not self._wild():
            return
        self._outage = True
        self.tally["restarts"] += 1
        self._backend.kill()
        self._timers.later(self._rng.uniform(0, 0.4), self._mend)

    def _mend(self) -> None:
        self._backend.start()
        self._outage = False
        self._timers.later(self._rng.expovariate(1 / self._plan.outage), self._break)

    def _end(self) -> None:
        """Nobody is left behind, whatever happened."""
        for place in self._places:
            place.process.signal(signal.SIGKILL)
        for place in self._places:
            place.process.end()
        self._selector.close()
        if self._outage:
            self._backend.start()
