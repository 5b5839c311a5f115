"""Payload format 2.0, which HTTP APIs and Function URLs share.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from typing import Any

from lambdaframe.errors import MalformedEventError
from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _answer, _http
from lambdaframe_adapters._authorizer import in_format_2
from lambdaframe_adapters._json import ARRAY, OBJECT
from lambdaframe_adapters._options import DEFAULTS, Options


def domain(event: Any) -> str | None:
    """The domain name that the request was sent to, ``""`` where the event has none; None if it is no request in this
    format. An HTTP API's request to a Lambda authorizer looks the same, but for its ``type``."""
    if not isinstance(event, OBJECT) or event.get("version") != "2.0" or "type" in event:
        return None
    about = event.get("requestContext")
    if not isinstance(about, OBJECT) or not isinstance(about.get("http"), OBJECT):
        return None
    name = about.get("domainName")
    return name if isinstance(name, str) else ""


def scope(
    event: Event, context: LambdaContext | None, path: str, raw_path: bytes, root_path: str, trusted_hops: int
) -> Scope:
    """The scope of a request whose path the source has read."""
    about = event["requestContext"]
    request = about["http"]
    headers = event.get("headers")
    pairs = _http.header_pairs(headers)
    cookies = event.get("cookies")
    if cookies:
        # A Function URL passes the cookie header on beside the list: one of them is enough.
        pairs = [pair for pair in pairs if pair[0] != b"cookie"]
        pairs.append((b"cookie", _cookie(cookies)))
    scheme, server = _origin(headers or {}, about.get("domainName")) or _http.origin(pairs, about.get("domainName"))
    address = request.get("sourceIp")
    return _http.http_scope(
        event,
        context,
        method=request.get("method"),
        protocol=request.get("protocol"),
        scheme=scheme,
        path=path,
        raw_path=raw_path,
        root_path=root_path,
        query=_http.query_bytes(event.get("rawQueryString")),
        headers=pairs,
        client=_http.client(pairs, address, trusted_hops),
        server=server,
        authorizer=in_format_2(about.get("authorizer")),
    )


def _origin(headers: Any, domain: Any) -> tuple[str, _http.Address] | None:
    """The scheme and server of the usual request, which needs no reading: https to the gateway's own domain."""
    usual = headers.get("host") == domain and headers.get("x-forwarded-port") == "443"
    if (
        usual
        and headers.get("x-forwarded-proto") == "https"
        and domain
        and isinstance(domain, str)
        and domain.isascii()
    ):
        return "https", (domain, 443)
    return None


def _cookie(cookies: Any) -> bytes:
    try:
        if isinstance(cookies, ARRAY):
            return "; ".join(cookies).encode("latin-1")
    except UnicodeEncodeError:
        return "; ".join(cookies).encode("utf-8", "surrogatepass")
    except TypeError:
        pass
    raise MalformedEventError("The event's cookies are no list of strings.")


def response(
    event: Event, status: int, headers: _answer.Headers, body: bytes, options: Options = DEFAULTS
) -> dict[str, Any]:
    """The answer in this format: one string for each header, and the Set-Cookie values in ``cookies``."""
    fields, cookies = _answer.joined(headers)
    answer = _answer.single_value(event["requestContext"]["http"].get("method"), status, fields, body, options)
    if cookies:
        answer["cookies"] = cookies
    return answer
