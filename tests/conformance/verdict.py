"""What is to be said of the runs: which tests may fail, what is wrong, and the table."""

import tomllib
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from tests.conformance.suite import GATEWAYS, Run

LEAST = 457
"""Tests that must pass behind every gateway, of Starlette 1.10's 493."""

_KNOWN = Path(__file__).with_name("known.toml")


def known(gateway: str) -> frozenset[str]:
    """The tests that can't pass behind this gateway."""
    entries = tomllib.loads(_KNOWN.read_text())["known"]
    return frozenset(
        test for entry in entries if gateway in entry.get("gateways", [gateway]) for test in entry["tests"]
    )


def wrong(run: Run, possible: Run) -> list[str]:
    """What is wrong with a run of ours, a sentence for each fault; none if all is well.

    A test that fails with Starlette's own client, too, fails for a reason of this machine's and is let off.
    """
    listed = known(run.gateway)
    failed = {name: error for name, error in run.errors.items() if name not in possible.errors}
    faults = [f"{name} fails and is not in known.toml: {failed[name]}" for name in sorted(failed.keys() - listed)]
    faults += [f"{name} passes and is in known.toml." for name in sorted(listed & run.passed)]
    faults += [f"{name} is in known.toml and is no test." for name in sorted(listed - run.tests)]
    if len(run.passed) < LEAST:
        faults.append(f"{len(run.passed)} tests pass; {LEAST} must.")
    return faults


def table(runs: Iterable[Run], possible: Run) -> str:
    """Passed and possible tests of each gateway, ours beside Mangum's."""
    figures = {(run.adapter, run.gateway): len(run.passed) for run in runs}
    total = len(possible.tests)
    rows = [f"{'source':14}{'lambdaframe':>14}{'Mangum ' + version('mangum'):>18}"]
    for gateway in GATEWAYS:
        ours, theirs = (figures.get((adapter, gateway)) for adapter in ("lambdaframe", "mangum"))
        rows.append(f"{gateway:14}{_cell(ours, total):>14}{_cell(theirs, total):>18}")
    return "\n".join(rows)


def _cell(passed: int | None, total: int) -> str:
    return "no such source" if passed is None else f"{passed} / {total}"
