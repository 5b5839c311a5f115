"""The lease of the running attempt: what code inside an idempotent operation fences its effects with."""

from contextvars import ContextVar
from typing import NamedTuple

from lambdaframe.errors import NoLeaseError


class Lease(NamedTuple):
    """The right to run one operation, for a time.

    ``fencing_token`` grows with every attempt at one ``key``: a resource that remembers the highest token it has seen
    and refuses lower ones is safe from attempts that were taken over. ``owner`` names this attempt alone.
    """

    key: str
    owner: str
    fencing_token: int


held_leases: ContextVar[tuple[Lease, ...]] = ContextVar("lambdaframe.leases", default=())
"""The leases this code runs under, the innermost last."""


def current_lease() -> Lease:
    """The lease of the innermost idempotent operation this code runs in.

    Raises NoLeaseError outside of one.
    """
    leases = held_leases.get()
    if not leases:
        raise NoLeaseError
    return leases[-1]
