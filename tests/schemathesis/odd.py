"""What is good for the feature-rich application, and what is odd for any: the material of ``hostile``."""

from collections.abc import Mapping
from typing import Any, Final

UUID: Final = "3fa85f64-5717-4562-b3fc-2c963f66afa6"

GOOD: Final[Mapping[str, bytes]] = {
    **dict.fromkeys(("number", "whole", "x-number", "major", "minor", "thing_id", "n", "visits", "level", "age"), b"1"),
    **dict.fromkeys(("ids", "small", "even", "limit", "real", "ratio", "count", "offset", "few", "x-hops"), b"0"),
    **dict.fromkeys(("key", "x-trace-id"), UUID.encode()),
    **dict.fromkeys(("colour", "colours", "theme", "to"), b"red"),
    **dict.fromkeys(("day", "since"), b"2000-01-01"),
    **dict.fromkeys(("on", "dark", "taken", "found", "agreed", "remember", "tea", "x-sampled"), b"true"),
    **dict.fromkeys(("api_key", "api_session", "X-API-Key"), b"let-me-in"),
    "Authorization": b"Bearer let-me-in",
    "Idempotency-Key": b"8e03978e-40d5",
    "at": b"2000-01-01T00:00:00Z",
    "code": b"AB1",
    "exact": b"1.50",
    "order": b"up",
    "order_by": b"created",
    "session_id": b"abcd1234",
    "which": b"a",
}
"""A value that is taken, by the name of the parameter or field; every other takes ``TEXT``."""

TEXT: Final = b"abc"

BODIES: Final[Mapping[str, Any]] = {
    "/body/nested": {
        "id": UUID,
        "name": "n",
        "born": "2000-01-01",
        "tags": ["a"],
        "scores": {"a": 0.5},
        "addresses": [{"street": "s", "zipCode": "12345", "country": "dark blue"}],
    },
    "/body/recursive": {"value": 1, "children": [{"value": 2, "children": [{"value": 3}]}]},
    "/body/union": {"x": 1, "y": 2},
    "/body/discriminated": {"kind": "parrot", "words": ["a"]},
    "/body/numbers": {
        "small": 1,
        "even": 2,
        "whole": 3,
        "ratio": 0.5,
        "real": 0.5,
        "exact": "1.5",
        "level": 10,
        "mixed": 7,
        "address": "127.0.0.1",
    },
    "/body/times": {
        "at": "2000-01-01T00:00:00Z",
        "aware": "2000-01-01T00:00:00+01:00",
        "day": "2000-01-01",
        "moment": "12:00:00",
        "long": "P1D",
    },
    "/body/several/{key}": {"money": {"amount": "1.50"}, "point": {"x": 1}, "importance": 3, "note": "n"},
    "/body/embedded": {"money": {"amount": "1.50", "currency": "USD"}},
    "/body/optional": {"amount": 1},
    "/body/list": [{"x": 1, "y": 2}, {"x": 3}],
    "/body/mapping": {"a": [1, 2]},
    "/body/object": {"a": {"b": 1}},
    "/body/measured": [{"name": "n", "value": 0.5}],
    "/body/scalar": 3,
    "/body/pair": [1, "a"],
    "/body/anything": {"a": [1]},
    "/body/plain": "text",
    "/body/lenient": {"number": "1", "yes": "on", "day": 0},
    "/things": {"colour": "red", "note": "n"},
    "/payments": {"colour": "red"},
    "/secret/bearer": {"colour": "red"},
}
"""A JSON body that is taken, by path."""

TEXTS: Final = (
    *(b"", b" ", b"0", b"-0", b"+1", b" 1 ", b"1_000", b"1.0", b"0x10", b"1e5", b"1e999", b"nan", b"-inf", b"Infinity"),
    *(b"9" * 5000, b"-" + b"9" * 400, b"0." + b"0" * 500 + b"1", b"a" * 100_000),
    *(b"true", b"TRUE", b"on", b"null", b"None", b"[]", b"{}", b"red", b"dark blue", b"RED", b"text", b"7", b"AB1"),
    *(b"\xe0\xa5\xa7", b"\xd9\xa1", b"\xc2\xb2", b"\xc2\xbd", b"\xc4\xb1", b"\xc3\xa9", b"\xe9", b"\xf0\x9f\x98\x80"),
    *(b"\0", b"a\0b", b"\xff", b"\xed\xa0\x80", b"\xc0\xaf", b"\xe2\x80\xa8", b"\x7f", b"\x85", b"\t"),
    *(
        b"2000-13-99",
        b"0000-00-00",
        b"99999999999999",
        b"-1e18",
        b"2000-01-01T24:00:00Z",
        b"P1Y",
        b"urn:uuid:" + b"0" * 32,
    ),
    *(
        b"/",
        b"//",
        b"..",
        b"%2e%2e",
        b"?",
        b"#",
        b";",
        b"=",
        b"&",
        b"a,b",
        b'"',
        b'"a',
        b"'",
        b"\\",
        b"../../etc/passwd",
    ),
    *(
        b"Bearer",
        b"Bearer  let-me-in",
        b"Basic \xff",
        b"Basic !!!",
        b"Basic bWU6bGV0LW1lLWlu",
        b"Basic /w==",
        b"Digest x",
    ),
)
NAMES: Final = (b"", b"a", b"\xff", b"\0", b"__proto__", b"self", b"x" * 5000, b"a[b]", b"a.b", b"a[]")
"""No parameters of anybody's."""

QUERY_PARTS: Final = ("&", "=", "%", "%zz", "%f", "a=%", "+", "a+b=c+d", ";", "a;b", "?")

BROKEN_JSON: Final = (
    *(b"", b" ", b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"a":' * 50_000, b"[" * 500 + b"]" * 500, b"nul", b"NaN", b"-"),
    *(
        b"1" * 10_000,
        b"-1" + b"0" * 5000,
        b"1e400",
        b"1e-999999",
        b"01",
        b"+1",
        b".5",
        b"1.",
        b"Infinity",
        b"-Infinity",
    ),
    *(b"'a'", b"{a:1}", b"[1,]", b"[,]", b"{} {}", b"{}\0", b"\0", b'{"a": 1', b'"a', b"/**/{}", b'{"": {"": ""}}'),
    *(
        b'"\\ud800"',
        b'"\\udfff\\ud800"',
        b'{"\\ud800": 1}',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\0"',
        b'"\\u0000"',
        b'"\t"',
    ),
    *(b'{"x": 1, "x": "two", "x": 3}', b'{"number": 1, "number": []}', b'{"x": 1.0, "y": -0}', b'{"__proto__": {}}'),
    *('{"x": 1}'.encode("utf-16"), '{"x": 1}'.encode("utf-16-le"), '{"x": 1}'.encode("utf-32"), b'{"x": "\xe9"}'),
)

JSON_TYPES: Final = (
    *("application/json",) * 14,
    *("APPLICATION/JSON", "application/json; charset=utf-16", "application/json;", "application/vnd.x+json"),
    *(
        "text/json",
        "application/jsonx",
        "json",
        "",
        ";",
        "/",
        "application/",
        "\xff/\xfe",
        "application/json, text/plain",
    ),
    *("application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "application/json; x=" + "b" * 3000),
)
URL_ENCODED_TYPES: Final = (
    *("application/x-www-form-urlencoded",) * 9,
    *("application/x-www-form-urlencoded; charset=utf-16", "application/x-www-form-urlencoded; charset=nonsense"),
    *("Application/X-WWW-Form-Urlencoded;", "multipart/form-data", "application/json", "", "text/plain"),
)
MULTIPART_TYPES: Final = (
    *("multipart/form-data; boundary=b",) * 12,
    *('multipart/form-data; boundary="b"', "multipart/form-data; boundary=", "multipart/form-data"),
    *("multipart/form-data; boundary=\xff", 'multipart/form-data; boundary="b', "multipart/form-data; boundary=c"),
    *("multipart/mixed; boundary=b", "multipart/form-data;boundary=b;boundary=c", "MULTIPART/FORM-DATA; BOUNDARY=b"),
    *("multipart/form-data; charset=utf-16; boundary=b", "multipart/form-data; charset=nonsense; boundary=b"),
    "multipart/form-data; boundary=" + "b" * 300,
)
DISPOSITIONS: Final = (
    *(
        b'form-data; name="%b"; filename="\xff\xfe"',
        b'form-data; name="%b"; filename=""',
        b"form-data; name=%b; filename=a",
    ),
    *(b'form-data; name="%b"; filename="a\\"b/../c"', b"form-data; name=\"%b\"; filename*=utf-8''%%ff%%00"),
    *(b'form-data; name="%b', b'form-data; filename="no-name%b"', b"form-data%b", b"attachment; name=%b", b"%b"),
    *(b'form-data; name="\xff%b"', b"form-data; name*=utf-8''%b", b'form-data; name="%b"; name="other"'),
    b'form-data; name="%b"; filename="' + b"f" * 3000 + b'"',
)
PART_HEADERS: Final = (
    *(b"\r\ncontent-type: text/plain; charset=utf-16", b"\r\ncontent-type: \xff", b"\r\nno colon", b"\r\n: empty"),
    *(
        b"\r\ncontent-transfer-encoding: base64",
        b"\r\ncontent-type: multipart/mixed; boundary=c",
        b"\r\ncontent-length: 99",
    ),
    b"\r\nx: " + b"y" * 20_000,
)
ENDS: Final = (*(b"--b--\r\n",) * 6, b"", b"--b", b"--b\r\n", b"--b--trailing", b"--b--\r\n--b\r\n")
"""Of a multipart body."""
