"""Requests that h11 lets through, and answers that it sends: whatever a client or an application may say over HTTP/1.1.

Left out is what is between two parties only (hop-by-hop headers, the framing of a body) and what gateways write
themselves (X-Forwarded-*, X-Amzn-Trace-Id).
"""

import json
import string
from base64 import b64encode
from dataclasses import dataclass

from hypothesis import strategies as st

from lambdaframe_adapters.testing import Request

_LATIN = "".join(map(chr, [*range(0x21, 0x7F), *range(0x80, 0x100)]))
_TOKEN = string.ascii_lowercase + string.digits + "!#$%&'*+-.^_`|~"
_TAKEN = frozenset(
    "connection content-encoding content-length content-type cookie date expect forwarded host keep-alive "
    "proxy-authenticate proxy-authorization proxy-connection server set-cookie te trailer transfer-encoding "
    "upgrade via x-answer".split()
)

# Request lines

METHODS = "GET POST PUT PATCH DELETE OPTIONS TRACE QUERY PURGE M-SEARCH X!#$".split()

_pieces = st.one_of(
    st.text(string.ascii_letters + string.digits, min_size=1, max_size=4),
    st.builds("%{:02{}}".format, st.integers(0, 255), st.sampled_from("xX")),
    st.sampled_from("%2F %2f %252F %25 % %zz %2 + %20 %2B %3F %23 %26 %3D %00 %0d%0a . .. ... %2e%2e".split()),
    st.sampled_from("%C3%BC %FF %ED%A0%80 %E4%B8 %F0%9F%98%80 ~ : ; @ , * '".split()),
    st.text("!\"$'()*+,-.:;<>@[\\]^_`{|}~", min_size=1, max_size=2),
)
_segments = st.lists(_pieces, max_size=3).map("".join)
paths = st.lists(_segments, max_size=4).map(lambda segments: "/" + "/".join(segments))

_words = st.sampled_from(["a", "b", "tag", ""]) | _segments
_parameters = st.one_of(
    st.builds("{}={}".format, _words, _words), _words, st.sampled_from("a=b=c = == a=? a=/b a;b=c ?".split())
)
queries = st.lists(_parameters, max_size=5).map("&".join)

# Headers and bodies


@st.composite
def _lists_of_words(draw: st.DrawFn) -> str:
    between = draw(st.sampled_from([" ", ", ", ",", "  ", "\t"]))
    return between.join(draw(st.lists(st.text(_LATIN, min_size=1, max_size=8), max_size=3)))


_odd_values = ["", "a,b", '"a, b"', "\u00fc", "\u00c3\u00bc", 'W/"x"', "=?utf-8?q?x?=", 'a;b="c,d"']
_values = _lists_of_words() | st.sampled_from(_odd_values)

_names = st.one_of(
    st.sampled_from("x-tag accept accept-language user-agent authorization if-none-match range".split()),
    st.text(_TOKEN, min_size=1, max_size=10).filter(
        lambda name: name not in _TAKEN and not name.startswith(("x-forwarded", "x-amz"))
    ),
)
_cookies = st.lists(
    st.sampled_from(["a=1", "b=2", 'c="x y"', "d", "=", "e=%FF", "a=3", "f=a,b", "g=;", "h=\u00fc", "i=a=b"]),
    min_size=1,
    max_size=3,
).map("; ".join)
_types = st.one_of(
    st.sampled_from("text/plain application/json application/xml application/javascript nonsense".split()),
    st.sampled_from("application/octet-stream image/png application/problem+json image/svg+xml".split()),
    st.sampled_from(["text/plain; charset=latin-1", "APPLICATION/JSON; charset=utf-8"]),
    st.sampled_from(["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]),
)
_encodings = st.sampled_from(["gzip", "br", "identity"])
_bodies = st.one_of(st.binary(max_size=60), st.text(max_size=30).map(str.encode), st.just(b""))
_hosts = st.sampled_from("shop.example shop.example:8080 127.0.0.1 [::1]:8443 SHOP.example a_b-c.example".split())


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A request whose answer has a body: any method but HEAD."""
    headers = [("host", draw(_hosts)), *draw(st.lists(st.tuples(_names, _values), max_size=5))]
    headers += [("cookie", each) for each in draw(st.lists(_cookies, max_size=2))]
    headers += [("content-type", each) for each in draw(st.lists(_types | st.just(""), max_size=1))]
    headers += [("content-encoding", each) for each in draw(st.lists(_encodings, max_size=1))]
    spelled = draw(st.sampled_from([str.lower, str.title, str.upper]))
    return Request(
        method=draw(st.sampled_from(METHODS)),
        path=draw(paths),
        query=draw(queries),
        headers=tuple((spelled(name), value) for name, value in headers),
        body=draw(_bodies),
        scheme=draw(st.sampled_from(["https", "http"])),
        client=draw(st.sampled_from(["203.0.113.7", "2001:db8::1"])),
    )


# Answers


@dataclass(frozen=True)
class Answer:
    """What the application is asked to answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    chunks: tuple[bytes, ...]

    def asked(self, method: str) -> Request:
        """The request for it."""
        chunks = [b64encode(chunk).decode() for chunk in self.chunks]
        spec = json.dumps({"status": self.status, "headers": self.headers, "chunks": chunks})
        headers = (("host", "shop.example"), ("accept", "*/*"), ("x-answer", b64encode(spec.encode()).decode()))
        return Request(method, "/", headers=headers)


_STATUSES = [200, 200, 200, 201, 202, 204, 206, 301, 303, 304, 400, 401, 404, 418, 422, 500, 503, 599]
_SET_COOKIES = [
    *("a=1", "b=2; Path=/; HttpOnly", "a=; Max-Age=0", 'd="x,y"', "e=\u00fc"),
    "c=3; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
]
_response_names = _names | st.sampled_from("vary location etag www-authenticate link cache-control allow".split())


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """An answer that an ASGI server sends; its length is told or not."""
    status = draw(st.sampled_from(_STATUSES))
    bodiless = status in (204, 304)
    chunks = () if bodiless else tuple(draw(st.lists(_bodies, max_size=3)))
    headers = draw(st.lists(st.tuples(_response_names, _values), max_size=4))
    headers += [("set-cookie", each) for each in draw(st.lists(st.sampled_from(_SET_COOKIES), max_size=3))]
    headers += [("content-type", each) for each in draw(st.lists(_types, max_size=1))]
    headers += [("content-encoding", each) for each in draw(st.lists(_encodings, max_size=1))]
    if not bodiless and draw(st.booleans()):
        headers.append(("content-length", str(sum(map(len, chunks)))))
    return Answer(status, tuple(draw(st.permutations(headers))), chunks)
