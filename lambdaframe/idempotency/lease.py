"""The lease of the running attempt: what code inside an idempotent operation fences its effects with."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from lambdaframe.errors import NoLeaseError


class Lease:
    """The right to run one operation, or to hold one lock, for a time.

    ``fencing_token`` grows with every attempt at one ``key``: a resource that remembers the highest token it has seen
    and refuses lower ones is safe from attempts that were taken over. ``owner`` names this attempt alone.
    """

    __slots__ = ("fencing_token", "key", "owner", "without_effect")

    def __init__(self, key: str, owner: str, fencing_token: int) -> None:
        self.key = key
        self.owner = owner
        self.fencing_token = fencing_token
        self.without_effect: BaseException | None = None
        """The cancellation that ended the attempt before its effect."""

    def __repr__(self) -> str:
        return f"<Lease {self.fencing_token} of {self.key}>"


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


@contextmanager
def no_effect_yet() -> Generator[None]:
    """Say that the operation has had no effect before the end of this block: cancelled inside, it lets others start at
    once.

    Without it a cancelled attempt keeps its key until its lease ends, because nobody knows how far it came. Raises
    NoLeaseError outside an idempotent operation.
    """
    lease = current_lease()
    try:
        yield
    except Exception:
        raise
    except BaseException as cancellation:
        # The very exception, not a flag: somebody may stop it further out and go on to the effect.
        lease.without_effect = cancellation
        raise
