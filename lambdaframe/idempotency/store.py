"""What a store is: four atomic moves over records, and nothing per call."""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from lambdaframe.errors import ConfigurationError

if TYPE_CHECKING:
    from lambdaframe.idempotency.transitions import Claim, Outcome, Reply


@runtime_checkable
class Store(Protocol):
    """Where the records of idempotent operations are kept.

    Each move is one atomic operation after :data:`lambdaframe.idempotency.transitions.TABLE`. A store has its own
    clock and holds no state of a call, so nested and concurrent calls may share it.
    """

    @property
    def max_result_size(self) -> int | None:
        """The longest result it takes, in bytes; None for no limit."""
        ...

    async def acquire(self, claim: "Claim") -> "Reply":
        """Start an attempt. GRANTED (the entry has the new ``gen``), or MISMATCH, REPLAY, MINE, BUSY."""
        ...

    async def complete(self, claim: "Claim", outcome: "Outcome") -> "Reply":
        """Record the result. GRANTED, or FINE, THEIRS, LOST."""
        ...

    async def release(self, claim: "Claim") -> "Reply":
        """Give up without a result, so that anyone may start anew. GRANTED or LOST."""
        ...

    async def extend(self, claim: "Claim") -> "Reply":
        """Let the lease last ``lease_ms`` from now. GRANTED or LOST."""
        ...


@runtime_checkable
class Notifying(Protocol):
    """A store that tells when an attempt has ended, so that nobody has to look again and again."""

    async def changed(self, key: str, seconds: float) -> bool:
        """Return True when the record may have been completed or released, or after so many seconds; False at once when
        it can't be watched now."""
        ...


def open_store(store: "str | Store") -> Store:
    """The store that a URL names, or the store itself.

    ``"memory://"`` is a new MemoryStore: its records are seen by this process alone and end with it. Raises
    ConfigurationError for anything else.
    """
    if store == "memory://":
        from lambdaframe.idempotency.stores.memory import MemoryStore

        return MemoryStore()
    if isinstance(store, str):
        scheme = store.partition("://")[0] if "://" in store else ""  # the rest may hold a password
        what = f"a URL of scheme {scheme!r}" if scheme else "a text that is no URL"
        raise ConfigurationError(
            f"{what} names no store: write 'memory://', or give an object with the four moves of Store."
        )
    if not isinstance(store, Store):  # pyright: ignore[reportUnnecessaryIsInstance] — for those without a type checker
        raise ConfigurationError(
            f"{type(store).__name__} is no store: give 'memory://', or an object with the four moves of Store."
        )
    return store
