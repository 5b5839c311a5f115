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
    LockTimeoutError,
    NoLeaseError,
    ResultOmittedError,
    StoreUnavailableError,
)
from lambdaframe.idempotency.store import LockableStore, Naming, Notifying, Store, open_store

if TYPE_CHECKING:
    from lambdaframe.idempotency.codec import ResultCodec
    from lambdaframe.idempotency.counters import Counters
    from lambdaframe.idempotency.decorator import Replay, idempotent
    from lambdaframe.idempotency.lease import Lease, current_lease, no_effect_yet
    from lambdaframe.idempotency.local_cache import LocalCache
    from lambdaframe.idempotency.lock import Lock, Lockable
    from lambdaframe.idempotency.stores.dynamodb import DynamoDBStore
    from lambdaframe.idempotency.stores.memory import MemoryStore
    from lambdaframe.idempotency.stores.powertools_json import PowertoolsCodec
    from lambdaframe.idempotency.stores.powertools_layout import PowertoolsLayout
    from lambdaframe.idempotency.stores.redis import RedisStore

_HOME = {
    "Counters": "lambdaframe.idempotency.counters",
    "DynamoDBStore": "lambdaframe.idempotency.stores.dynamodb",
    "Lease": "lambdaframe.idempotency.lease",
    "LocalCache": "lambdaframe.idempotency.local_cache",
    "Lock": "lambdaframe.idempotency.lock",
    "Lockable": "lambdaframe.idempotency.lock",
    "MemoryStore": "lambdaframe.idempotency.stores.memory",
    "PowertoolsCodec": "lambdaframe.idempotency.stores.powertools_json",
    "PowertoolsLayout": "lambdaframe.idempotency.stores.powertools_layout",
    "RedisStore": "lambdaframe.idempotency.stores.redis",
    "Replay": "lambdaframe.idempotency.decorator",
    "ResultCodec": "lambdaframe.idempotency.codec",
    "current_lease": "lambdaframe.idempotency.lease",
    "idempotent": "lambdaframe.idempotency.decorator",
    "no_effect_yet": "lambdaframe.idempotency.lease",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


__all__ = [
    "Counters",
    "DynamoDBStore",
    "IdempotencyConflictError",
    "IdempotencyError",
    "IdempotencyKeyError",
    "IdempotencyMismatchError",
    "Lease",
    "LeaseLostError",
    "LocalCache",
    "Lock",
    "LockTimeoutError",
    "Lockable",
    "LockableStore",
    "MemoryStore",
    "Naming",
    "NoLeaseError",
    "Notifying",
    "PowertoolsCodec",
    "PowertoolsLayout",
    "RedisStore",
    "Replay",
    "ResultCodec",
    "ResultOmittedError",
    "Store",
    "StoreUnavailableError",
    "current_lease",
    "idempotent",
    "no_effect_yet",
    "open_store",
]
