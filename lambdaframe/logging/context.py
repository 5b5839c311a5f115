"""The keys that belong to the current request or record, and to nothing else.

They live in one ContextVar that holds a mapping which is replaced and never changed. So a task or thread that binds a
key changes its own view only: not its parent's, not its siblings'. https://docs.python.org/3/library/contextvars.html
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

from lambdaframe.invocation import Invocation, current_record

LINE_KEYS = frozenset({"level", "location", "message", "timestamp", "exc_info"})
"""What a line says about itself, and what Lambda and dashboards filter by. No key of a user's replaces one of them."""

_NO_KEYS: Mapping[str, Any] = MappingProxyType({})
_keys: ContextVar[Mapping[str, Any]] = ContextVar("lambdaframe.logging.keys", default=_NO_KEYS)


class Story:
    """What is said of one request or batch while it lasts, for one line at its end.

    Shared by all tasks and threads that work on it, other than the keys: what a synchronous handler binds in its thread
    is part of it, too. ``facts``: keys that were bound, and what was noted.
    """

    __slots__ = ("facts", "record")

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self.record = current_record.get()
        """Whose story it is: what is bound in a record's own context is not part of its batch's."""


story: ContextVar[Story | None] = ContextVar("lambdaframe.logging.story", default=None)
"""The story that is being told, if anyone listens."""


def note(**facts: Any) -> None:
    """Add facts to the line at the end of the request or batch, and to no other line. Nothing where there is none."""
    told = story.get()
    if told is not None and told.record is current_record.get():
        told.facts.update(own_names(facts))


def own_names(keys: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same keys, with an underscore behind those that a line needs for itself: ``level`` becomes ``level_``."""
    if LINE_KEYS.isdisjoint(keys):
        return keys
    return {f"{key}_" if key in LINE_KEYS else key: value for key, value in keys.items()}


def bound_keys() -> Mapping[str, Any]:
    """The keys bound here and now: the same object until they change."""
    return _keys.get()


def fresh_keys(**keys: Any) -> None:
    """Start a request or record with exactly these keys.

    Whoever starts one calls it first, in a context of its own: a server may run a request in a copy of the context that
    the previous one left behind.
    """
    _keys.set(own_names(keys))


def bind(**keys: Any) -> None:
    """Add keys to every line of the current request or record from here on."""
    named = own_names(keys)
    _keys.set({**bound_keys(), **named})
    told = story.get()
    if told is not None and told.record is current_record.get():
        told.facts.update(named)


def unbind(*keys: str) -> None:
    """Take keys away again; one that is not bound is no error."""
    gone = own_names(dict.fromkeys(keys))
    _keys.set({key: value for key, value in bound_keys().items() if key not in gone})


@contextmanager
def bound(**keys: Any) -> Generator[None]:
    """Keys for the lines inside the ``with`` block. After it they are as before; other keys bound inside stay.

    It restores by name, not with the ContextVar's token, which only works in the context that made it: the second half
    of a generator dependency may run in another.
    """
    before = bound_keys()
    bind(**keys)
    try:
        yield
    finally:
        unbind(*keys)
        _keys.set({**bound_keys(), **{key: before[key] for key in own_names(keys) if key in before}})


def invocation_keys(invocation: Invocation | None) -> Mapping[str, Any]:
    """What every line says of the invocation it was written in; empty for None.

    ``function_name``, ``function_memory_size`` (MB, as Lambda passes it: a string) and ``function_arn`` only in Lambda.
    ``correlation_id`` is the record's where one is in work.
    """
    if invocation is None:
        return {}
    record = current_record.get()
    about = (invocation if record is None else record).correlation_id
    context = invocation.raw_context
    if context is None:
        return {
            "cold_start": invocation.cold_start,
            "function_request_id": invocation.request_id,
            "correlation_id": about,
        }
    return {
        "cold_start": invocation.cold_start,
        # A context made by hand, in a test, may lack some of them: that is no reason to lose a line.
        "function_name": getattr(context, "function_name", None),
        "function_memory_size": getattr(context, "memory_limit_in_mb", None),
        "function_arn": getattr(context, "invoked_function_arn", None),
        "function_request_id": invocation.request_id,
        "correlation_id": about,
    }
