"""``python -m tests.chaos``: rounds of chaos, each judged, and the table of what was seen."""

import argparse
import gc
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import NamedTuple, NoReturn

from tests.chaos.backends import Backend, DynamoDB, Hosted, Redis
from tests.chaos.judge import CHECKS, Finding, judge, percentile, recoveries
from tests.chaos.plan import Plan
from tests.chaos.world import World

ROUND = 250
"""Kills until what was seen is judged and forgotten."""
SHOWN = 10
"""Findings that are printed."""
LAST_WORDS = 4_000
"""Characters of the workers' output that are printed when something is broken."""
PLANS = {
    "hosted": Plan(),
    "redis": Plan(),
    # moto answers hardly a hundred requests a second.
    "dynamodb": Plan(workers=8, calls=3, keys=12, lease=1.0, life=2.0, retry=0.4),
}

ROWS = {
    "kills": "kills",
    "pauses": "pauses",
    "server restarts": "restarts",
    "keys": "keys",
    "of them locks": "locks",
    "calls": "calls",
    "executions": "executions",
    "takeovers": "takeovers",
    "replays": "replays",
    "conflicts": "IdempotencyConflictError",
    "store unavailable": "StoreUnavailableError",
    "leases lost": "LeaseLostError",
    "writes fenced off": "fenced",
}
"""The table's rows, and what is counted for them."""

_BACKENDS: Mapping[str, Callable[[int], AbstractContextManager[Backend]]] = {
    "hosted": lambda seed: Hosted(),
    "unfenced": lambda seed: Hosted(unfenced=True),
    "redis": Redis,
    "dynamodb": DynamoDB,
}


class Seen(NamedTuple):
    """Sums over all rounds. ``hit``: calls that were in work at a kill, by where they were."""

    tally: Counter[str]
    hit: Counter[str]
    findings: list[Finding]
    recoveries: list[float]


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 1 when a rule was broken; with ``--unfenced`` when no divergence was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="of processes that have calls in work (200)")
    parser.add_argument("--store", choices=PLANS, default="redis", help="(redis)")
    parser.add_argument("--unfenced", action="store_true", help="a double without conditions, that must be found out")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args(arguments)
    store: str = "unfenced" if options.unfenced else options.store
    print(f"store {store}, seed {options.seed}", flush=True)
    signal.signal(signal.SIGTERM, _end)
    rng = random.Random(options.seed)
    started = time.monotonic()
    with _BACKENDS[store](rng.getrandbits(32)) as backend:
        seen = _rounds(backend, PLANS.get(store, Plan()), options.kills, rng)
    _report(seen, time.monotonic() - started)
    divergent = any(finding.check == "divergent" for finding in seen.findings)
    return int(not divergent if options.unfenced else bool(seen.findings))


def _end(number: int, frame: object) -> NoReturn:
    """No server and no process is left behind."""
    sys.exit(1)


def _rounds(backend: Backend, plan: Plan, kills: int, rng: random.Random) -> Seen:
    """Round after round, until there were so many kills or a rule was broken."""
    seen = Seen(Counter(), Counter(), [], [])
    number = 0
    with tempfile.TemporaryFile("a+") as output:
        gc.freeze()  # so that a child does not copy every page when its collector looks at what it has inherited
        while seen.tally["kills"] < kills and not seen.findings:
            number += 1
            short = plan._replace(kills=min(ROUND, kills - seen.tally["kills"]))
            world = World(backend, short, rng, prefix=f"{number}-", output=output.fileno())
            world.run()
            _add(seen, world, plan.lapse)
            print(f"{seen.tally['kills']} kills, {seen.tally['keys']} keys, {len(seen.findings)} findings", flush=True)
        if any(finding.check == "broken" for finding in seen.findings):
            output.seek(0)
            print(output.read()[-LAST_WORDS:], file=sys.stderr)
    return seen


def _add(seen: Seen, world: World, lapse: float) -> None:
    histories = world.histories
    seen.tally.update(world.tally, kills=len(world.kills), keys=len(histories))
    seen.tally["locks"] += sum(history.lock for history in histories.values())
    seen.tally["calls"] += sum(history.asked for history in histories.values())
    seen.tally["executions"] += sum(len(history.executions) for history in histories.values())
    seen.hit.update(world.hit)
    seen.findings.extend(judge(histories, lapse))
    seen.recoveries.extend(recoveries(histories, world.kills))


def _report(seen: Seen, seconds: float) -> None:
    for finding in seen.findings[:SHOWN]:
        print(f"{finding.check}: {finding.key}: {finding.what}")
    found = Counter(finding.check for finding in seen.findings)
    names = {"divergent": "divergent results", "lost": "lost effects"}
    rows = {
        **{row: str(seen.tally[name]) for row, name in ROWS.items()},
        **{names.get(check, check): str(found[check]) for check in CHECKS},
        "median recovery": f"{percentile(seen.recoveries, 0.5):.2f} s",
        "p99 recovery": f"{percentile(seen.recoveries, 0.99):.2f} s",
        "all that took": f"{seconds:.0f} s",
    }
    for name, value in rows.items():
        print(f"{name:20}{value:>10}")
    print("in work at the kills:", ", ".join(f"{count} {phase}" for phase, count in seen.hit.most_common()))
