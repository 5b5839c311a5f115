"""The captured events in ``tests/events``, by ``source/variant``.

They are the examples of AWS's documentation and of the SAM command line's templates, filled in.
"""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lambdaframe_adapters._json import OBJECT

_EVENTS: Final = Path(__file__).parents[1] / "events"

NAMES: Final = sorted(
    f"{path.parent.name}/{path.stem}"
    for path in _EVENTS.glob("*/*.json")
    if path.parent.name not in {"unknown", "invoke"}
)
INVOKED: Final = sorted(f"invoke/{path.stem}" for path in _EVENTS.glob("invoke/*.json"))
UNKNOWN: Final = sorted(f"unknown/{path.stem}" for path in _EVENTS.glob("unknown/*.json"))

_LOADED: Final[dict[str, Any]] = {
    name: json.loads((_EVENTS / f"{name}.json").read_bytes()) for name in NAMES + INVOKED + UNKNOWN
}

REQUESTS: Final[Mapping[str, str]] = {
    "alb": "alb/health_check",
    "alb, multi-value": "alb/health_check_multi_value",
    "edge": "edge/viewer_request",
    "function_url": "function_url/plain",
    "http_api": "http_api/no_body",
    "http_api_v1": "http_api_v1/default_stage",
    "lattice_v1": "lattice_v1/query",
    "lattice_v2": "lattice_v2/query",
    "rest_api": "rest_api/stage",
}
"""A captured request of each HTTP source, and of each way to spell its headers."""

_PATH_KEYS: Final = ("path", "rawPath", "raw_path", "uri")
_QUERY_KEYS: Final = (
    *("rawQueryString", "queryStringParameters", "multiValueQueryStringParameters"),
    *("query_string_parameters", "querystring"),
)


def captured(name: str, **changed: Any) -> dict[str, Any]:
    """A copy of an event; ``changed`` replaces members, with ``__`` for each level: ``requestContext__stage="dev"``."""
    event: dict[str, Any] = copy.deepcopy(_LOADED[name])
    for path, value in changed.items():
        *way, last = path.split("__")
        part: Any = event
        for step in way:
            part = part[step]
        part[last] = value
    return event


def request(
    name: str,
    *,
    path: Any = "/",
    method: str = "GET",
    headers: Any = None,
    body: Any = None,
    is_base64: bool = False,
) -> dict[str, Any]:
    """A captured request (a key of ``REQUESTS``) with other parts, each in the place where its source has it, and
    without a query string.

    ``path`` is put in as it is; ``headers`` are an object with a string for each name, or anything that is none.
    """
    event = captured(REQUESTS[name])
    about: Any = event.get("requestContext", {})
    place: dict[str, Any] = event["Records"][0]["cf"]["request"] if "Records" in event else event
    place.update({key: path for key in _PATH_KEYS if key in place})
    place.update({key: None for key in _QUERY_KEYS if key in place})
    if name == "rest_api":
        about["path"] = path
    (about.get("http") or place)["httpMethod" if "httpMethod" in place else "method"] = method
    for key in ("headers", "multiValueHeaders"):
        if key in place:
            place[key] = _spelled(name, headers)
    if name == "edge":
        place["body"] = {"data": body, "encoding": "base64" if is_base64 else "text", "inputTruncated": False}
    else:
        place["body"] = body
        place["is_base64_encoded" if name == "lattice_v1" else "isBase64Encoded"] = is_base64
    return event


def _spelled(name: str, headers: Any) -> Any:
    if not isinstance(headers, OBJECT):
        return headers
    if name == "edge":
        return {key: [{"key": key, "value": value}] for key, value in headers.items()}
    if name in ("alb, multi-value", "rest_api", "http_api_v1", "lattice_v2"):
        return {key: [value] for key, value in headers.items()}
    return headers
