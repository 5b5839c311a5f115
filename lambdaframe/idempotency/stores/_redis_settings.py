"""The options of a RedisStore, from its arguments and its URL, checked where it is made."""

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from lambdaframe.errors import ConfigurationError
from lambdaframe.idempotency.stores._redis_connections import Limits

_THEIR_NAMES = {"socket_connect_timeout": "connect_timeout", "socket_timeout": "read_timeout"}
"""What redis-py calls them."""

IN_URL: Mapping[str, Callable[[Any], Any]] = {
    "prefix": str,
    "connect_timeout": float,
    "read_timeout": float,
    "idle_limit": float,
    "max_connections": int,
    "max_result_size": int,
    **dict.fromkeys(_THEIR_NAMES, float),
}
"""Which of them may stand in a URL, and how their values are read."""


class Settings(NamedTuple):
    """``max_result_size``: bytes, or None for any size."""

    prefix: str
    limits: Limits
    max_result_size: int | None


def settings(name: str, arguments: Mapping[str, Any], in_url: Mapping[str, Any]) -> Settings:
    """Both together; the URL wins. ``name``: of the server, for messages.

    Raises ConfigurationError for a value that can't be.
    """
    given = {**arguments, **{_THEIR_NAMES.get(option, option): value for option, value in in_url.items()}}
    prefix, size = given["prefix"], given["max_result_size"]
    if "{" in prefix or "}" in prefix:
        raise ConfigurationError(
            f"{name}: prefix={prefix!r} has a brace: what stands in braces decides on the slot of a cluster, and that "
            "is the record's own key."
        )
    limits = Limits(
        connect=_seconds(name, "connect_timeout", given["connect_timeout"]),
        read=_seconds(name, "read_timeout", given["read_timeout"]),
        idle=_seconds(name, "idle_limit", given["idle_limit"]),
        connections=_count(name, "max_connections", given["max_connections"]),
    )
    return Settings(prefix, limits, None if size is None else _count(name, "max_result_size", size))


def _seconds(name: str, option: str, duration: Any) -> float:
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
        raise ConfigurationError(f"{name}: {option} is a positive number of seconds or a timedelta, not {duration!r}.")
    return float(seconds)


def _count(name: str, option: str, number: Any) -> int:
    if not isinstance(number, int) or number < 1:
        raise ConfigurationError(f"{name}: {option} is a positive number, not {number!r}.")
    return number
