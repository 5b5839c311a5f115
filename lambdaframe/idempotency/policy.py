"""The options of an idempotent operation, checked where it is registered, and the lease that follows from them."""

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeAlias

from lambdaframe.errors import ConfigurationError
from lambdaframe.idempotency.transitions import SKEW_MS, Claim

Duration: TypeAlias = float | timedelta
"""Seconds, or a timedelta."""

OnConflict: TypeAlias = Literal["wait", "reject"]
OnExpiry: TypeAlias = Literal["retry", "reject"]

HOUR = 3_600.0
GRACE = 2.0
"""A lease outlives its invocation's deadline by this many seconds."""
OPEN_LEASE = 30.0
"""The lease, in seconds, where there is no deadline. It is extended while the operation runs."""
LONGEST_INVOCATION = 900.0
"""Lambda's longest timeout: https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html"""


@dataclass(frozen=True, slots=True)
class Policy:
    """``ttl``: seconds a result is kept. ``lease``: seconds, or None to follow the deadline. ``wait``: whether a caller
    waits for a running attempt. ``takeover``: whether a lapsed attempt is run again."""

    ttl: float
    lease: float | None
    wait: bool
    takeover: bool

    def lease_for(self, remaining: float) -> float:
        """Seconds of lease with ``remaining`` seconds to the deadline (infinity for none)."""
        limit = self.lease
        if limit is None:
            limit = OPEN_LEASE if remaining == math.inf else LONGEST_INVOCATION + GRACE
        return min(max(remaining, 0.0) + GRACE, limit)

    def extends(self, remaining: float) -> bool:
        """Whether the lease may end before the operation has to, and so has to be extended."""
        return self.lease_for(remaining) < remaining + GRACE

    def claim(self, key: str, owner: str, fingerprint: str, remaining: float) -> Claim:
        """The claim of an attempt that starts now."""
        return Claim(
            key, owner, fingerprint, round(self.lease_for(remaining) * 1_000), round(self.ttl * 1_000), self.takeover
        )


def policy(
    operation: str,
    *,
    ttl: Duration = HOUR,
    lease: Duration | None = None,
    on_conflict: OnConflict = "wait",
    on_expiry: OnExpiry = "retry",
) -> Policy:
    """The options as a Policy. Raises ConfigurationError for one that can't be, naming the operation."""
    for name, value, choices in (
        ("on_conflict", on_conflict, ("wait", "reject")),
        ("on_expiry", on_expiry, ("retry", "reject")),
    ):
        if value not in choices:
            raise ConfigurationError(f"{operation}: {name} is one of {choices}, not {value!r}.")
    kept = _seconds(operation, "ttl", ttl)
    leased = None if lease is None else _seconds(operation, "lease", lease)
    longest = LONGEST_INVOCATION + GRACE if leased is None else leased
    # The record must outlive the lease by the skew, too: others judge its end by clocks of their own.
    least = longest + max(longest, SKEW_MS / 1_000)
    if kept < least:
        follows = "" if leased is not None else ", as long as Lambda's longest timeout; give lease= for a shorter one"
        after = " and for a second after it" if longest < 1 else ""
        raise ConfigurationError(
            f"{operation}: ttl={kept:g} s is too short: a result must be kept for twice the longest lease "
            f"({longest:g} s{follows}){after}, so at least {least:g} s."
        )
    return Policy(kept, leased, on_conflict == "wait", on_expiry == "retry")


def _seconds(operation: str, name: str, duration: Duration) -> float:
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if not 0.001 <= seconds < math.inf:
        raise ConfigurationError(
            f"{operation}: {name} is a positive number of seconds or a timedelta, not {duration!r}."
        )
    return float(seconds)
