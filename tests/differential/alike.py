"""What is left of a request and of an answer when a gateway has lost what it loses by nature.

Each line here stands for a line of ``LOSSES``; both sides of a comparison go through the same. The order of response
headers of different names is left out, too: it says nothing (RFC 9110 section 5.3).
"""

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl

from lambdaframe_adapters.testing import Response
from lambdaframe_adapters.testing.losses import lost_by

Pairs = list[tuple[str, str]]

NOT_MADE: Final = frozenset(
    {
        "headers_of_the_connection",
        "headers_forwarded",
        "client_port",
        "cookie_headers",
        "http_version",
        "websockets",
        "response_pieces",
        "response_extensions",
        "response_of_the_connection",
    }
)
"""Losses of what these tests never send or never look at. Several Cookie headers are one behind every gateway."""

_OF_THE_HOP: Final = frozenset(
    "connection content-length transfer-encoding x-forwarded-for x-forwarded-port x-forwarded-proto x-amzn-trace-id "
    "x-forwarded-for-port x-forwarded-for-proto".split()
)
_OF_THE_SERVER: Final = frozenset({"date", "server", "connection", "transfer-encoding"})
_TEXT: Final = frozenset({"application/json", "application/javascript", "application/xml"})


def request_seen(seen: dict[str, Any], gateway: str) -> dict[str, Any]:
    """What an application has seen (``echo_app.seen``), without what this gateway loses."""
    lost = lost_by(gateway)
    left = dict(seen)
    if "path_question_mark" in lost:
        left["path"] = left["path"].partition("?")[0]
    if {"path_escapes", "path_bytes"} & lost:
        del left["raw_path"]
    left["query_string"] = _query(left["query_string"], lost)
    headers = [(name, value) for name, value in left["headers"] if name not in _OF_THE_HOP]
    if "body_bytes" in lost and _is_text(headers):
        left["body"] = left["body"].encode("latin-1").decode("utf-8", "replace").encode().decode("latin-1")
    left["headers"] = _request_headers(headers, lost, _between_cookies(gateway))
    return left


def _between_cookies(gateway: str) -> str:
    """Adapters give an application one Cookie header, as ASGI asks of HTTP/2 servers; Lattice V1 has joined several
    with commas before."""
    return "," if gateway == "lattice_v1" else "; "


def _query(query: str, lost: frozenset[str]) -> str | Pairs:
    pairs: Pairs
    if "query_escapes" in lost or "query_bytes" in lost:
        pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
    elif {"query_bare", "query_empty_parts"} & lost:
        parts = (part.partition("=") for part in query.split("&") if part)
        pairs = [(name, value) for name, _, value in parts]
    else:
        return query
    if "query_repeated" in lost:
        pairs = list(dict(pairs).items())
    return _by_name(pairs) if "query_order" in lost else pairs


def _by_name(pairs: Iterable[tuple[str, str]]) -> Pairs:
    return sorted(pairs, key=lambda pair: pair[0])


def _request_headers(headers: Pairs, lost: frozenset[str], between_cookies: str) -> Pairs:
    values = _lists(headers)
    if "cookie" in values and "headers_repeated" not in lost:
        whole = between_cookies.join(values["cookie"])
        values["cookie"] = ["; ".join(part for part in whole.split("; ") if part)]
    if "headers_joined" in lost:
        values = {name: [",".join(each)] for name, each in values.items()}
    if "headers_repeated" in lost:
        values = {name: each[-1:] for name, each in values.items()}
    left = [(name, value) for name, each in values.items() for value in each]
    return _by_name(left) if "headers_order" in lost else left


def _lists(headers: Pairs) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    return found


def _is_text(headers: Pairs) -> bool:
    given = dict(headers)
    kind = given.get("content-type", "").partition(";")[0].strip().lower()
    return "content-encoding" not in given and (kind.startswith("text/") or kind in _TEXT)


def answer_seen(response: Response, method: str, gateway: str) -> dict[str, Any]:
    """What a client has seen, without what this gateway loses."""
    lost = lost_by(gateway)
    headers = [(name.lower(), value) for name, value in response.headers if name.lower() not in _OF_THE_SERVER]
    if "response_length" in lost and method != "HEAD":
        headers = [pair for pair in headers if pair[0] != "content-length"]
    if "response_headers_remapped" in lost:
        headers = [(name.removeprefix("x-amzn-remapped-"), value) for name, value in headers]
    if "response_without_type" in lost and response.body and "content-type" not in dict(headers):
        headers.append(("content-type", "application/json"))
    values = _lists(headers)
    if "response_headers_joined" in lost:
        values = {name: each if name == "set-cookie" else [", ".join(each)] for name, each in values.items()}
    ordered = _by_name((name, value) for name, each in values.items() for value in each)
    return {"status": response.status, "headers": ordered, "body": response.body}
