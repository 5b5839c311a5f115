"""Operations that run once: for a key, a payload and a time, whatever is retried, doubled or killed.

See :mod:`lambdaframe.idempotency.transitions` for the state machine and :mod:`lambdaframe.idempotency.runner` for
what happens when.
"""

from lambdaframe.errors import (
    IdempotencyConflictError,
    IdempotencyError,
    IdempotencyKeyError,
    IdempotencyMismatchError,
    LeaseLostError,
    NoLeaseError,
    ResultOmittedError,
)
from lambdaframe.idempotency.decorator import idempotent
from lambdaframe.idempotency.lease import Lease, current_lease
from lambdaframe.idempotency.store import Reply, Store, open_store
from lambdaframe.idempotency.stores.memory import MemoryStore

__all__ = [
    "IdempotencyConflictError",
    "IdempotencyError",
    "IdempotencyKeyError",
    "IdempotencyMismatchError",
    "Lease",
    "LeaseLostError",
    "MemoryStore",
    "NoLeaseError",
    "Reply",
    "ResultOmittedError",
    "Store",
    "current_lease",
    "idempotent",
    "open_store",
]
