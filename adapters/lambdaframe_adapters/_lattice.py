"""What both versions of VPC Lattice's events share: path and query string in one, and an answer with one string for
each header.

https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html
https://docs.aws.amazon.com/vpc-lattice/latest/ug/http-targets.html (the headers that Lattice adds)
"""

from typing import Any, Final
from urllib.parse import quote

from lambdaframe.errors import MalformedEventError
from lambdaframe.types import Authorizer, Event, LambdaContext, Scope
from lambdaframe_adapters import _answer, _http, _path
from lambdaframe_adapters._json import ARRAY, OBJECT
from lambdaframe_adapters._options import DEFAULTS, Options

# RFC 3986 section 3.4, without what separates parameters; the percent sign, because nothing says that Lattice decodes.
_QUERY_SAFE: Final = "%!$'()*+,;:@/?"


def scope(
    event: Event,
    context: LambdaContext | None,
    options: Options,
    *,
    target: Any,
    parameters: Any,
    headers: _http.Pairs,
    authorizer: Authorizer | None,
) -> Scope:
    """The scope. ``target``: the path as the client sent it, with the query string; ``parameters`` are read only where
    it has none. The client is the last entry of X-Forwarded-For, or one before it."""
    if not isinstance(target, str):
        raise MalformedEventError("The event has no path.")
    target, mark, query = target.partition("?")
    path, raw_path = _path.encoded_path(target)
    scheme, server = _origin(headers)
    return _http.http_scope(
        event,
        context,
        method=event["method"],
        protocol=None,
        scheme=scheme,
        path=path,
        raw_path=raw_path,
        root_path=_path.based(path, "", options.base_path),
        query=_http.query_bytes(query) if mark else _query(parameters),
        headers=headers,
        client=_http.client(headers, None, options.trusted_hops),
        server=server,
        authorizer=authorizer,
    )


def _origin(headers: _http.Pairs) -> tuple[str, _http.Address | None]:
    """By the names that the page above gives the forwarded protocol and port, or by the usual ones."""
    if any(name == b"x-forwarded-for-proto" for name, _ in headers):
        return _http.origin(headers, None, proto=b"x-forwarded-for-proto", proxy_port=b"x-forwarded-for-port")
    return _http.origin(headers, None)


def _query(parameters: Any) -> bytes:
    """The parameters joined as they are; what no query string can hold is escaped."""
    if isinstance(parameters, OBJECT):
        parameters = {
            _escaped(name): [_escaped(one) for one in values] if isinstance(values, ARRAY) else _escaped(values)
            for name, values in parameters.items()
        }
    return _http.query_string(parameters, encoded=True)


def _escaped(text: Any) -> Any:
    return quote(text, safe=_QUERY_SAFE, errors="surrogatepass") if isinstance(text, str) else text


def response(
    event: Event, status: int, headers: _answer.Headers, body: bytes, options: Options = DEFAULTS
) -> dict[str, Any]:
    """The answer: one string for each header. Several cookies go under names that differ in case."""
    fields, cookies = _answer.joined(headers)
    answer = _answer.single_value(event["method"], status, fields, body, options)
    _answer.cookies_by_case(fields, cookies)
    return answer


def answer_limit(event: Event) -> int:
    """6 MB, by the page above."""
    return 6_291_456
