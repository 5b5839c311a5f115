"""Measuring in turn: every contestant once in each round, so that a slow moment of the machine hits them all."""

import statistics
import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

Work = Callable[[], object]

CONTEXT: Any = SimpleNamespace(
    function_name="bench",
    function_version="$LATEST",
    memory_limit_in_mb="512",
    invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:bench",
    aws_request_id="52fdfc07-2182-154f-163f-5f0f9a621d72",
    get_remaining_time_in_millis=lambda: 60_000,
)
"""What Lambda passes beside the event."""


def in_turn(contestants: Mapping[str, Work], *, rounds: int, calls: int) -> dict[str, list[float]]:
    """Microseconds for one call, per contestant and round."""
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for work in contestants.values():
        work()
    for _ in range(rounds):
        for name, work in contestants.items():
            start = time.perf_counter()
            for _ in range(calls):
                work()
            taken[name].append((time.perf_counter() - start) / calls * 1e6)
    return taken


def show(title: str, taken: Mapping[str, list[float]], *, to: str, unit: str = "µs") -> None:
    """Print the medians, and for each contestant the median of its rounds' ratios to ``to``."""
    print(f"\n{title:44} {unit:>9}   / {to}")
    for name, rounds in sorted(taken.items(), key=lambda item: statistics.median(item[1])):
        ratio = statistics.median(one / base for one, base in zip(rounds, taken[to], strict=True))
        print(f"  {name:42} {statistics.median(rounds):9.1f}   {ratio:.2f}")
