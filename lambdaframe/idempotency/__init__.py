"""Operations that run once: for a key, a payload and a time, whatever is retried, doubled or killed.

``transitions`` holds the state machine, ``runner`` what happens when. Names are loaded when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lambdaframe.errors import (
    IdempotencyConflictError,
    IdempotencyError,
    IdempotencyKeyError,
    IdempotencyMismatchError,
    LeaseLostError,
    NoLeaseError,
    ResultOmittedError,
)
from lambdaframe.idempotency.store import Store, open_store

if TYPE_CHECKING:
    from lambdaframe.idempotency.decorator import idempotent
    from lambdaframe.idempotency.lease import Lease, current_lease
    from lambdaframe.idempotency.stores.memory import MemoryStore

_HOME = {
    "Lease": "lambdaframe.idempotency.lease",
    "MemoryStore": "lambdaframe.idempotency.stores.memory",
    "current_lease": "lambdaframe.idempotency.lease",
    "idempotent": "lambdaframe.idempotency.decorator",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


__all__ = [
    "IdempotencyConflictError",
    "IdempotencyError",
    "IdempotencyKeyError",
    "IdempotencyMismatchError",
    "Lease",
    "LeaseLostError",
    "MemoryStore",
    "NoLeaseError",
    "ResultOmittedError",
    "Store",
    "current_lease",
    "idempotent",
    "open_store",
]
