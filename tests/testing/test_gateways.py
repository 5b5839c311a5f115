"""The simulated gateways: what each makes of a request and of an answer."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe_adapters.detection import detect
from lambdaframe_adapters.testing import GATEWAYS, LOSSES, Request, Setup, gateway, http_event, lost_by

FORMAT_2 = ["http_api", "function_url"]
MULTI = ["rest_api", "http_api_v1", "alb", "lattice_v2"]
LATTICE = ["lattice_v1", "lattice_v2"]


def source_of(name: str) -> str:
    return "alb" if name == "alb_single" else name


tokens = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=8)
escaped = st.text("abcXYZ019-._~%20+!$'()*,;:@", max_size=12).map(lambda text: text.replace("%", "%25"))
requests = st.builds(
    Request,
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]),
    path=escaped.map("/{}".format),
    query=st.lists(st.tuples(tokens, escaped), max_size=4).map(lambda pairs: "&".join(map("=".join, pairs))),
    headers=st.lists(st.tuples(tokens, tokens), max_size=4).map(lambda pairs: (("host", "api.example.com"), *pairs)),
    body=st.binary(max_size=20),
    scheme=st.sampled_from(["http", "https"]),
)


@pytest.mark.parametrize("name", GATEWAYS)
@given(request=requests)
def test_an_event_is_detected_as_its_source(name: str, request: Request) -> None:
    assert detect(GATEWAYS[name].event(request)).name == source_of(name)


@pytest.mark.parametrize("name", GATEWAYS)
def test_http_event_takes_text_an_object_of_headers_and_a_query_behind_the_path(name: str) -> None:
    event = http_event(name, "POST", "/a?b=c", headers={"Content-Type": "text/plain"}, body="grün")
    assert event == http_event(
        name,
        "POST",
        "/a",
        query="b=c",
        headers=[("host", "testserver"), ("Content-Type", "text/plain")],
        body="grün".encode(),
    )


def test_an_unknown_gateway_is_named_with_those_there_are() -> None:
    with pytest.raises(
        ValueError, match=r"There is no gateway 'nginx'; there are \['alb', 'alb_single', .*'rest_api'\]"
    ):
        gateway("nginx")


# Paths


@pytest.mark.parametrize(
    ("name", "where", "path"),
    [
        ("rest_api", "path", "/a%2Fb%20c+d%FF"),
        ("http_api", "rawPath", "/a/b c+d\ufffd"),
        ("http_api_v1", "path", "/a/b c+d\ufffd"),
        ("function_url", "rawPath", "/a%2Fb%20c+d%FF"),
        ("alb", "path", "/a%2Fb%20c+d%FF"),
        ("alb_single", "path", "/a%2Fb%20c+d%FF"),
        ("lattice_v1", "raw_path", "/a%2Fb%20c+d%FF?q=1%202"),
        ("lattice_v2", "path", "/a%2Fb%20c+d%FF?q=1%202"),
    ],
)
def test_the_path_is_decoded_by_http_apis_alone(name: str, where: str, path: str) -> None:
    assert http_event(name, path="/a%2Fb%20c+d%FF?q=1%202")[where] == path


@pytest.mark.parametrize(
    ("name", "setup", "path", "context_path", "domain"),
    [
        ("rest_api", {"stage": "prod"}, "/orders", "/prod/orders", "abcdef1234.execute-api.us-east-1.amazonaws.com"),
        ("rest_api", {}, "/prod/orders", "/prod/orders", "testserver"),
        ("rest_api", {"base_path": "/prod"}, "/prod/orders", "/prod/orders", "testserver"),
        (
            "http_api_v1",
            {"stage": "prod"},
            "/prod/orders",
            "/prod/orders",
            "abcdef1234.execute-api.us-east-1.amazonaws.com",
        ),
        ("http_api", {"stage": "prod"}, "/prod/orders", None, "abcdef1234.execute-api.us-east-1.amazonaws.com"),
        ("http_api", {"base_path": "/prod"}, "/orders", None, "testserver"),
    ],
)
def test_stages_and_base_paths(
    name: str, setup: dict[str, Any], path: str, context_path: str | None, domain: str
) -> None:
    event = http_event(name, path="/prod/orders", **setup)
    assert event.get("rawPath", event.get("path")) == path
    assert event["requestContext"].get("path") == context_path
    assert event["requestContext"]["domainName"] == domain


@pytest.mark.parametrize("name", ["rest_api", "http_api", "http_api_v1"])
@pytest.mark.parametrize("setup", [{"stage": "prod"}, {"base_path": "/prod"}])
def test_what_the_gateway_does_not_route_makes_no_event(name: str, setup: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="does not reach the function"):
        http_event(name, path="/production", **setup)


# Query strings


QUERY = "a=1%202&b=x+y&a=%26&flag&c="


@pytest.mark.parametrize(
    ("name", "where", "seen"),
    [
        ("rest_api", "multiValueQueryStringParameters", {"a": ["1 2", "&"], "b": ["x y"], "flag": [""], "c": [""]}),
        ("rest_api", "queryStringParameters", {"a": "&", "b": "x y", "flag": "", "c": ""}),
        ("http_api_v1", "multiValueQueryStringParameters", {"a": ["1 2", "&"], "b": ["x y"], "flag": [""], "c": [""]}),
        ("http_api", "rawQueryString", QUERY),
        ("http_api", "queryStringParameters", {"a": "1 2,&", "b": "x y", "flag": "", "c": ""}),
        ("function_url", "rawQueryString", QUERY),
        ("alb", "multiValueQueryStringParameters", {"a": ["1%202", "%26"], "b": ["x+y"], "flag": [""], "c": [""]}),
        ("alb_single", "queryStringParameters", {"a": "%26", "b": "x+y", "flag": "", "c": ""}),
        ("lattice_v1", "raw_path", f"/?{QUERY}"),
        ("lattice_v2", "path", f"/?{QUERY}"),
    ],
)
def test_query_strings(name: str, where: str, seen: Any) -> None:
    assert http_event(name, query=QUERY)[where] == seen


# Headers


HEADERS = [("Host", "api.example.com:8443"), ("X-Tag", "a"), ("x-tag", "b"), ("Cookie", "k=1; l=2"), ("Cookie", "m=3")]


@pytest.mark.parametrize(
    ("name", "headers", "tag", "cookie"),
    [
        ("rest_api", "multiValueHeaders", {"X-Tag": ["a"], "x-tag": ["b"]}, {"Cookie": ["k=1; l=2", "m=3"]}),
        ("rest_api", "headers", {"X-Tag": "a", "x-tag": "b"}, {"Cookie": "m=3"}),
        ("http_api_v1", "multiValueHeaders", {"X-Tag": ["a"], "x-tag": ["b"]}, {"Cookie": ["k=1; l=2", "m=3"]}),
        ("http_api", "headers", {"x-tag": "a,b"}, {}),
        ("function_url", "headers", {"x-tag": "a,b"}, {"cookie": "k=1; l=2,m=3"}),
        ("alb", "multiValueHeaders", {"x-tag": ["a", "b"]}, {"cookie": ["k=1; l=2", "m=3"]}),
        ("alb_single", "headers", {"x-tag": "b"}, {"cookie": "m=3"}),
        ("lattice_v1", "headers", {"x-tag": "a,b"}, {"cookie": "k=1; l=2,m=3"}),
        ("lattice_v2", "headers", {"x-tag": ["a", "b"]}, {"cookie": ["k=1; l=2", "m=3"]}),
    ],
)
def test_headers(name: str, headers: str, tag: dict[str, Any], cookie: dict[str, Any]) -> None:
    event = http_event(name, headers=HEADERS)
    found = event[headers]
    assert {key: value for key, value in found.items() if key.lower() == "x-tag"} == tag
    assert {key: value for key, value in found.items() if key.lower() == "cookie"} == cookie
    assert event.get("cookies") == (["k=1", "l=2", "m=3"] if name in FORMAT_2 else None)


@pytest.mark.parametrize("name", GATEWAYS)
def test_what_a_gateway_tells_of_the_connection(name: str) -> None:
    sent = [*HEADERS, ("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-Proto", "gopher"), ("TE", "trailers")]
    event = http_event(name, headers=sent, scheme="http", client="203.0.113.9")
    found = event.get("multiValueHeaders") or event["headers"]
    multi = name in MULTI
    headers: dict[str, str] = {key.lower(): each[0] if multi else each for key, each in found.items()}
    assert headers["x-forwarded-for"] == "198.51.100.1, 203.0.113.9"
    proto, port = (
        ("x-forwarded-for-proto", "x-forwarded-for-port")
        if name in LATTICE
        else ("x-forwarded-proto", "x-forwarded-port")
    )
    assert (headers[proto], headers[port]) == ("http", "8443")
    assert "te" not in headers


# Bodies


TEXT = b'{"note": "gr\xc3\xbcn"}'
PNG = b"\x89PNG\r\n\x1a\n\x00\xff"


@pytest.mark.parametrize("name", [name for name in GATEWAYS if name != "rest_api"])
@pytest.mark.parametrize(
    ("headers", "body", "text"),
    [
        ({"content-type": "application/json; charset=utf-8"}, TEXT, True),
        ({"content-type": "text/csv"}, b"a,b", True),
        ({"content-type": "application/xml"}, b"<a/>", True),
        ({"content-type": "application/problem+json"}, TEXT, False),
        ({"content-type": "application/x-www-form-urlencoded"}, b"a=1", False),
        ({"content-type": "application/json", "content-encoding": "gzip"}, PNG, False),
        ({"content-type": "image/png"}, PNG, False),
        ({}, b"a", False),
    ],
)
def test_bodies(name: str, headers: dict[str, str], body: bytes, text: bool) -> None:
    event = http_event(name, "POST", headers=headers, body=body)
    assert event["body"] == (body.decode() if text else base64.b64encode(body).decode())
    assert event.get("isBase64Encoded", event.get("is_base64_encoded")) is not text


@pytest.mark.parametrize(
    ("types", "body", "encoded"),
    [(("*/*",), "e30=", True), (("image/*",), "{}", False), (("application/json",), "e30=", True), ((), "{}", False)],
)
def test_a_rest_api_encodes_by_its_binary_media_types(types: tuple[str, ...], body: str, encoded: bool) -> None:
    request = Request("POST", "/", headers=(("content-type", "application/json"),), body=b"{}")
    event = gateway("rest_api").event(request, Setup(binary_media_types=types))
    assert (event["body"], event["isBase64Encoded"]) == (body, encoded)


# What is lost


PAIRS = [
    pytest.param(loss.alike, each, loss.part, id=f"{name}-{each}")
    for name, loss in LOSSES.items()
    if loss.alike
    for each in sorted(loss.gateways)
]


@pytest.mark.parametrize(("alike", "name", "part"), PAIRS)
def test_a_loss_is_a_loss(alike: tuple[Any, Any], name: str, part: str) -> None:
    kind, (one, other) = GATEWAYS[name], alike
    assert one != other
    if part == "response":
        request = Request("GET", "/")
        assert kind.response(request, one) == kind.response(request, other)
    else:
        assert kind.event(one) == kind.event(other)


@pytest.mark.parametrize(
    ("alike", "name"),
    [
        pytest.param(loss.alike, each, id=f"{name}-{each}")
        for name, loss in LOSSES.items()
        if loss.alike and loss.part in {"path", "query", "body"}
        for each in sorted(set(GATEWAYS) - loss.gateways)
    ],
)
def test_what_is_not_listed_is_not_lost(alike: tuple[Request, Request], name: str) -> None:
    assert GATEWAYS[name].event(alike[0]) != GATEWAYS[name].event(alike[1])


def test_losses_by_gateway() -> None:
    assert "path_escapes" in lost_by("http_api")
    assert "path_escapes" not in lost_by("rest_api")
    assert "query_repeated" in lost_by("alb_single")
