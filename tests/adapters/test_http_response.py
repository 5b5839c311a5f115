"""From an ASGI response to the answer that each source takes."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe.errors import UnsafeHeaderError
from lambdaframe_adapters._options import checked
from lambdaframe_adapters.detection import detect
from tests.adapters.captured import NAMES, captured

HTTP = [name for name in NAMES if detect(captured(name)).kind == "http"]

FORMATS = [
    *("http_api/no_body", "rest_api/stage", "alb/multi_value", "alb/health_check"),
    *("lattice_v2/query", "edge/viewer_request"),
]
"""One of each way to spell an answer."""

Headers = list[tuple[bytes, bytes]]

SENT: Headers = [
    (b"content-type", b"application/json"),
    (b"set-cookie", b"a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT"),
    (b"Vary", b"accept"),
    (b"set-cookie", b"b=2"),
    (b"vary", b"origin"),
]
COOKIES = ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"]
LISTS = {"content-type": ["application/json"], "set-cookie": COOKIES, "vary": ["accept", "origin"]}
JOINED = {"content-type": "application/json", "vary": "accept, origin"}
VARIED = {**JOINED, "set-cookie": COOKIES[0], "set-cookiE": COOKIES[1]}

CONTENT: dict[str, Any] = {"statusCode": 201, "body": '{"ok":"ü"}', "isBase64Encoded": False}
V2 = {**CONTENT, "headers": JOINED, "cookies": COOKIES}
V1 = {**CONTENT, "multiValueHeaders": LISTS}

ANSWERS = {
    "http_api/no_body": V2,
    "function_url/plain": V2,
    "rest_api/stage": V1,
    "http_api_v1/default_stage": V1,
    "alb/multi_value": {**V1, "statusDescription": "201 Created"},
    "alb/health_check_multi_value": {**V1, "statusDescription": "201 Created"},
    "alb/single_value": {**CONTENT, "headers": VARIED, "statusDescription": "201 Created"},
    "alb/health_check": {**CONTENT, "headers": VARIED, "statusDescription": "201 Created"},
    "lattice_v1/query": {**CONTENT, "headers": VARIED},
    "lattice_v2/query": {**CONTENT, "headers": VARIED},
    "edge/viewer_request": {
        "status": "201",
        "statusDescription": "Created",
        "headers": {name: [{"key": name, "value": value} for value in each] for name, each in LISTS.items()},
        "body": '{"ok":"ü"}',
        "bodyEncoding": "text",
    },
}


def answer_to(
    event: dict[str, Any], status: int = 200, headers: Headers | None = None, body: bytes = b"", **options: Any
) -> Any:
    source = detect(event)
    assert source.kind == "http"
    return source.response(event, status, headers or [], body, checked(**options))


def said(answer: dict[str, Any]) -> tuple[int, str, bool]:
    """Status, body and whether it is base64, as each source spells them."""
    if "status" in answer:
        return int(answer["status"]), answer.get("body", ""), answer.get("bodyEncoding") == "base64"
    return answer["statusCode"], answer["body"], answer["isBase64Encoded"]


def names(answer: dict[str, Any]) -> set[str]:
    """The names of the headers."""
    return set(answer["headers"] if "headers" in answer else answer["multiValueHeaders"])


@pytest.mark.parametrize("name", ANSWERS)
def test_answer(name: str) -> None:
    assert answer_to(captured(name), 201, SENT, '{"ok":"ü"}'.encode()) == ANSWERS[name]


def test_no_cookies_and_no_content_type_are_invented() -> None:
    assert answer_to(captured("http_api/no_body")) == {
        "statusCode": 200,
        "headers": {},
        "body": "",
        "isBase64Encoded": False,
    }


def test_a_single_cookie_is_a_cookie() -> None:
    answer = answer_to(captured("http_api/no_body"), headers=[(b"set-cookie", b"a=1")])
    assert (answer["headers"], answer["cookies"]) == ({}, ["a=1"])


@pytest.mark.parametrize("name", ["alb/health_check", "lattice_v1/query", "lattice_v2/query"])
def test_ten_cookies_reach_who_takes_one_string_a_name_under_ten_names(name: str) -> None:
    sent = [(b"set-cookie", b"c%d=%d" % (at, at)) for at in range(10)]
    fields = answer_to(captured(name), headers=sent)["headers"]
    assert [name.lower() for name in fields] == ["set-cookie"] * 10
    assert list(fields.values()) == [value.decode() for _, value in sent]


def test_a_status_without_a_phrase_has_a_description() -> None:
    assert answer_to(captured("alb/health_check"), 299)["statusDescription"] == "299 Unknown"
    assert answer_to(captured("edge/viewer_request"), 299)["statusDescription"] == "Unknown"


@pytest.mark.parametrize(
    ("content_type", "body", "is_text"),
    [
        ("application/json", b"{}", True),
        ("Application/JSON; charset=utf-8", b"{}", True),
        ("application/problem+json", b"{}", True),
        ("application/xml", b"<a/>", True),
        ("application/atom+xml", b"<a/>", True),
        ("image/svg+xml", b"<svg/>", True),
        ("text/html; charset=utf-8", "ü".encode(), True),
        ("text/plain", b"\xff", False),
        ("application/javascript", b"1", True),
        ("application/x-www-form-urlencoded", b"a=1", True),
        ("application/octet-stream", b"text", False),
        ("image/png", b"\x89PNG", False),
        ("multipart/form-data", b"text", False),
        ("application/json-nonsense", b"{}", False),
        (None, b"text", False),
    ],
)
@pytest.mark.parametrize("name", FORMATS)
def test_text_or_base64(name: str, content_type: str | None, body: bytes, is_text: bool) -> None:
    headers = [] if content_type is None else [(b"content-type", content_type.encode())]
    answer = answer_to(captured(name), headers=headers, body=body)
    expected = body.decode() if is_text else base64.b64encode(body).decode()
    assert said(answer) == (200, expected, not is_text)


@pytest.mark.parametrize("name", FORMATS)
def test_a_content_encoding_makes_text_binary(name: str) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-encoding", b"gzip")]
    assert said(answer_to(captured(name), headers=headers, body=b"text")) == (200, "dGV4dA==", True)


@pytest.mark.parametrize(
    ("text_types", "content_type", "body", "is_text"),
    [
        (["application/x-ndjson"], "application/x-ndjson", b"{}", True),
        (["application/x-ndjson"], "Application/X-NDJSON; charset=utf-8", b"{}", True),
        (["application/X-NDJSON"], "application/x-ndjson", b"{}", True),
        (["application/x-ndjson"], "application/x-ndjson", b"\xff", False),
        (["application/x-ndjson"], "application/x-ndjson2", b"{}", False),
        (["application/x-ndjson"], "text/plain", b"{}", True),
        (["application/vnd.acme.*"], "application/vnd.acme.v2", b"{}", True),
        (["application/vnd.acme.*"], "application/vnd-acme.v2", b"{}", False),
        (["a/b", "*/yaml"], "application/yaml", b"a: 1", True),
        ([], "application/yaml", b"a: 1", False),
    ],
)
@pytest.mark.parametrize("name", FORMATS)
def test_text_mime_types_add_to_what_is_text(
    name: str, text_types: list[str], content_type: str, body: bytes, is_text: bool
) -> None:
    headers = [(b"content-type", content_type.encode())]
    answer = answer_to(captured(name), headers=headers, body=body, text_mime_types=text_types)
    assert said(answer)[2] is not is_text


@pytest.mark.parametrize("name", HTTP)
@pytest.mark.parametrize("status", [204, 304, 103])
def test_a_status_without_content_has_none(name: str, status: int) -> None:
    answer = answer_to(captured(name), status, [(b"etag", b'"1"')], b"ignored")
    assert said(answer) == (status, "", False)
    assert names(answer) == {"etag"}


@pytest.mark.parametrize("name", HTTP)
def test_an_answer_to_head_has_no_body(name: str) -> None:
    event = captured(name)
    if "Records" in event:
        event["Records"][0]["cf"]["request"]["method"] = "HEAD"
    elif "httpMethod" in event:
        event["httpMethod"] = "HEAD"
    elif "method" in event:
        event["method"] = "HEAD"
    else:
        event["requestContext"]["http"]["method"] = "HEAD"
    answer = answer_to(event, 200, [(b"content-type", b"text/plain"), (b"content-length", b"4")], b"text")
    assert said(answer) == (200, "", False)
    # CloudFront answers 502 to a function that says content-length
    assert names(answer) == {"content-type"} | ({"content-length"} if "Records" not in event else set())


@given(st.binary(), st.sampled_from([b"text/plain", b"application/json", b"image/png", b"application/xml"]))
def test_a_body_round_trips(body: bytes, content_type: bytes) -> None:
    answer = answer_to(captured("http_api/no_body"), headers=[(b"content-type", content_type)], body=body)
    text: str = answer["body"]
    assert (base64.b64decode(text) if answer["isBase64Encoded"] else text.encode()) == body


@pytest.mark.parametrize("name", HTTP)
@pytest.mark.parametrize(
    "header",
    [
        (b"x", b"a\r\nset-cookie: evil=1"),
        (b"x", b"a\nb"),
        (b"x", b"a\rb"),
        (b"x", b"a\0b"),
        (b"set-cookie", b"a=1\r\n"),
        (b"x\r\ny", b"a"),
        (b"x y", b"a"),
        (b"x:", b"a"),
        (b"", b"a"),
        (b"\xfc", b"a"),
        ("x", b"a"),
        (b"x", "a"),
        (b"x", None),
    ],
)
def test_an_unsafe_header_is_refused(name: str, header: tuple[Any, Any]) -> None:
    with pytest.raises(UnsafeHeaderError) as caught:
        answer_to(captured(name), headers=[(b"content-type", b"text/plain"), header])
    assert caught.value.name == header[0]


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_what_is_answered_can_never_split_the_response(name: bytes, value: bytes) -> None:
    try:
        answer = answer_to(captured("http_api/no_body"), headers=[(name, value)])
    except UnsafeHeaderError:
        return
    assert not set("".join([*answer["headers"], *answer["headers"].values(), *answer.get("cookies", [])])) & set(
        "\r\n\0"
    )


def test_values_are_latin_1_and_tabs_and_high_bytes_pass() -> None:
    headers = [(b"x-name", b"caf\xe9\tbar"), (b"X-Custom", b"1")]
    assert answer_to(captured("http_api/no_body"), headers=headers)["headers"] == {
        "x-name": "café\tbar",
        "x-custom": "1",
    }


@pytest.mark.parametrize(
    "name",
    [
        *(b"connection", b"Transfer-Encoding", b"content-length", b"Via", b"x-cache", b"X-Edge-Location"),
        *(b"x-amz-cf-pop", b"x-amzn-requestid", b"X-Real-IP", b"x-accel-redirect", b"host"),
    ],
)
def test_cloudfronts_own_headers_are_left_out_at_the_edge(name: bytes) -> None:
    answer = answer_to(captured("edge/viewer_request"), headers=[(name, b"1"), (b"x-cached", b"1"), (b"age", b"1")])
    assert names(answer) == {"x-cached", "age"}


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("http_api/no_body", 6_291_556),
        ("http_api_v1/stage", 6_291_556),
        ("rest_api/stage", 6_291_556),
        ("function_url/plain", 6_291_556),
        ("alb/multi_value", 1_048_576),
        ("alb/health_check", 1_048_576),
        ("lattice_v1/query", 6_291_456),
        ("lattice_v2/query", 6_291_456),
        ("edge/viewer_request", 40_960),
        ("edge/origin_request", 1_048_576),
    ],
)
def test_the_limit_of_an_answer(name: str, limit: int) -> None:
    event = captured(name)
    source = detect(event)
    assert source.kind == "http"
    assert source.answer_limit(event) == limit
