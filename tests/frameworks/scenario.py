"""What a client does with the catalogue of ``docs/examples/frameworks``, and what of the answers must be equal."""

import gzip
import json
from dataclasses import dataclass
from typing import Any, Final

from lambdaframe_adapters.testing import Request, Response

_HOST: Final = ("host", "catalogue.example")
_JSON: Final = ("content-type", "application/json")
_ORIGIN: Final = ("origin", "https://shop.example")
_FORM: Final = ("content-type", "application/x-www-form-urlencoded")
_PARTS: Final = ("content-type", "multipart/form-data; boundary=limit")
_GZIP: Final = ("accept-encoding", "gzip")

PICTURE: Final = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@dataclass(frozen=True)
class Step:
    """A request, and the status that is expected of the application wherever it runs; 0 is any.

    ``loses``: what of it some gateways lose, by its name in ``LOSSES``; behind those the answer may differ.
    ``awaits``: what the answer holds when background work is done, which a server does not wait for.
    """

    status: int
    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    loses: str = ""
    awaits: bytes = b""

    def request(self, prefix: str = "") -> Request:
        """The request, below what the gateway has mapped the application to."""
        path, _, query = (prefix + self.target).partition("?")
        # A REST API makes bytes of base64 where the first type in Accept says that bytes are wanted.
        return Request(self.method, path, query, (_HOST, ("accept", "*/*"), *self.headers), self.body)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _upload(content: bytes) -> bytes:
    head = b'--limit\r\ncontent-disposition: form-data; name="picture"; filename="p.png"\r\ncontent-type: image/png\r\n'
    return head + b"\r\n" + content + b"\r\n--limit--\r\n"


TEA: Final = _json({"name": "Grüner Tee 茶", "price": 4.5, "tags": ["tea", "hot"]})
CUP: Final = _json({"name": "Cup", "price": 12.25, "tags": ["hot"]})

SCENARIO: Final[tuple[Step, ...]] = (
    Step(200, "GET", "/articles"),
    Step(201, "POST", "/articles", (_JSON,), TEA),
    Step(201, "POST", "/articles", (_JSON,), CUP),
    Step(200, "GET", "/articles?tag=hot"),
    Step(200, "GET", "/articles?tag=hot&tag=tea&limit=1", loses="query_repeated"),
    Step(200, "GET", "/articles/1", (_ORIGIN,)),
    Step(200, "GET", "/articles/1", (("origin", "https://evil.example"),)),
    Step(405, "PATCH", "/articles/1", (_JSON,), CUP),
    Step(404, "GET", "/articles/9"),
    Step(404, "GET", "/nowhere"),
    Step(200, "PUT", "/articles/2", (_JSON,), _json({"name": "Mug", "price": 11})),
    Step(404, "PUT", "/articles/9", (_JSON,), CUP),
    Step(204, "PUT", "/articles/1/picture", (_PARTS,), _upload(PICTURE)),
    Step(200, "GET", "/articles/1/picture"),
    Step(200, "GET", "/articles/1/picture", (_GZIP,)),
    Step(404, "GET", "/articles/2/picture"),
    Step(202, "POST", "/articles/1/recommend", (_JSON,), _json({"to": "ada@example.com"})),
    Step(200, "GET", "/sent", awaits=b"ada@example.com"),
    Step(303, "POST", "/login", (_FORM,), b"name=Ada%20L%26%C3%B6"),
    Step(200, "GET", "/whoami"),
    Step(200, "GET", "/whoami", (("cookie", "name=ada; theme=dark"),)),
    Step(200, "GET", "/export"),
    Step(200, "GET", "/export", (_GZIP,)),
    Step(200, "GET", "/files/a%20b/%C3%BC+c%25?q=a%20b&q=c%26d&empty=", loses="query_repeated"),
    Step(200, "GET", "/admin/whereami"),
    Step(500, "GET", "/broken"),
    Step(204, "DELETE", "/articles/2"),
    Step(404, "GET", "/articles/2"),
)
"""What all three applications answer with the same status."""

ODD: Final[tuple[Step, ...]] = (
    *(
        Step(0, "POST", "/articles", (_JSON,), body)
        for body in (b'{"name": "A", "price": -1}', b'{"price": 1}', b'{"name": "A"', b"", b"[" * 100_000)
    ),
    Step(0, "POST", "/articles", (_JSON,), b"\xff\xfe", loses="body_bytes"),
    Step(0, "POST", "/articles", (), TEA),
    *(
        Step(0, "GET", target)
        for target in (
            "/articles/one",
            "/articles?limit=0",
            "/articles?limit=x",
            "/a%FFb",
            "//",
            "/files/",
            "/articles/",
        )
    ),
    Step(0, "GET", "/articles?limit=%FF", loses="query_bytes"),
    Step(0, "OPTIONS", "/articles", (_ORIGIN, ("access-control-request-method", "POST"))),
    Step(0, "HEAD", "/articles/1"),
    Step(0, "HEAD", "/export", (_GZIP,)),
    Step(0, "OPTIONS", "/articles", (("origin", "https://evil.example"), ("access-control-request-method", "POST"))),
)
"""What each framework answers in its own way."""

_OF_THE_SERVER: Final = frozenset({"date", "server", "connection", "transfer-encoding"})


def comparable(response: Response) -> dict[str, Any]:
    """What an application says, without what a server or gateway adds, and compressed bodies read."""
    headers = sorted((name.lower(), value) for name, value in response.headers if name.lower() not in _OF_THE_SERVER)
    body = response.body
    if ("content-encoding", "gzip") in headers:
        body = gzip.decompress(body)
        headers = [pair for pair in headers if pair[0] != "content-length"]  # gzip writes the time into its header
    elif body:
        headers = [pair for pair in headers if pair[0] != "content-length"]  # a stream has none under uvicorn
    return {"status": response.status, "headers": headers, "body": body}
