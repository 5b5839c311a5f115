"""From an HTTP event to ASGI's scope and body, by tables over the captured events."""

import base64
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe.errors import MalformedEventError
from lambdaframe.types import Scope
from lambdaframe_adapters import alb, rest_api
from lambdaframe_adapters._http import TruncatedBodyError
from lambdaframe_adapters._options import checked
from lambdaframe_adapters.detection import detect
from lambdaframe_adapters.sources import HTTPSource
from tests.adapters.captured import NAMES, captured

HTTP = [name for name in NAMES if detect(captured(name)).kind == "http"]


def source_of(event: dict[str, Any]) -> HTTPSource:
    source = detect(event)
    assert source.kind == "http"
    return source


def scope_of(event: dict[str, Any], **options: Any) -> Scope:
    return source_of(event).scope(event, None, checked(**options))


def values(scope: Scope, name: bytes) -> list[bytes]:
    return [value for key, value in scope["headers"] if key == name]


class Seen(NamedTuple):
    path: str
    raw_path: bytes
    root_path: str = ""
    query: bytes = b""
    method: str = "GET"
    scheme: str = "https"
    cookie: list[bytes] = []  # noqa: RUF012  a NamedTuple's default is never changed


PNG = b"\x89PNG\r\n\x1a\n\x00\xff"
V1_QUERY = b"parameter1=value1&parameter1=value2&parameter2=value"
COOKIE = [b"session=1; theme=dark"]

SCOPES = {
    "alb/health_check": Seen("/health", b"/health"),
    "alb/health_check_multi_value": Seen("/health", b"/health"),
    "alb/multi_value": Seen("/orders", b"/orders", query=b"q=a%20b%26c&q=%FF&flag=", method="POST", cookie=COOKIE),
    "alb/single_value": Seen(
        "/files/a/b c", b"/files/a%2Fb%20c", query=b"q=a%20b%26c&bytes=%FF", scheme="http", cookie=COOKIE
    ),
    "edge/origin_request": Seen("/orders/7", b"/orders/7", method="PUT", scheme="http"),
    "edge/viewer_request": Seen("/files/a/b/ü", b"/files/a%2Fb/%C3%BC", query=b"q=a%20b&q=c&flag", cookie=COOKIE),
    "function_url/cloudfront": Seen("/api/orders/7", b"/api/orders/7"),
    "function_url/encoded_path": Seen(
        "/files/a%2Fb/ü+x", b"/files/a%252Fb/%C3%BC+x", query=b"q=a%20b&q=c", cookie=COOKIE
    ),
    "function_url/iam": Seen("/orders/7", b"/orders/7"),
    "function_url/plain": Seen("/orders/7", b"/orders/7"),
    "http_api/base64": Seen("/orders/7", b"/orders/7", method="PUT"),
    "http_api/cognito_identity": Seen("/orders/7", b"/orders/7"),
    "http_api/cookies": Seen(
        "/my/path-with space/ü/%2e%2e%2fx",
        b"/my/path-with%20space/%C3%BC/%252e%252e%252fx",
        query=b"parameter1=value1&parameter1=a%20b+c&parameter2",
        method="POST",
        cookie=COOKIE,
    ),
    "http_api/custom_domain": Seen("/orders/7", b"/orders/7"),
    "http_api/custom_domain_default_stage": Seen("/orders/7", b"/orders/7"),
    "http_api/jwt": Seen("/orders/7", b"/orders/7"),
    "http_api/lambda_authorizer": Seen("/orders/7", b"/orders/7"),
    "http_api/no_body": Seen("/orders/7", b"/orders/7"),
    "http_api/stage": Seen("/prod/orders/7", b"/prod/orders/7", "/prod"),
    "http_api_v1/custom_domain": Seen("/shop/my/path", b"/shop/my/path", "/shop", V1_QUERY),
    "http_api_v1/default_stage": Seen("/my/path", b"/my/path", query=V1_QUERY),
    "http_api_v1/stage": Seen("/prod/my/path with%20space", b"/prod/my/path%20with%2520space", "/prod", V1_QUERY),
    "lattice_v1/post": Seen(
        "/files/a/b c", b"/files/a%2Fb%20c", query=b"tag=a&tag=b%26c&flag", method="POST", scheme="http", cookie=COOKIE
    ),
    "lattice_v1/query": Seen("/orders", b"/orders", query=b"state=prod"),
    "lattice_v2/iam": Seen(
        "/orders/7", b"/orders/7", query=b"state=prod&multi=a&multi=DEF&multi=g", method="POST", cookie=COOKIE
    ),
    "lattice_v2/query": Seen("/orders", b"/orders", query=b"state=prod"),
    "rest_api/base64": Seen("/prod/orders/7", b"/prod/orders/7", "/prod", method="PUT"),
    "rest_api/cognito": Seen("/prod/orders/7", b"/prod/orders/7", "/prod"),
    "rest_api/console_test": Seen("/orders/7", b"/orders/7"),
    "rest_api/custom_domain": Seen("/shop/orders/7", b"/shop/orders/7", "/shop"),
    "rest_api/iam": Seen("/prod/orders/7", b"/prod/orders/7", "/prod"),
    "rest_api/lambda_authorizer": Seen("/prod/orders/7", b"/prod/orders/7", "/prod"),
    "rest_api/multi_value": Seen(
        "/prod/files/a/b c+d",
        b"/prod/files/a%2Fb%20c+d",
        "/prod",
        b"tag=a&tag=b%20%26%20c&q=&n%C3%A4me=%C3%BC",
        "POST",
        cookie=COOKIE,
    ),
    "rest_api/private": Seen("/prod/orders/7", b"/prod/orders/7", "/prod"),
    "rest_api/stage": Seen("/prod/orders/7", b"/prod/orders/7", "/prod"),
}


@pytest.mark.parametrize("name", HTTP)
def test_scope(name: str) -> None:
    event, context = captured(name), None
    scope = source_of(event).scope(event, context)
    assert SCOPES[name] == Seen(
        path=scope["path"],
        raw_path=scope["raw_path"],
        root_path=scope["root_path"],
        query=scope["query_string"],
        method=scope["method"],
        scheme=scope["scheme"],
        cookie=values(scope, b"cookie"),
    )
    assert scope["type"] == "http"
    assert scope["asgi"] == {"version": "3.0", "spec_version": "2.4"}
    assert scope["aws.event"] is scope["extensions"]["lambda"]["event"] is event
    assert all(key == key.lower() for key, _ in scope["headers"])


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("http_api/no_body", b""),
        ("rest_api/stage", b""),
        ("alb/health_check", b""),
        ("lattice_v1/query", b""),
        ("lattice_v1/post", PNG),
        ("lattice_v2/iam", b'{"sku": "tee"}'),
        ("edge/viewer_request", b""),
        ("edge/origin_request", PNG),
        ("http_api/base64", PNG),
        ("rest_api/base64", PNG),
        ("alb/multi_value", b'{"sku": "tee"}'),
        ("rest_api/multi_value", '{"sku": "tee", "note": "grün"}'.encode()),
        ("http_api_v1/default_stage", b"Hello from Lambda!"),
    ],
)
def test_body(name: str, body: bytes) -> None:
    event = captured(name)
    assert source_of(event).body(event) == body


@pytest.mark.parametrize(
    ("name", "principal"),
    [
        ("rest_api/stage", None),
        ("rest_api/cognito", "3f7ac2d5-6f7b-4d56-9a5e-0c1d9b3e7f10"),
        ("rest_api/lambda_authorizer", "customer-42"),
        ("rest_api/iam", "arn:aws:iam::123456789012:user/jane"),
        ("http_api/no_body", None),
        ("http_api/jwt", "3f7ac2d5-6f7b-4d56-9a5e-0c1d9b3e7f10"),
        ("http_api/lambda_authorizer", "customer-42"),
        ("http_api/cognito_identity", "us-east-1:3f291106-8703-466b-8f2b-3ecee1ca56ce"),
        ("http_api_v1/default_stage", None),
        ("http_api_v1/custom_domain", "3f7ac2d5-6f7b-4d56-9a5e-0c1d9b3e7f10"),
        ("function_url/plain", None),
        ("function_url/iam", "arn:aws:iam::123456789012:user/jane"),
        ("rest_api/console_test", "arn:aws:iam::123456789012:user/jane"),
        ("alb/multi_value", None),
        ("lattice_v1/post", None),
        ("lattice_v2/query", None),
        ("lattice_v2/iam", "arn:aws:iam::123456789012:role/service-role/orders-client"),
        ("edge/viewer_request", None),
    ],
)
def test_the_principal_is_the_authorizers_word(name: str, principal: str | None) -> None:
    assert scope_of(captured(name))["extensions"]["lambda"]["principal"] == principal


def test_two_users_of_one_cognito_role_are_two_principals_on_a_rest_api() -> None:
    event = captured("rest_api/iam")
    event["requestContext"]["identity"]["cognitoIdentityId"] = "us-east-1:one"
    assert scope_of(event)["extensions"]["lambda"]["principal"] == "us-east-1:one"


# Headers


def test_every_value_of_a_repeated_header_survives() -> None:
    assert values(scope_of(captured("rest_api/multi_value")), b"x-tag") == [b"one", b"two"]
    assert values(scope_of(captured("alb/multi_value")), b"x-tag") == [b"one", b"two"]
    assert values(scope_of(captured("lattice_v2/iam")), b"x-tag") == [b"one", b"two"]
    assert values(scope_of(captured("edge/viewer_request")), b"x-tag") == [b"one", b"two"]
    assert values(scope_of(captured("lattice_v1/post")), b"x-tag") == [b"one,two"]
    assert values(scope_of(captured("http_api/no_body")), b"x-tag") == [b"one,two"]


@pytest.mark.parametrize(
    ("changed", "headers"),
    [
        ({"headers": None}, []),
        ({"headers": {"a": None, "B": "1"}}, [(b"b", b"1")]),
        ({"headers": {"x": "é"}}, [(b"x", b"\xe9")]),
        ({"headers": {"x": "日"}}, [(b"x", "日".encode())]),
    ],
)
def test_odd_headers(changed: dict[str, Any], headers: list[tuple[bytes, bytes]]) -> None:
    assert scope_of(captured("http_api/no_body", **changed))["headers"] == headers


@pytest.mark.parametrize("name", ["http_api/no_body", "rest_api/multi_value"])
def test_a_domain_name_that_is_none_is_no_server(name: str) -> None:
    event = captured(name)
    event["headers"] = {field: value for field, value in event["headers"].items() if field.lower() != "host"}
    event.pop("multiValueHeaders", None)
    event["requestContext"]["domainName"] = "x.example\ud800"
    assert scope_of(event)["server"] is None


@pytest.mark.parametrize(
    ("host", "server"),
    [
        ("example.com:8080", ("example.com", 8080)),
        ("example.com:", ("example.com", 443)),
        ("example.com:000080", ("example.com", 80)),
        ("example.com:65535", ("example.com", 65535)),
        ("example.com:65536", ("example.com", 443)),
        ("[::1]:80", ("::1", 80)),
        ("[::1]:0", ("::1", 0)),
        ("[v1.foo]", ("v1.foo", 443)),
    ],
)
def test_a_port_is_any_number_of_digits_and_one_that_none_can_have_is_left_out(
    host: str, server: tuple[str, int]
) -> None:
    assert scope_of(captured("alb/health_check", headers={"host": host}))["server"] == server


@pytest.mark.parametrize(
    ("port", "expected"), [("8080", 8080), ("65536", 443), ("0", 0), ("x", 443), ("²", 443), ("", 443)]
)
def test_a_forwarded_port_that_none_can_have_is_ignored(port: str, expected: int) -> None:
    headers = {"host": "example.com", "x-forwarded-proto": "https", "x-forwarded-port": port}
    assert scope_of(captured("alb/health_check", headers=headers))["server"] == ("example.com", expected)


def test_a_rest_event_with_single_headers_only_is_read_too() -> None:
    scope = scope_of(captured("rest_api/stage", multiValueHeaders=None, headers={"Accept": "a", "Cookie": "c=1"}))
    assert scope["headers"] == [(b"accept", b"a"), (b"cookie", b"c=1")]


def test_null_among_multi_value_headers_is_skipped() -> None:
    scope = scope_of(captured("rest_api/stage", multiValueHeaders={"A": None, "B": ["1", None], "C": []}))
    assert scope["headers"] == [(b"b", b"1")]


def test_a_lattice_header_may_be_a_string_where_others_are_lists() -> None:
    scope = scope_of(captured("lattice_v2/query", headers={"Host": "a.example", "x": ["1", None, "2"], "y": None}))
    assert scope["headers"] == [(b"host", b"a.example"), (b"x", b"1"), (b"x", b"2")]


names = st.from_regex(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}", fullmatch=True).filter(lambda name: name.lower() != "host")
texts = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=12)


@given(st.dictionaries(names, st.lists(texts, min_size=1, max_size=3), max_size=5))
def test_multi_value_headers_round_trip(headers: dict[str, list[str]]) -> None:
    scope = alb.scope(captured("alb/multi_value", multiValueHeaders=headers), None)
    sent = [(name.lower().encode(), text.encode("latin-1")) for name, each in headers.items() for text in each]
    assert [pair for pair in scope["headers"] if pair[0] != b"cookie"] == [p for p in sent if p[0] != b"cookie"]
    assert b"; ".join(value for name, value in sent if name == b"cookie") == b"; ".join(values(scope, b"cookie"))


# Query strings

parameters = st.dictionaries(st.text(max_size=6), st.lists(st.text(max_size=6), min_size=1, max_size=3), max_size=4)


@given(parameters)
def test_a_decoded_query_round_trips(query: dict[str, list[str]]) -> None:
    sent = rest_api.scope(captured("rest_api/stage", multiValueQueryStringParameters=query), None)["query_string"]
    assert b"+" not in sent
    read = parse_qsl(sent.decode("ascii"), keep_blank_values=True, strict_parsing=bool(sent))
    assert read == [(name, text) for name, each in query.items() for text in each]


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=4), st.binary(max_size=4)), max_size=4))
def test_an_encoded_query_is_joined_byte_for_byte(pairs: list[tuple[bytes, bytes]]) -> None:
    query: dict[str, list[str]] = {}
    for name, value in pairs:
        query.setdefault(quote(name), []).append(quote(value))
    sent = alb.scope(captured("alb/multi_value", multiValueQueryStringParameters=query), None)["query_string"]
    assert sent.decode() == "&".join(f"{name}={value}" for name, each in query.items() for value in each)


def test_single_query_parameters_are_read_where_there_are_no_lists() -> None:
    changed: dict[str, Any] = {
        "multiValueQueryStringParameters": None,
        "queryStringParameters": {"a": "x y", "b": None},
    }
    assert scope_of(captured("rest_api/stage", **changed))["query_string"] == b"a=x%20y&b="


@pytest.mark.parametrize("parameters", [None, {}])
@pytest.mark.parametrize("name", ["alb/multi_value", "rest_api/stage", "http_api_v1/default_stage"])
def test_no_query_parameters_are_an_empty_query(name: str, parameters: Any) -> None:
    changed = {"multiValueQueryStringParameters": parameters, "queryStringParameters": parameters}
    assert scope_of(captured(name, **changed))["query_string"] == b""


@pytest.mark.parametrize(
    ("parameters", "query"),
    [
        (None, b""),
        ({"a": ["b%26c+d", "e f&g"], "h": None}, b"a=b%26c+d&a=e%20f%26g&h="),
        ({"n\u00e4me": "\u00fc#"}, b"n%C3%A4me=%C3%BC%23"),
    ],
)
def test_lattice_parameters_stand_in_for_a_query_that_the_path_has_not(parameters: Any, query: bytes) -> None:
    event = captured("lattice_v2/query", path="/orders", queryStringParameters=parameters)
    assert scope_of(event)["query_string"] == query
    event = captured("lattice_v1/query", raw_path="/orders?x", query_string_parameters=parameters)
    assert scope_of(event)["query_string"] == b"x"


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("http_api/no_body", {"rawQueryString": "a=\u00fc b\r\n&c=%20+"}),
        ("alb/health_check", {"queryStringParameters": {"a": "\u00fc b\r\n", "c": "%20+"}}),
        ("lattice_v2/query", {"path": "/?a=\u00fc b\r\n&c=%20+"}),
    ],
)
def test_what_no_url_can_hold_is_escaped_in_a_query(name: str, changed: dict[str, Any]) -> None:
    assert scope_of(captured(name, **changed))["query_string"] == b"a=%C3%BC%20b%0D%0A&c=%20+"


def test_a_method_may_be_any_token_and_is_upper_case() -> None:
    assert scope_of(captured("alb/health_check", httpMethod="m-search"))["method"] == "M-SEARCH"


# Paths


def at(path: str, **changed: Any) -> dict[str, Any]:
    """Format 1.0 on a custom domain: ``requestContext.path`` is the path itself."""
    return {"path": path, "requestContext__path": path, **changed}


def own(path: str) -> dict[str, Any]:
    """A REST API on its own domain: ``requestContext.path`` begins with the stage."""
    return {"path": path, "requestContext__path": f"/prod{path}"}


PATHS: list[tuple[str, dict[str, Any], str, bytes, str]] = [
    ("http_api/stage", {"rawPath": "/prod"}, "/prod/", b"/prod/", "/prod"),
    ("http_api/stage", {"rawPath": "/prod/"}, "/prod/", b"/prod/", "/prod"),
    ("http_api/stage", {"rawPath": "/production/x"}, "/production/x", b"/production/x", ""),
    ("http_api/stage", {"rawPath": "/prod/a%2Fb"}, "/prod/a%2Fb", b"/prod/a%252Fb", "/prod"),
    ("http_api/stage", {"requestContext__stage": "$default"}, "/prod/orders/7", b"/prod/orders/7", ""),
    ("http_api/custom_domain", {"rawPath": "/prod"}, "/", b"/", ""),
    ("http_api/no_body", {"rawPath": "/a+b"}, "/a+b", b"/a+b", ""),
    ("http_api/no_body", {"rawPath": "/\ud800"}, "/\ufffd\ufffd\ufffd", b"/%ED%A0%80", ""),
    ("function_url/plain", {"rawPath": "/%FF/x"}, "/\ufffd/x", b"/%FF/x", ""),
    ("function_url/plain", {"rawPath": "/ü/%2F"}, "/ü//", b"/%C3%BC/%2F", ""),
    ("lattice_v1/query", {"raw_path": "/%252e%252e%252f?a=%3F?"}, "/%2e%2e%2f", b"/%252e%252e%252f", ""),
    ("lattice_v2/query", {"path": "/a+b%2F?"}, "/a+b/", b"/a+b%2F", ""),
    ("function_url/plain", {"rawPath": "/a b%20\r\n"}, "/a b \r\n", b"/a%20b%20%0D%0A", ""),
    ("function_url/plain", {"rawPath": "/.well-known/a..b"}, "/.well-known/a..b", b"/.well-known/a..b", ""),
    ("alb/health_check", {"path": "/%252e%252e%252f"}, "/%2e%2e%2f", b"/%252e%252e%252f", ""),
    ("rest_api/stage", {"path": "/", "requestContext__path": "/prod"}, "/prod/", b"/prod/", "/prod"),
    ("rest_api/stage", own("/prod/a"), "/prod/prod/a", b"/prod/prod/a", "/prod"),
    ("rest_api/custom_domain", at("/orders/7"), "/orders/7", b"/orders/7", ""),
    ("rest_api/custom_domain", at("/a/b/orders/7"), "/a/b/orders/7", b"/a/b/orders/7", "/a/b"),
    ("rest_api/custom_domain", at("/shop/orders/7/"), "/shop/orders/7/", b"/shop/orders/7/", "/shop"),
    ("rest_api/custom_domain", at("/shop", resource="/"), "/shop/", b"/shop/", "/shop"),
    # a custom domain that is mapped to an API without a stage: clients name the stage
    ("rest_api/custom_domain", at("/prod/orders/7"), "/prod/orders/7", b"/prod/orders/7", "/prod"),
    *(
        ("rest_api/custom_domain", at("/shop/orders/a%20b", pathParameters={"id": value}), *expected)
        for value in ("a%20b", "a b")
        for expected in [("/shop/orders/a b", b"/shop/orders/a%20b", "/shop")]
    ),
    ("rest_api/custom_domain", at("/shop/orders/7", pathParameters=None), "/shop/orders/7", b"/shop/orders/7", ""),
    ("http_api_v1/stage", at("/production/x"), "/production/x", b"/production/x", ""),
    (
        "http_api_v1/stage",
        at("/prod/my/a/b", resource="/my/{rest+}", pathParameters={"rest": "a/b"}),
        *("/prod/my/a/b", b"/prod/my/a/b", "/prod"),
    ),
]


@pytest.mark.parametrize(("name", "changed", "path", "raw_path", "root_path"), PATHS)
def test_paths_and_prefixes(name: str, changed: dict[str, Any], path: str, raw_path: bytes, root_path: str) -> None:
    scope = scope_of(captured(name, **changed))
    assert (scope["path"], scope["raw_path"], scope["root_path"]) == (path, raw_path, root_path)


@pytest.mark.parametrize(
    ("name", "changed", "path", "root_path"),
    [
        ("alb/health_check", {"path": "/v1/health"}, "/v1/health", "/v1"),
        ("alb/health_check", {"path": "/v1"}, "/v1/", "/v1"),
        ("alb/health_check", {"path": "/v10/health"}, "/v10/health", ""),
        ("function_url/plain", {"rawPath": "/v1/x"}, "/v1/x", "/v1"),
        ("http_api/no_body", {"rawPath": "/v1/x"}, "/v1/x", "/v1"),
        ("http_api/no_body", {"rawPath": "/x"}, "/x", ""),
        ("http_api/stage", {"rawPath": "/prod/v1/x"}, "/prod/v1/x", "/prod/v1"),
        ("rest_api/stage", {"path": "/v1/x", "requestContext__path": "/prod/v1/x"}, "/prod/v1/x", "/prod/v1"),
        # the key of an HTTP API's mapping is in the client's URL, not in the event
        ("http_api/custom_domain", {"rawPath": "/prod/x"}, "/v1/x", "/v1"),
        ("http_api/custom_domain", {"rawPath": "/prod"}, "/v1/", "/v1"),
        ("http_api/custom_domain", {"rawPath": "/v1/x", "requestContext__stage": "$default"}, "/v1/x", "/v1"),
        ("http_api/custom_domain_default_stage", {}, "/v1/orders/7", "/v1"),
        ("lattice_v1/query", {"raw_path": "/v1/x?v1"}, "/v1/x", "/v1"),
        ("lattice_v2/query", {"path": "/v1?"}, "/v1/", "/v1"),
    ],
)
def test_base_path(name: str, changed: dict[str, Any], path: str, root_path: str) -> None:
    scope = scope_of(captured(name, **changed), base_path="/v1")
    assert (scope["path"], scope["root_path"]) == (path, root_path)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20))
def test_an_encoded_path_is_decoded_once(text: str) -> None:
    path = "/" + text
    if not {".", ".."}.isdisjoint(path.split("/")):
        return
    event = captured("function_url/plain", rawPath=quote(path))
    scope = scope_of(event)
    assert scope["path"] == path
    assert unquote_to_bytes(scope["raw_path"]).decode() == path
    event = captured("http_api/no_body", rawPath=path)
    scope = scope_of(event)
    assert scope["path"] == path
    assert unquote_to_bytes(scope["raw_path"]).decode() == path


def edge_event(**request: Any) -> dict[str, Any]:
    event = captured("edge/origin_request")
    event["Records"][0]["cf"]["request"].update(request)
    return event


def test_a_behaviour_of_a_distribution_is_a_base_path() -> None:
    scope = scope_of(edge_event(uri="/v1/a%2520b"), base_path="/v1")
    assert (scope["path"], scope["raw_path"], scope["root_path"]) == ("/v1/a%20b", b"/v1/a%2520b", "/v1")
    scope = scope_of(captured("function_url/cloudfront"), base_path="/api")
    assert (scope["path"], scope["root_path"]) == ("/api/orders/7", "/api")


# Where from and where to


@pytest.mark.parametrize(
    ("headers", "scheme", "server"),
    [
        ({"host": "[::1]:80"}, "https", ("::1", 80)),
        ({"host": "[2001:db8::1]"}, "https", ("2001:db8::1", 443)),
        ({"host": "example.com:8080", "x-forwarded-port": "443"}, "https", ("example.com", 8080)),
        ({"host": "example.com", "x-forwarded-port": "8443"}, "https", ("example.com", 8443)),
        ({"host": "example.com", "x-forwarded-port": "no"}, "https", ("example.com", 443)),
        ({"host": "example.com:", "x-forwarded-proto": "http"}, "http", ("example.com", 80)),
        ({"host": "example.com", "x-forwarded-proto": "HTTP"}, "http", ("example.com", 80)),
        ({"host": "example.com", "x-forwarded-proto": "javascript"}, "https", ("example.com", 443)),
        ({"host": ""}, "https", None),
        ({}, "https", None),
    ],
)
def test_server_and_scheme(headers: dict[str, str], scheme: str, server: tuple[str, int] | None) -> None:
    scope = scope_of(captured("alb/health_check", headers=headers))
    assert (scope["scheme"], scope["server"]) == (scheme, server)


@pytest.mark.parametrize(
    ("protocol", "version"),
    [("HTTP/1.1", "1.1"), ("HTTP/1.0", "1.0"), ("HTTP/2.0", "2"), ("HTTP/3", "3"), (None, "1.1"), (2, "1.1")],
)
@pytest.mark.parametrize("name", ["http_api/no_body", "rest_api/stage"])
def test_http_version(name: str, protocol: Any, version: str) -> None:
    event = captured(name)
    about = event["requestContext"]
    about.get("http", about)["protocol"] = protocol
    assert scope_of(event)["http_version"] == version


@pytest.mark.parametrize("name", ["alb/health_check", "alb/health_check_multi_value", "lattice_v1/query"])
def test_who_tells_no_version_is_taken_to_speak_1_1(name: str) -> None:
    assert scope_of(captured(name))["http_version"] == "1.1"


@pytest.mark.parametrize(
    ("name", "scheme", "server"),
    [
        ("lattice_v1/post", "http", ("orders-0a40eebed65f8d69c.7d67968.vpc-lattice-svcs.us-east-1.on.aws", 80)),
        ("lattice_v2/query", "https", ("orders.example.com", 443)),
        ("edge/viewer_request", "https", ("d111111abcdef8.cloudfront.net", 443)),
        ("edge/origin_request", "http", ("example.org", 80)),
        (
            "rest_api/private",
            "https",
            ("vpce-0123456789abcdef0-abcdefgh.execute-api.us-east-1.vpce.amazonaws.com", 443),
        ),
        ("rest_api/console_test", "https", ("testPrefix.testDomainName", 443)),
    ],
)
def test_server_and_scheme_of_captured_events(name: str, scheme: str, server: tuple[str, int]) -> None:
    scope = scope_of(captured(name))
    assert (scope["scheme"], scope["server"]) == (scheme, server)


def test_lattice_is_read_by_the_usual_forwarded_names_too() -> None:
    headers = {"host": "a.example", "x-forwarded-proto": "http", "x-forwarded-port": "8080"}
    scope = scope_of(captured("lattice_v1/query", headers=headers))
    assert (scope["scheme"], scope["server"]) == ("http", ("a.example", 8080))


def test_without_a_host_the_gateway_names_the_server() -> None:
    scope = scope_of(captured("http_api/no_body", headers={}))
    assert scope["server"] == ("id.execute-api.us-east-1.amazonaws.com", 443)


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("203.0.113.9, 192.0.2.1", ("192.0.2.1", 0)),
        ("192.0.2.1:4711", ("192.0.2.1", 4711)),
        ("2001:db8::1", ("2001:db8::1", 0)),
        ("[2001:db8::1]:4711", ("2001:db8::1", 4711)),
        ("", None),
        ("203.0.113.9,", None),
    ],
)
def test_the_client_behind_a_load_balancer_is_the_last_forwarded(forwarded: str, client: Any) -> None:
    assert scope_of(captured("alb/health_check", headers={"x-forwarded-for": forwarded}))["client"] == client


@pytest.mark.parametrize(
    ("name", "host"),
    [
        *((name, "192.0.2.1") for name in ("rest_api/stage", "http_api/no_body", "http_api_v1/stage")),
        ("function_url/plain", "192.0.2.1"),
        ("function_url/cloudfront", "130.176.6.91"),
        ("rest_api/console_test", "test-invoke-source-ip"),
        ("lattice_v1/post", "10.213.229.10"),
        ("lattice_v2/iam", "10.0.2.100"),
        ("edge/viewer_request", "203.0.113.178"),
        ("edge/origin_request", "2001:db8::178"),
    ],
)
def test_the_client_of_a_gateway_is_its_source_ip(name: str, host: str) -> None:
    assert scope_of(captured(name))["client"] == (host, 0)


CHAIN = "spoofed, 2001:db8::7, [2001:db8::8]:4711, 192.0.2.9"


@pytest.mark.parametrize(
    ("hops", "client"),
    [
        (0, ("192.0.2.9", 0)),
        (1, ("2001:db8::8", 4711)),
        (2, ("2001:db8::7", 0)),
        # fewer entries than hops: the request has gone around a proxy, and the load balancer's own entry is left
        (4, ("192.0.2.9", 0)),
    ],
)
@pytest.mark.parametrize("name", ["alb/health_check", "lattice_v1/query", "lattice_v2/query"])
def test_trusted_hops_choose_an_entry_before_the_last(name: str, hops: int, client: tuple[str, int]) -> None:
    event = captured(name, headers={"x-forwarded-for": CHAIN})
    assert scope_of(event, trusted_hops=hops)["client"] == client


def test_trusted_hops_count_over_repeated_headers() -> None:
    event = captured("alb/multi_value", multiValueHeaders={"x-forwarded-for": ["192.0.2.7, 192.0.2.8", "192.0.2.9"]})
    assert scope_of(event)["client"] == ("192.0.2.9", 0)
    assert scope_of(event, trusted_hops=2)["client"] == ("192.0.2.7", 0)


@pytest.mark.parametrize("name", ["http_api/no_body", "function_url/plain", "rest_api/stage", "http_api_v1/stage"])
def test_trusted_hops_go_before_a_gateways_source_ip(name: str) -> None:
    event = captured(name, headers={"x-forwarded-for": CHAIN}, multiValueHeaders={"X-Forwarded-For": [CHAIN]})
    assert scope_of(event)["client"] == ("192.0.2.1", 0)
    assert scope_of(event, trusted_hops=1)["client"] == ("2001:db8::8", 4711)
    assert scope_of(event, trusted_hops=4)["client"] == ("192.0.2.1", 0)


def test_the_viewer_behind_cloudfront_is_one_hop_away() -> None:
    assert scope_of(captured("function_url/cloudfront"), trusted_hops=1)["client"] == ("198.51.100.7", 0)


address = st.ip_addresses().map(str)


@given(st.lists(address, min_size=1, max_size=5), st.lists(st.text("abc.:[]1 ", max_size=8), max_size=3))
def test_what_the_client_writes_into_the_chain_is_never_believed(own: list[str], invented: list[str]) -> None:
    """``own``: what the proxies and the load balancer have written, each the address that it was called from."""
    chain = ", ".join([*(entry for entry in invented), *own])
    event = captured("alb/health_check", headers={"x-forwarded-for": chain})
    assert scope_of(event, trusted_hops=len(own) - 1)["client"] == (own[0], 0)


# Bad input

NO_REQUEST: list[tuple[str, dict[str, Any], str]] = [
    ("alb/health_check", {"headers": {"host": "a:b:c"}}, "'a:b:c' is no host"),
    ("alb/health_check", {"headers": {"host": "example.com:abc"}}, "no host"),
    ("alb/health_check", {"headers": {"host": "[v1]"}}, "no host"),
    ("alb/health_check", {"headers": {"host": "exa mple.com"}}, "no host"),
    ("alb/health_check", {"headers": {"host": "[::1"}}, "no host"),
    ("http_api/no_body", {"headers": {"host": "evil/../x"}}, "no host"),
    ("http_api/no_body", {"rawPath": "orders"}, "does not start with a slash"),
    ("http_api/no_body", {"rawPath": ""}, "does not start with a slash"),
    ("http_api/no_body", {"rawPath": None}, "no path"),
    ("http_api/no_body", {"rawPath": "/a\0b"}, "NUL"),
    ("http_api/no_body", {"rawPath": "/a/../b"}, "dot segment"),
    ("http_api/no_body", {"rawPath": "/a/."}, "dot segment"),
    ("function_url/plain", {"rawPath": "/a%00b"}, "NUL"),
    ("function_url/plain", {"rawPath": "/a/%2e%2E/b"}, "dot segment"),
    ("function_url/plain", {"rawPath": "/a%2F..%2Fb"}, "dot segment"),
    ("rest_api/stage", {"path": "/%2e"}, "dot segment"),
    ("alb/health_check", {"path": "/..%2fetc"}, "dot segment"),
    ("lattice_v1/query", {"raw_path": None}, "no path"),
    ("lattice_v1/query", {"raw_path": "?a=b"}, "does not start with a slash"),
    ("lattice_v2/query", {"path": "/a/%2e%2e/b?c"}, "dot segment"),
    ("lattice_v2/query", {"method": 5}, "no HTTP method"),
    ("lattice_v2/query", {"headers": ["a"]}, "no object"),
    ("lattice_v2/query", {"path": "/", "queryStringParameters": {"a": [5]}}, "'a' is no string"),
    ("lattice_v2/query", {"path": "/", "queryStringParameters": 5}, "no object"),
    ("alb/health_check", {"httpMethod": None}, "no HTTP method"),
    *(("alb/health_check", {"httpMethod": one}, "no token") for one in ("", "GET /x", "G\r\nT", "GÉT")),
    ("http_api/no_body", {"requestContext__http__method": "a b"}, "no token"),
    ("alb/health_check", {"headers": ["a"]}, "no object"),
    ("alb/health_check", {"headers": {"a": 5}}, "'a' is no string"),
    ("rest_api/stage", {"multiValueHeaders": {"a": [5]}}, "'a' is no string"),
    ("rest_api/stage", {"multiValueQueryStringParameters": {"a": [5]}}, "'a' is no string"),
    ("rest_api/stage", {"multiValueQueryStringParameters": "a=5"}, "no object"),
    ("http_api/no_body", {"rawQueryString": 5}, "no string"),
    ("http_api/no_body", {"cookies": "a=1"}, "no list of strings"),
    ("http_api/no_body", {"cookies": [5]}, "no list of strings"),
]


@pytest.mark.parametrize(("name", "changed", "said"), NO_REQUEST)
def test_what_is_no_request_is_refused(name: str, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(MalformedEventError, match=said.replace("[", r"\[")):
        scope_of(captured(name, **changed))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"isBase64Encoded": True, "body": "!!!"}, "base64"),
        ({"isBase64Encoded": True, "body": "YQ=\n="}, "base64"),
        ({"isBase64Encoded": True, "body": "YQ"}, "base64"),
        ({"isBase64Encoded": True, "body": "YQ==YQ=="}, "base64"),
        ({"isBase64Encoded": True, "body": "ü"}, "base64"),
        ({"isBase64Encoded": True, "body": 5}, "no string"),
        ({"body": {"a": 1}}, "no string"),
        ({"body": '"\ud800"'}, "surrogate"),
    ],
)
def test_what_is_no_body_is_refused(changed: dict[str, Any], said: str) -> None:
    event = captured("http_api/no_body", **changed)
    with pytest.raises(MalformedEventError, match=said):
        source_of(event).body(event)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"headers": [1]}, "no object of lists"),
        ({"headers": {"a": [{"key": "A"}]}}, "no object of lists"),
        ({"headers": {"host": [{"value": "a:b:c"}]}}, "no host"),
        ({"uri": "/a/%2e%2e"}, "dot segment"),
        ({"uri": None}, "no path"),
        ({"method": None}, "no HTTP method"),
        ({"querystring": 5}, "no string"),
    ],
)
def test_what_is_no_request_is_refused_at_the_edge_too(request_: dict[str, Any], said: str) -> None:
    with pytest.raises(MalformedEventError, match=said):
        scope_of(edge_event(**request_))


@pytest.mark.parametrize(
    ("sent", "error", "said"),
    [
        ({"data": "!!!", "encoding": "base64"}, MalformedEventError, "base64"),
        ({"data": 5, "encoding": "text"}, MalformedEventError, "no string"),
        ("text", MalformedEventError, "no object"),
        ({"data": "YQ==", "encoding": "base64", "inputTruncated": True}, TruncatedBodyError, "CloudFront's limit"),
    ],
)
def test_what_is_no_body_is_refused_at_the_edge_too(sent: Any, error: type[Exception], said: str) -> None:
    event = edge_event(body=sent)
    with pytest.raises(error, match=said):
        source_of(event).body(event)


def test_a_text_body_at_the_edge_is_text() -> None:
    event = edge_event(body={"data": "grün", "encoding": "text", "inputTruncated": False})
    assert source_of(event).body(event) == "grün".encode()


@pytest.mark.parametrize("changed", [{"body": None}, {"body": ""}, {"body": "", "isBase64Encoded": True}])
def test_null_and_empty_bodies_are_empty(changed: dict[str, Any]) -> None:
    event = captured("http_api/no_body", **changed)
    assert source_of(event).body(event) == b""


@given(st.binary())
def test_a_base64_body_round_trips(body: bytes) -> None:
    event = captured("alb/health_check", body=base64.b64encode(body).decode(), isBase64Encoded=True)
    assert source_of(event).body(event) == body
