"""Lambda@Edge, viewer and origin requests: the function answers in CloudFront's place, for every request.

Path and query string arrive as the viewer sent them. A body is there only if the association includes it, cut off at
40 KB or 1 MB: what was cut off is answered with 413. CloudFront answers 502 to a response that has one of its own
headers, so those are left out.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-generating-http-responses-in-requests.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html
"""

from collections.abc import Mapping
from typing import Any, Final

from lambdaframe.errors import MalformedEventError
from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _answer, _http, _path
from lambdaframe_adapters._identity import identities as identities_of
from lambdaframe_adapters._json import ARRAY, OBJECT
from lambdaframe_adapters._options import DEFAULTS, Options

name: Final = "edge"
kind: Final = "http"

_LIMITS: Final = {"viewer-request": 40 * 1024, "origin-request": 1024 * 1024}
"""Bytes of a generated response, by the type of the event (quotas on Lambda@Edge)."""

_CLOUDFRONTS_OWN: Final = frozenset(
    (
        "connection content-length expect host keep-alive proxy-authenticate proxy-authorization proxy-connection "
        "trailer transfer-encoding upgrade via x-accel-buffering x-accel-charset x-accel-limit-rate x-accel-redirect "
        "x-amzn-auth x-amzn-cf-billing x-amzn-cf-id x-amzn-cf-xff x-amzn-errortype x-amzn-fle-profile "
        "x-amzn-header-count x-amzn-header-order x-amzn-lambda-integration-tag x-amzn-requestid x-cache "
        "x-forwarded-proto x-real-ip"
    ).split()
)
_CLOUDFRONTS_OWN_PREFIXES: Final = ("x-amz-cf-", "x-edge-")
"""The disallowed headers, and those that a function may only read."""


def matches(event: Any) -> bool:
    """One record of CloudFront's, of a request that has no response yet."""
    about = _about(event)
    return (
        about is not None
        and isinstance(about.get("request"), OBJECT)
        and isinstance(about.get("config"), OBJECT)
        and isinstance(about["config"].get("eventType"), str)
        and about["config"]["eventType"] in _LIMITS
    )


def _about(event: Any) -> Any:
    if not isinstance(event, OBJECT) or "requestContext" in event:
        return None
    records = event.get("Records")
    if not isinstance(records, ARRAY) or len(records) != 1 or not isinstance(records[0], OBJECT):
        return None
    about = records[0].get("cf")
    return about if isinstance(about, OBJECT) and "eventSource" not in records[0] else None


def identities(event: Event) -> tuple[str, ...]:
    """The distribution's id."""
    return identities_of(_about(event)["config"].get("distributionId"))


def scope(event: Event, context: LambdaContext | None, options: Options = DEFAULTS) -> Scope:
    """The ASGI scope; see ``sources.HTTPSource``."""
    request = _about(event)["request"]
    path, raw_path = _path.encoded_path(request.get("uri"))
    pairs = _http.one_cookie_header(_http.multi_header_pairs(_values(request.get("headers"))))
    scheme, server = _http.origin(pairs, None, proto=b"cloudfront-forwarded-proto")
    return _http.http_scope(
        event,
        context,
        method=request.get("method"),
        protocol=None,
        scheme=scheme,
        path=path,
        raw_path=raw_path,
        root_path=_path.based(path, "", options.base_path),
        query=_http.query_bytes(request.get("querystring")),
        headers=pairs,
        client=_http.client(pairs, request.get("clientIp"), options.trusted_hops),
        server=server,
        authorizer=None,
    )


def _values(headers: Any) -> dict[str, list[Any]]:
    """``{name: [{"key", "value"}, ...]}`` with the values alone."""
    given: Mapping[str, Any] = headers or {}
    try:
        return {field: [entry["value"] for entry in entries] for field, entries in given.items()}
    except (AttributeError, TypeError, KeyError):
        raise MalformedEventError("The event's headers are no object of lists of keys and values.") from None


def body(event: Event) -> bytes:
    """The body; see ``sources.HTTPSource``. Raises _http.TruncatedBodyError for one that CloudFront has cut off."""
    sent: Any = _about(event)["request"].get("body")
    if sent is None:
        return b""
    if not isinstance(sent, OBJECT):
        raise MalformedEventError("The request's body is no object.")
    if sent.get("inputTruncated"):
        raise _http.TruncatedBodyError("The body is over CloudFront's limit for what it passes to a function.")
    return _http.octets(sent.get("data"), sent.get("encoding") == "base64")


def response(
    event: Event, status: int, headers: _answer.Headers, body: bytes, options: Options = DEFAULTS
) -> dict[str, Any]:
    """The answer: a list of keys and values for each header, and the status as a string."""
    lists: dict[str, list[dict[str, str]]] = {}
    for field, value in _answer.texts(headers):
        if field not in _CLOUDFRONTS_OWN and not field.startswith(_CLOUDFRONTS_OWN_PREFIXES):
            lists.setdefault(field, []).append({"key": field, "value": value})
    kind_of_body, encoding = (lists[field][-1]["value"] if field in lists else None for field in _ABOUT_THE_BODY)
    method = _about(event)["request"].get("method")
    text, encoded = _answer.content(status, method, body, kind_of_body, encoding, options)
    answer: dict[str, Any] = {"status": str(status), "statusDescription": _phrase(status), "headers": lists}
    if text:
        answer |= {"body": text, "bodyEncoding": "base64" if encoded else "text"}
    return answer


_ABOUT_THE_BODY: Final = ("content-type", "content-encoding")


def _phrase(status: int) -> str:
    from http import HTTPStatus

    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def answer_limit(event: Event) -> int:
    """40 KB for a viewer request, 1 MB for an origin request."""
    return _LIMITS[_about(event)["config"]["eventType"]]
