"""Cross-origin sharing that gives away too much, or never works, is a mistake, and found when the application starts.

Starlette's middleware, asked for every origin and for credentials, answers each origin by its name, which the Fetch
standard's ban on ``*`` with credentials is there to prevent. And it compares origins as they are written, so that one
a browser never sends is never allowed. https://fetch.spec.whatwg.org/#cors-protocol-and-credentials
"""

import sys
from collections.abc import Iterable
from typing import Any

from lambdaframe.errors import ConfigurationError

_ANYBODY = ("https://anybody.invalid", "http://another.invalid:8080", "null")
"""Origins that no list can mean."""


def check_cors(middleware: object) -> None:
    """Raises ConfigurationError when it is Starlette's CORSMiddleware, set up for every origin with credentials, or for
    what no browser sends."""
    module = sys.modules.get("starlette.middleware.cors")
    if module is None or not isinstance(middleware, module.CORSMiddleware):
        return
    cors: Any = middleware
    _check_credentials(cors)
    if cors.allow_origins != "*":
        for origin in _listed("allow_origins", cors.allow_origins):
            _check_origin(origin)
    for method in _listed("allow_methods", cors.allow_methods):
        if method != method.upper():
            raise ConfigurationError(
                f"allow_methods has {method!r}: methods are in upper case, write {method.upper()!r}."
            )


def _check_credentials(cors: Any) -> None:
    pattern = cors.allow_origin_regex
    every = cors.allow_all_origins or (pattern is not None and any(pattern.fullmatch(origin) for origin in _ANYBODY))
    if cors.allow_credentials and every:
        raise ConfigurationError(
            "CORSMiddleware allows credentials for every origin: any site could act as its visitors. "
            "List the origins in allow_origins, or leave out allow_credentials."
        )
    if cors.allow_credentials and "null" in cors.allow_origins:
        raise ConfigurationError(
            "CORSMiddleware allows credentials for the origin 'null', which every site can take on in a frame."
        )


def _listed(argument: str, values: Iterable[str]) -> Iterable[str]:
    if isinstance(values, str):
        raise ConfigurationError(f"CORSMiddleware's {argument} is a list: write [{values!r}].")
    return values


def _check_origin(origin: str) -> None:
    scheme, separator, host = origin.partition("://")
    if origin in {"*", "null"}:
        return
    if "*" in origin:
        reason = "'*' stands only alone; for a pattern write allow_origin_regex"
    elif not separator or not scheme or not host:
        reason = "an origin has a scheme and a host, as in 'https://shop.example'"
    elif "/" in host:
        reason = "an origin has no path and no slash at its end"
    elif origin != origin.lower():
        reason = "browsers send origins in lower case"
    else:
        return
    raise ConfigurationError(f"CORSMiddleware's allow_origins has {origin!r}, which is never sent: {reason}.")
