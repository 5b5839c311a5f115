"""The options that HTTP sources read, and how they are checked: once, when the handler is built."""

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final, NamedTuple

from lambdaframe.errors import ConfigurationError


class Options(NamedTuple):
    """How requests are read and answers written, whatever the source.

    ``base_path``: ``""``, or a path that starts with a slash and does not end with one (``/v1``): a prefix of the
    client's URL that belongs to the deployment rather than to the app. ``trusted_hops``: how many proxies stand in
    front of the gateway. ``text_types``: matches further media types that are answered as text, in lower case.
    ``excluded_headers``: matches the names of response headers that are never sent, in lower case.
    ``max_body_size``: bytes of a request's body, decoded, or None for no limit but Lambda's.
    """

    base_path: str = ""
    trusted_hops: int = 0
    text_types: re.Pattern[str] | None = None
    excluded_headers: re.Pattern[bytes] | None = None
    max_body_size: int | None = None


DEFAULTS: Final = Options()

_NAME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
"""A token (RFC 9110 section 5.6.2), with the star among its characters."""


def checked(
    *,
    base_path: str = "",
    max_body_size: int | None = None,
    trusted_hops: int = 0,
    text_mime_types: Iterable[str] = (),
    exclude_headers: Iterable[str] = (),
) -> Options:
    """``LambdaHandler``'s arguments as options. Raises ConfigurationError that says what to write instead."""
    given_path: Any = base_path
    if not isinstance(given_path, str) or (given_path and (given_path[0] != "/" or given_path[-1] == "/")):
        raise ConfigurationError(f"base_path starts with '/' and does not end with it, as in '/v1'; not {base_path!r}.")
    if max_body_size is not None and not _is_count(max_body_size):
        raise ConfigurationError(f"max_body_size is a number of bytes, or None; not {max_body_size!r}.")
    if not _is_count(trusted_hops):
        raise ConfigurationError(
            f"trusted_hops is the number of proxies in front of the gateway, not {trusted_hops!r}."
        )
    types = texts("text_mime_types", text_mime_types, "'application/x-ndjson'")
    for one in types:
        if not re.fullmatch(f"{_NAME}/{_NAME}", one):
            raise ConfigurationError(f"text_mime_types holds media types, as 'application/*'; {one!r} is none.")
    names = texts("exclude_headers", exclude_headers, "'x-powered-by'")
    for one in names:
        if not re.fullmatch(_NAME, one):
            raise ConfigurationError(f"exclude_headers holds header names, as 'x-internal-*'; {one!r} is none.")
    return Options(
        base_path=base_path,
        trusted_hops=trusted_hops,
        text_types=re.compile(_any_of(types)) if types else None,
        excluded_headers=re.compile(_any_of(names).encode("ascii")) if names else None,
        max_body_size=max_body_size,
    )


def texts(option: str, given: Iterable[str], example: str) -> tuple[str, ...]:
    """The strings of an option that takes several. A lone string is a mistake: its letters would be meant."""
    values: Any = given
    if not isinstance(values, str | bytes):
        with suppress(TypeError):
            found: tuple[Any, ...] = tuple(values)
            if all(isinstance(one, str) and one for one in found):
                return found
    raise ConfigurationError(f"{option} takes a list of strings, as in [{example}]; not {given!r}.")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _any_of(patterns: Iterable[str]) -> str:
    """A regular expression for any of these texts in lower case; ``*`` stands for any run of characters."""
    return "|".join(re.escape(pattern.lower()).replace(r"\*", ".*") for pattern in patterns)
