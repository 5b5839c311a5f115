"""The simulated gateways: what the client gets for the function's answer."""

import base64
from typing import Any

import pytest

from lambdaframe_adapters.testing import GATEWAYS, Request, Response, Setup, gateway

GET = Request("GET", "/", headers=(("accept", "image/png, */*"),))
PNG = b"\x89PNG\r\n\x1a\n\x00\xff"
SINGLE = ["http_api", "function_url", "alb_single", "lattice_v1", "lattice_v2"]
MULTI = ["rest_api", "http_api_v1", "alb"]
INFERRING = ["http_api", "function_url"]


def answered(name: str, answer: Any, request: Request = GET) -> Response:
    return GATEWAYS[name].response(request, answer)


def headers_of(name: str, headers: dict[str, list[str]]) -> dict[str, Any]:
    if name in MULTI:
        return {"multiValueHeaders": headers}
    return {"headers": {key: ", ".join(values) for key, values in headers.items()}}


@pytest.mark.parametrize("name", GATEWAYS)
def test_text(name: str) -> None:
    answer = {"statusCode": 201, "body": "grün", **headers_of(name, {"content-type": ["text/plain"], "x-a": ["1"]})}
    response = answered(name, answer)
    assert (response.status, response.body) == (201, "grün".encode())
    assert response.values("content-type") == ["text/plain"]
    assert response.values("x-a") == ["1"]


@pytest.mark.parametrize("name", GATEWAYS)
def test_base64(name: str) -> None:
    answer = {"statusCode": 200, "body": base64.b64encode(PNG).decode(), "isBase64Encoded": True}
    assert answered(name, answer).body == PNG


@pytest.mark.parametrize(("accept", "decoded"), [("image/png", True), ("text/html, image/png", False), ("", False)])
def test_a_rest_api_decodes_by_the_first_type_that_is_accepted(accept: str, decoded: bool) -> None:
    request = Request("GET", "/", headers=(("Accept", accept),))
    answer = {"statusCode": 200, "body": base64.b64encode(PNG).decode(), "isBase64Encoded": True}
    response = gateway("rest_api").response(request, answer, Setup(binary_media_types=("image/*",)))
    assert response.body == (PNG if decoded else base64.b64encode(PNG))


@pytest.mark.parametrize("name", MULTI)
def test_every_value_of_a_repeated_header_is_sent(name: str) -> None:
    answer = {"statusCode": 200, "multiValueHeaders": {"set-cookie": ["a=1", "b=2"]}}
    assert answered(name, answer).values("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize("name", ["rest_api", "http_api_v1"])
def test_both_kinds_of_headers_are_merged(name: str) -> None:
    answer = {"statusCode": 200, "headers": {"x-a": "1", "x-b": "2"}, "multiValueHeaders": {"x-a": ["1", "3"]}}
    response = answered(name, answer)
    assert (response.values("x-a"), response.values("x-b")) == (["1", "3"], ["2"])


@pytest.mark.parametrize(("name", "seen"), [("alb", ["multi"]), ("alb_single", ["single"])])
def test_a_load_balancer_reads_the_headers_of_its_setting(name: str, seen: list[str]) -> None:
    answer = {"statusCode": 200, "headers": {"x-a": "single"}, "multiValueHeaders": {"x-a": ["multi"]}}
    assert answered(name, answer).values("x-a") == seen


@pytest.mark.parametrize("name", INFERRING)
def test_cookies(name: str) -> None:
    answer = {"statusCode": 200, "cookies": ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"]}
    assert answered(name, answer).values("set-cookie") == answer["cookies"]


@pytest.mark.parametrize("name", INFERRING)
@pytest.mark.parametrize(
    ("answer", "body"), [({"ok": True}, b'{"ok":true}'), ("hello", b"hello"), ([1], b"[1]"), (None, b"null")]
)
def test_an_answer_without_a_status_is_the_body(name: str, answer: Any, body: bytes) -> None:
    response = answered(name, answer)
    assert (response.status, response.body, response.values("content-type")) == (200, body, ["application/json"])


MALFORMED: list[Any] = [
    {"statusCode": "ok"},
    {"statusCode": True},
    {"statusCode": 99},
    {"statusCode": 200, "body": {"a": 1}},
    {"statusCode": 200, "headers": ["a"]},
    {"statusCode": 200, "headers": {"a": {}}, "multiValueHeaders": {"a": "b"}},
    {"statusCode": 200, "body": "!!!", "isBase64Encoded": True},
]


@pytest.mark.parametrize("name", GATEWAYS)
@pytest.mark.parametrize("answer", MALFORMED)
def test_a_malformed_answer_is_the_gateways_own_error(name: str, answer: Any) -> None:
    response = answered(name, answer)
    assert response == GATEWAYS[name].failed()
    assert response.status == (500 if name.startswith("http_api") else 502)


@pytest.mark.parametrize("name", sorted(GATEWAYS.keys() - set(INFERRING)))
@pytest.mark.parametrize("answer", [{"body": "x"}, "x", None, []])
def test_an_answer_without_a_status_is_malformed_elsewhere(name: str, answer: Any) -> None:
    assert answered(name, answer) == GATEWAYS[name].failed()


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("rest_api", {"x-amzn-remapped-www-authenticate", "x-amzn-remapped-server", "content-type"}),
        ("function_url", {"x-amzn-remapped-www-authenticate", "server"}),
        ("http_api", {"www-authenticate", "server"}),
        ("alb", {"www-authenticate", "server"}),
    ],
)
def test_remapped_headers(name: str, seen: set[str]) -> None:
    answer = {"statusCode": 401, "body": "x", **headers_of(name, {"www-authenticate": ["Basic"], "server": ["app"]})}
    assert {key.lower() for key, _ in answered(name, answer).headers} == seen


@pytest.mark.parametrize("name", GATEWAYS)
@pytest.mark.parametrize(
    ("method", "status", "body", "length"),
    [("GET", 200, b"four", "4"), ("HEAD", 200, b"", "9"), ("GET", 304, b"", "9")],
)
def test_the_length_is_that_of_what_is_sent(name: str, method: str, status: int, body: bytes, length: str) -> None:
    answer = {"statusCode": status, "body": "four", **headers_of(name, {"content-length": ["9"]})}
    response = answered(name, answer, Request(method, "/"))
    assert (response.body, response.values("content-length")) == (body, [length])
