"""The options of a DynamoDBStore, checked where it is made, and those that stand in a URL."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lambdaframe.errors import ConfigurationError
from lambdaframe.idempotency.policy import Duration
from lambdaframe.idempotency.stores.dynamodb_layout import Layout, OwnLayout

LARGEST_RESULT = 400_000
"""Bytes. An item has 400 KB at most, its other attributes and all names included, which are less than 9 KB.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

_TABLE = re.compile(
    r"[A-Za-z0-9_.-]{3,255}|arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[A-Za-z0-9_.-]{3,255}", re.ASCII
)


def checked_table(table: str) -> str:
    """A table's name or ARN."""
    if not _TABLE.fullmatch(table):
        raise ConfigurationError(
            "A DynamoDB table is named by 3 to 255 letters, digits, '_', '-' and '.', or by its ARN: "
            "DynamoDBStore('idempotency'), or dynamodb://idempotency?region=eu-west-1."
        )
    return table


def checked_endpoint(url: str | None) -> str | None:
    """An endpoint of one's own, for a local server. It is not repeated in the error: it may hold a password."""
    if url is not None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise ConfigurationError(
                "endpoint_url is a URL without user and password, as in http://localhost:8000. Credentials are found "
                "in the environment, the profile or the role."
            )
    return url


def checked_layout(layout: str | Layout) -> Layout:
    """The layout of this name, or the layout itself."""
    if layout == "lambdaframe":
        return OwnLayout()
    if layout == "powertools":
        from lambdaframe.idempotency.stores.powertools_layout import PowertoolsLayout

        return PowertoolsLayout()
    if isinstance(layout, str):
        raise ConfigurationError(f"layout is 'lambdaframe' or 'powertools', or a Layout, not {layout!r}.")
    return layout


def checked_size(size: int) -> int:
    """``max_result_size``."""
    if not 0 < size <= LARGEST_RESULT:
        raise ConfigurationError(
            f"max_result_size is a number of bytes up to {LARGEST_RESULT}, not {size!r}: a DynamoDB item has 400 KB."
        )
    return size


def checked_seconds(name: str, duration: Duration) -> float:
    """A positive number of seconds."""
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if not 0 < seconds < math.inf:
        raise ConfigurationError(f"{name} is a positive number of seconds or a timedelta, not {duration!r}.")
    return float(seconds)


def _switch(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text.lower()]


_IN_URL: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "region": ("region_name", str),
    "endpoint_url": ("endpoint_url", str),
    "layout": ("layout", str),
    "create": ("create_table", _switch),
    "connect_timeout": ("connect_timeout", float),
    "read_timeout": ("read_timeout", float),
    "idle_limit": ("idle_limit", float),
    "max_result_size": ("max_result_size", int),
}


def read_url(url: str) -> tuple[str, Mapping[str, Any]]:
    """Table and keyword arguments of ``dynamodb://table?region=…``. No value is repeated in an error."""
    parts = urlsplit(url)
    if parts.scheme != "dynamodb" or "@" in parts.netloc or parts.fragment:
        raise ConfigurationError(
            "A DynamoDB store's URL reads dynamodb://table?region=…, without user and password: credentials are found "
            "in the environment, the profile or the role."
        )
    options: dict[str, Any] = {}
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        if name not in _IN_URL:
            raise ConfigurationError(f"A dynamodb:// URL has no option {name!r}; it has {', '.join(sorted(_IN_URL))}.")
        argument, read = _IN_URL[name]
        if argument in options:
            raise ConfigurationError(f"{name} stands twice in a dynamodb:// URL.")
        try:
            options[argument] = read(text)
        except (KeyError, ValueError):
            kind = "true or false" if read is _switch else "a number"
            raise ConfigurationError(f"{name} in a dynamodb:// URL is {kind}.") from None
    return parts.netloc + parts.path, options
