"""Cross-origin sharing that would hand a user's data to every site is a mistake, and found when the application starts.

Starlette's middleware, asked for every origin and for credentials, answers each origin by its name, which the Fetch
standard's ban on ``*`` with credentials is there to prevent. https://fetch.spec.whatwg.org/#cors-protocol-and-credentials
"""

import sys
from typing import Any

from lambdaframe.errors import ConfigurationError

_ANYBODY = ("https://anybody.invalid", "http://another.invalid:8080", "null")
"""Origins that no list can mean."""


def check_cors(middleware: object) -> None:
    """Raises ConfigurationError when it is Starlette's CORSMiddleware, set up for every origin with credentials."""
    module = sys.modules.get("starlette.middleware.cors")
    if module is None or not isinstance(middleware, module.CORSMiddleware):
        return
    cors: Any = middleware
    pattern = cors.allow_origin_regex
    every = cors.allow_all_origins or (pattern is not None and any(pattern.fullmatch(origin) for origin in _ANYBODY))
    if cors.allow_credentials and every:
        raise ConfigurationError(
            "CORSMiddleware allows credentials for every origin: any site could act as its visitors. "
            "List the origins in allow_origins, or leave out allow_credentials."
        )
