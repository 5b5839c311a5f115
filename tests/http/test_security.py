"""Who is calling: the schemes beside FastAPI's own, and callers as gateways tell of them."""

import base64
import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import fastapi
import fastapi.security
import pytest
from fastapi.testclient import TestClient as FastAPITestClient
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import Request
from typing_extensions import TypedDict

from lambdaframe import App, Depends, HTTPException, Security, security
from lambdaframe.errors import ConfigurationError
from lambdaframe.http.binding.dependant import SecurityScheme
from lambdaframe.security import (
    CognitoAuthorizer,
    IAMAuthorizer,
    IAMIdentity,
    JWTAuthorizer,
    LambdaAuthorizer,
    OAuth2PasswordRequestForm,
    OAuth2PasswordRequestFormStrict,
    SecurityScopes,
)
from lambdaframe.security.claims import UnfitClaimsError
from lambdaframe.testing import TestClient
from lambdaframe.types import Authorizer, AuthorizerKind
from lambdaframe_adapters import LambdaHandler
from lambdaframe_adapters.testing import LambdaClient
from tests.adapters.captured import captured
from tests.adapters.test_authorizer import AUTHORIZED, JANE, SPOOFED, SUB
from tests.adapters.test_http_response import said

# Beside FastAPI

Make = Callable[[Any], Any]
"""A scheme, made of the classes of ``lambdaframe.security`` or of ``fastapi.security``."""

SCHEMES: dict[str, Make] = {
    "basic": lambda s: s.HTTPBasic(),
    "basic, realm": lambda s: s.HTTPBasic(realm="the shop", description="For the till."),
    "basic, optional": lambda s: s.HTTPBasic(auto_error=False),
    "bearer": lambda s: s.HTTPBearer(),
    "bearer, described": lambda s: s.HTTPBearer(bearerFormat="JWT", scheme_name="token", description="A token."),
    "bearer, optional": lambda s: s.HTTPBearer(auto_error=False),
    "digest": lambda s: s.HTTPDigest(),
    "digest, optional": lambda s: s.HTTPDigest(auto_error=False),
    "header key": lambda s: s.APIKeyHeader(name="X-API-Key"),
    "header key, optional": lambda s: s.APIKeyHeader(name="X-API-Key", auto_error=False, description="Ask us."),
    "query key": lambda s: s.APIKeyQuery(name="api_key"),
    "query key, optional": lambda s: s.APIKeyQuery(name="api_key", auto_error=False),
    "cookie key": lambda s: s.APIKeyCookie(name="session"),
    "cookie key, optional": lambda s: s.APIKeyCookie(name="session", auto_error=False, scheme_name="session"),
    "password": lambda s: s.OAuth2PasswordBearer(tokenUrl="token"),
    "password, optional": lambda s: s.OAuth2PasswordBearer("token", auto_error=False, scopes={"me": "Who I am."}),
    "password, refresh": lambda s: s.OAuth2PasswordBearer("token", refreshUrl="refresh", description="Log in."),
    "code": lambda s: s.OAuth2AuthorizationCodeBearer("authorize", "token"),
    "code, optional": lambda s: s.OAuth2AuthorizationCodeBearer(
        authorizationUrl="authorize", tokenUrl="token", refreshUrl="refresh", scopes={"a": "A"}, auto_error=False
    ),
    "oauth2": lambda s: s.OAuth2(flows={"implicit": {"authorizationUrl": "authorize", "scopes": {"a": "A"}}}),
    "oauth2, optional": lambda s: s.OAuth2(auto_error=False),
    "openid": lambda s: s.OpenIdConnect(openIdConnectUrl="https://idp.example/.well-known/openid-configuration"),
    "openid, optional": lambda s: s.OpenIdConnect(openIdConnectUrl="/openid", auto_error=False),
}


def basic(text: bytes) -> str:
    return "Basic " + base64.b64encode(text).decode()


AUTHORIZATIONS = [
    *(None, "", " ", "Bearer", "Bearer ", "Bearer  ", "Bearer token", "bearer token", "BEARER  token ", "Bearer a b"),
    *("Token abc", "token", " Bearer token", "Bearer\ttoken", "Bearer,token", 'Digest username="jane"', "Digest"),
    *("Basic", "Basic ", "Basic !!!", "Basic a", "Basic YQ==", "BASIC YTpi", basic(b"jane:secret"), basic(b"jane:a:b")),
    *(basic(b":"), basic(b"jane:"), basic("jané:secret".encode()), basic(b"\xff:a"), basic(b"jane:s") + "%"),
]


async def answered(scheme: Any, request: Request) -> tuple[Any, ...]:
    """The value, or the status and the challenge."""
    try:
        value = await scheme(request)
    except (HTTPException, StarletteHTTPException) as exc:
        return exc.status_code, exc.headers
    if isinstance(value, BaseModel):
        return tuple(value.model_dump().values())
    return tuple(dataclasses.asdict(value).values()) if dataclasses.is_dataclass(value) else (value,)  # type: ignore[arg-type]  # an instance


def request_with(*headers: tuple[str, str], query: str = "") -> Request:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return Request({"type": "http", "headers": raw, "query_string": query.encode(), "path": "/", "method": "GET"})


@pytest.mark.anyio
@pytest.mark.parametrize("name", SCHEMES)
async def test_a_scheme_reads_a_request_as_fastapis_does(name: str) -> None:
    requests = [request_with(*(("authorization", sent),) if sent is not None else ()) for sent in AUTHORIZATIONS]
    requests += [
        request_with(("authorization", "Bearer one"), ("authorization", "Basic YTpi")),
        *(request_with(("x-api-key", key)) for key in ("", " ", "k", "ké")),
        *(request_with(query=query) for query in ("api_key=", "api_key=k", "api_key=a&api_key=b", "API_KEY=k")),
        *(request_with(("cookie", sent)) for sent in ("session=", "session=k", 'session="k"; a=b', "a=session", ";;")),
    ]
    ours, theirs = SCHEMES[name](security), SCHEMES[name](fastapi.security)
    for request in requests:
        assert await answered(ours, request) == await answered(theirs, request), (request.headers, request.url.query)


@pytest.mark.parametrize("name", SCHEMES)
def test_a_scheme_describes_itself_as_fastapis_does(name: str) -> None:
    scheme: SecurityScheme = SCHEMES[name](security).openapi_scheme
    theirs = SCHEMES[name](fastapi.security)
    described = theirs.model.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert scheme.name == theirs.scheme_name
    assert scheme.definition == described


def test_a_refusal_is_the_same_over_http_but_for_its_body() -> None:
    ours, theirs = App(), fastapi.FastAPI()
    for number, name in enumerate(SCHEMES):

        @ours.get(f"/{number}")
        async def mine(value: Annotated[Any, Depends(SCHEMES[name](security))]) -> bool:
            return value is not None

        @theirs.get(f"/{number}")
        async def their(value: Annotated[Any, fastapi.Depends(SCHEMES[name](fastapi.security))]) -> bool:
            return value is not None

    client, peer = TestClient(ours), FastAPITestClient(theirs)
    for number in range(len(SCHEMES)):
        for sent in AUTHORIZATIONS:
            headers = {} if sent is None else {"authorization": sent}
            mine_, their_ = client.get(f"/{number}", headers=headers), peer.get(f"/{number}", headers=headers)
            assert mine_.status_code == their_.status_code
            assert mine_.headers.get("www-authenticate") == their_.headers.get("www-authenticate")
            if mine_.status_code == 200:
                assert mine_.json() == their_.json()
            else:
                assert mine_.headers["content-type"] == "application/problem+json"
                assert mine_.json()["detail"] == their_.json()["detail"]


def test_the_secret_stands_in_no_repr() -> None:
    shown = [
        repr(security.HTTPBasicCredentials("jane", "s3cret")),
        repr(security.HTTPAuthorizationCredentials("Bearer", "s3cret")),
        repr(IAMIdentity(access_key="s3cret")),
    ]
    assert not [text for text in shown if "s3cret" in text]


def test_a_realm_can_not_break_out_of_its_quotes() -> None:
    app = App()

    @app.get("/")
    async def route(user: Annotated[Any, Depends(security.HTTPBasic(realm='a", b="\\'))]) -> None: ...

    assert TestClient(app).get("/").headers["www-authenticate"] == 'Basic realm="a\\", b=\\"\\\\"'


# The password flow's form


FORMS: list[tuple[Any, ...]] = [
    (False, {"username": "jane", "password": "s"}, ["jane", "s", [], None, None, None]),
    (True, {"username": "jane", "password": "s"}, "grant_type"),
    (False, {"username": "jane", "password": "s", "grant_type": "code"}, "grant_type"),
    (False, {"username": "jane"}, "password"),
    (
        True,
        {"grant_type": "password", "username": "j", "password": "s", "scope": "a  b:c", "client_id": "i"},
        ["j", "s", ["a", "b:c"], "password", "i", None],
    ),
]


@pytest.mark.parametrize(("strict", "form", "expected"), FORMS)
def test_the_form_of_the_password_flow(*, strict: bool, form: dict[str, str], expected: Any) -> None:
    app = App()

    @app.post("/token")
    async def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> Any:
        return [form.username, form.password, form.scopes, form.grant_type, form.client_id, form.client_secret]

    @app.post("/strict")
    async def strictly(form: Annotated[OAuth2PasswordRequestFormStrict, Depends()]) -> Any:
        return await token(form)

    response = TestClient(app).post("/strict" if strict else "/token", data=form)
    if isinstance(expected, str):
        assert response.status_code == 422
        assert [error["loc"] for error in response.json()["errors"]] == [["body", expected]]
    else:
        assert response.json() == expected


# Authorizers


class Claims(BaseModel):
    sub: str
    groups: list[str] = Field(default=[], alias="cognito:groups")
    username: str = Field(default="", alias="cognito:username")
    tenant: int = Field(default=0, alias="custom:tenant")
    email_verified: bool = False
    exp: datetime | None = None
    iat: int | None = None
    auth_time: int | None = None


JANES = Claims.model_validate(
    {
        "sub": SUB,
        "cognito:groups": ["admins", "editors"],
        "cognito:username": "jane",
        "custom:tenant": 42,
        "email_verified": True,
        "exp": datetime(2020, 3, 4, 19, 3, 58, tzinfo=UTC),
        "iat": 1583345038,
        "auth_time": 1583345038,
    }
)


def app_of(authorizer: Any, *scopes: str) -> App:
    app = App()

    @app.get("/{rest:path}")
    async def whoami(caller: Annotated[Any, Security(authorizer, scopes=list(scopes))]) -> Any:
        return caller

    return app


def through_event(make: Callable[..., LambdaHandler], authorizer: Any, event: dict[str, Any]) -> tuple[int, Any]:
    status, body, _ = said(make(app_of(authorizer))(event))
    return status, json.loads(body)


@pytest.mark.parametrize(
    ("event", "authorizer"),
    [("http_api, user pool", JWTAuthorizer(Claims)), ("rest_api, user pool", CognitoAuthorizer(Claims))],
)
def test_the_same_token_is_the_same_claims_behind_either_kind_of_api(
    make: Callable[..., LambdaHandler], event: str, authorizer: Any
) -> None:
    status, caller = through_event(make, authorizer, AUTHORIZED[event])
    assert (status, Claims.model_validate(caller)) == (200, JANES)


@pytest.mark.parametrize(
    ("event", "authorizer", "expected"),
    [
        ("http_api/jwt", JWTAuthorizer(), {"sub": SUB, "iss": "https://idp.example.com/", "scope": "orders:read"}),
        ("http_api_v1/custom_domain", JWTAuthorizer(), {"sub": SUB}),
        ("http_api/lambda_authorizer", LambdaAuthorizer(), {"principalId": "customer-42", "plan": "pro"}),
    ],
)
def test_without_a_model_the_claims_are_what_the_gateway_passes(
    make: Callable[..., LambdaHandler], event: str, authorizer: Any, expected: Any
) -> None:
    assert through_event(make, authorizer, captured(event)) == (200, expected)


@pytest.mark.parametrize("event", ["rest_api/iam", "function_url/iam"])
def test_a_signed_request_has_an_iam_identity(make: Callable[..., LambdaHandler], event: str) -> None:
    status, caller = through_event(make, IAMAuthorizer(), captured(event))
    assert (status, caller) == (
        200,
        dataclasses.asdict(
            IAMIdentity(
                arn=JANE,
                account="123456789012",
                user_id="AIDACKCEVSQ6C2EXAMPLE",
                caller="AIDACKCEVSQ6C2EXAMPLE",
                access_key="AKIAIOSFODNN7EXAMPLE",
            )
        ),
    )


@pytest.mark.parametrize("event", ["http_api/cognito_identity", "http_api_v1, identity pool"])
def test_a_user_of_an_identity_pool_is_known_by_it(make: Callable[..., LambdaHandler], event: str) -> None:
    found = AUTHORIZED.get(event) or captured(event)
    seen: list[IAMIdentity] = []
    app = App()

    @app.get("/{rest:path}")
    async def whoami(caller: Annotated[IAMIdentity, Depends(IAMAuthorizer())]) -> None:
        seen.append(caller)

    assert said(make(app)(found))[0] == 200
    assert seen[0].cognito is not None
    assert seen[0].cognito.authenticated
    assert seen[0].cognito.identity_id == "us-east-1:3f291106-8703-466b-8f2b-3ecee1ca56ce"


AUTHORIZERS: dict[AuthorizerKind, Any] = {
    "jwt": JWTAuthorizer(),
    "cognito": CognitoAuthorizer(),
    "lambda": LambdaAuthorizer(),
    "iam": IAMAuthorizer(),
}
CHALLENGES = {"jwt": "Bearer", "cognito": "Bearer", "lambda": "Bearer", "iam": "AWS4-HMAC-SHA256"}
GATEWAY_OF: dict[AuthorizerKind, str] = {
    "jwt": "http_api",
    "cognito": "rest_api",
    "lambda": "http_api",
    "iam": "http_api",
}
CALLERS: dict[AuthorizerKind, Authorizer] = {
    "jwt": {"kind": "jwt", "claims": {"sub": "me"}},
    "cognito": {"kind": "cognito", "claims": {"sub": "me"}},
    "lambda": {"kind": "lambda", "claims": {"principalId": "me"}},
    "iam": {"kind": "iam", "claims": {"arn": JANE}},
}


@pytest.mark.parametrize("kind", AUTHORIZERS)
@pytest.mark.parametrize(
    "source", ["rest_api", "http_api", "http_api_v1", "function_url", "alb", "lattice_v1", "lattice_v2"]
)
def test_nobody_is_somebody_by_a_header(kind: AuthorizerKind, source: str) -> None:
    response = LambdaClient(app_of(AUTHORIZERS[kind]), source).get("/", headers=SPOOFED)
    assert response.status_code == 401
    assert response.json() == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "Not authenticated",
    }
    challenge = [value for name, value in response.headers.items() if name.lower().endswith("www-authenticate")]
    assert challenge == [CHALLENGES[kind]]


@pytest.mark.parametrize("wanted", AUTHORIZERS)
@pytest.mark.parametrize("kind", AUTHORIZERS)
def test_another_authorizers_word_does_not_count(
    capsys: pytest.CaptureFixture[str], wanted: AuthorizerKind, kind: AuthorizerKind
) -> None:
    client = LambdaClient(app_of(AUTHORIZERS[wanted]), GATEWAY_OF[kind], authorizer=CALLERS[kind])
    response = client.get("/")
    assert response.status_code == (200 if wanted == kind else 401)
    if wanted != kind:
        line = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert (line["expected"], line["found"]) == (wanted, kind)


def test_an_optional_caller_is_none_and_an_unfit_one_is_still_refused() -> None:
    optional = JWTAuthorizer(Claims, auto_error=False)
    assert LambdaClient(app_of(optional)).get("/").json() is None
    stranger: Authorizer = {"kind": "jwt", "claims": {"iss": "x"}}
    assert LambdaClient(app_of(optional), authorizer=stranger).get("/").status_code == 403
    assert LambdaClient(app_of(optional, "a"), authorizer=CALLERS["jwt"]).get("/").status_code == 403


def test_claims_that_do_not_fit_are_a_403_whose_reason_stands_in_the_log_without_values(
    capsys: pytest.CaptureFixture[str],
) -> None:
    caller: Authorizer = {"kind": "jwt", "claims": {"email": "jane@example.com", "custom:tenant": "jane's"}}
    response = LambdaClient(app_of(JWTAuthorizer(Claims)), authorizer=caller).get("/")
    assert response.status_code == 403
    assert "www-authenticate" not in response.headers
    assert response.json()["detail"] == "The caller's claims are not those that this operation takes."
    out = capsys.readouterr().out
    line = json.loads(out.splitlines()[-1])
    assert line["errors"] == [{"loc": ["sub"], "type": "missing"}, {"loc": ["custom:tenant"], "type": "int_parsing"}]
    assert "jane" not in out


# Claims


@dataclasses.dataclass
class Point:
    x: int
    tags: set[str] = dataclasses.field(default_factory=set)


class Typed(TypedDict):
    n: float
    tags: tuple[str, ...]


class Address(BaseModel):
    street: str


class Anything(BaseModel):
    value: Any


def model_of(annotation: Any) -> Any:
    return type("Model", (BaseModel,), {"__annotations__": {"value": annotation}, "__module__": __name__})


@pytest.mark.parametrize(
    ("kind", "annotation", "sent", "expected"),
    [
        ("jwt", str, "[a b]", "[a b]"),
        ("jwt", list[str], "[a b]", ["a", "b"]),
        ("jwt", list[str], "[a]", ["a"]),
        ("jwt", list[str], "[1 2]", ["1", "2"]),
        ("jwt", list[int], "[1 2]", [1, 2]),
        ("jwt", list[str], "[]", []),
        ("jwt", list[str], "", []),
        ("jwt", list[str], "a b", ["a", "b"]),
        ("jwt", list[str], "a,b", ["a,b"]),
        ("jwt", list[str], ["a b"], ["a b"]),
        ("jwt", list[str] | None, "[a b]", ["a", "b"]),
        ("jwt", list[str] | str, "[a b]", "[a b]"),
        ("jwt", set[str], "[a b a]", {"a", "b"}),
        ("jwt", frozenset[str], "[a]", frozenset({"a"})),
        ("jwt", tuple[str, ...], "[a b]", ("a", "b")),
        ("jwt", bool, "true", True),
        ("jwt", bool, "false", False),
        ("jwt", int, "1583348638", 1583348638),
        ("jwt", float, "1.5", 1.5),
        ("jwt", datetime, "1583348638", datetime(2020, 3, 4, 19, 3, 58, tzinfo=UTC)),
        ("cognito", list[str], "a,b", ["a", "b"]),
        ("cognito", list[str], "a", ["a"]),
        ("cognito", list[str], "", []),
        ("cognito", list[str], "openid email", ["openid", "email"]),
        ("cognito", int, "Wed Mar 04 19:03:58 UTC 2020", 1583348638),
        ("cognito", float, "Wed Mar 04 19:03:58 UTC 2020", 1583348638.0),
        ("cognito", datetime, "Wed Mar 04 19:03:58 UTC 2020", datetime(2020, 3, 4, 19, 3, 58, tzinfo=UTC)),
        ("cognito", str, "Wed Mar 04 19:03:58 UTC 2020", "Wed Mar 04 19:03:58 UTC 2020"),
        ("cognito", Address, '{"street": "a"}', Address(street="a")),
        ("cognito", dict[str, int], '{"a": 1}', {"a": 1}),
        ("cognito", list[Address], '[{"street": "a"}]', [Address(street="a")]),
        ("lambda", list[str], '["a", "b c"]', ["a", "b c"]),
        ("lambda", list[int], "[1,2]", [1, 2]),
        ("lambda", list[int], [1, 2], [1, 2]),
        ("lambda", dict[str, Any], {"a": None}, {"a": None}),
    ],
)
def test_a_claim_is_read_as_its_type_asks(kind: AuthorizerKind, annotation: Any, sent: Any, expected: Any) -> None:
    model = model_of(annotation)
    readers: dict[str, Any] = {"jwt": JWTAuthorizer, "cognito": CognitoAuthorizer, "lambda": LambdaAuthorizer}
    claims = {"value": sent, "other": "[x y]"}
    assert readers[kind](model).read(claims).value == expected
    assert claims == {"value": sent, "other": "[x y]"}


def test_a_dataclass_and_a_typed_dict_are_models_too() -> None:
    assert JWTAuthorizer(Point).read({"x": "1", "tags": "[a b]", "iss": "z"}) == Point(1, {"a", "b"})
    assert JWTAuthorizer(Typed).read({"n": "1", "tags": "[a b]"}) == {"n": 1.0, "tags": ("a", "b")}
    assert JWTAuthorizer(dict[str, str]).read({"n": "1"}) == {"n": "1"}


UNFIT: dict[Any, list[Any]] = {
    list[str]: [None, 5, {"a": 1}, [1], [["a"]], True],
    list[int]: ["[a b]", "[1 b]", '["a"', '["' * 50_000],
    int: [
        *("", "x", "9" * 5000, [], None),
        *("Wed Foo 04 19:03:58 UTC 2020", "Wed Feb 31 19:03:58 UTC 2020", "Wed Mar 04 99:99:99 UTC 2020"),
    ],
    bool: ["maybe"],
    datetime: ["yesterday"],
    Address: ["{", "{}", "map[street:a]", "[]", [], None, "{" * 100_000],
}


@pytest.mark.parametrize(
    ("annotation", "sent"),
    [(annotation, sent) for annotation, values in UNFIT.items() for sent in values],
    ids=lambda value: str(value)[:30],
)
def test_a_claim_that_can_not_be_read_is_unfit(annotation: Any, sent: Any) -> None:
    with pytest.raises(UnfitClaimsError):
        JWTAuthorizer(model_of(annotation)).read({"value": sent})


def test_huge_claims_take_no_time_to_speak_of() -> None:
    groups = JWTAuthorizer(Claims).read({"sub": "x", "cognito:groups": f"[{' '.join(['group'] * 200_000)}]"}).groups
    assert len(groups) == 200_000


NESTED: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["sub", "cognito:groups", "exp", "scope", "scp", "email_verified", "x"]), NESTED)
)
def test_whatever_the_claims_are_they_fit_or_do_not(claims: dict[str, Any]) -> None:
    for read in (JWTAuthorizer(Claims).read, CognitoAuthorizer(Claims).read, LambdaAuthorizer(Typed).read):
        try:
            read(claims)
        except UnfitClaimsError:
            continue


def test_a_model_that_can_not_be_validated_is_the_authors_mistake() -> None:
    class Odd: ...

    with pytest.raises(ConfigurationError, match="the claims of JWTAuthorizer"):
        JWTAuthorizer(Odd).warm()


# Scopes


@pytest.mark.parametrize(
    ("claims", "listed", "allowed"),
    [
        ({"scope": "orders:read orders:write"}, None, True),
        ({"scope": "orders:write"}, ["orders:read"], True),
        ({"scope": "orders:read"}, ["orders:write"], False),
        ({"scope": "orders:writer"}, None, False),
        ({"scope": ""}, ["orders:write"], False),
        ({"scp": ["orders:write", "x"]}, None, True),
        ({"scp": "[orders:read orders:write]"}, None, True),
        ({"scope": "x", "scp": "orders:write"}, None, True),
        ({"scope": {"orders:write": 1}}, ["orders:write"], False),
        ({"scope": None}, None, False),
        ({}, ["orders:read", "orders:write"], True),
        ({}, [], False),
        ({}, None, False),
    ],
)
def test_a_token_has_the_scopes_of_its_claims_and_the_gateways_list_stands_in(
    claims: dict[str, Any], listed: list[str] | None, *, allowed: bool
) -> None:
    caller: Authorizer = {"kind": "jwt", "claims": claims, "scopes": listed}
    response = LambdaClient(app_of(JWTAuthorizer(), "orders:write"), authorizer=caller).get("/")
    assert response.status_code == (200 if allowed else 403)
    if not allowed:
        challenge = 'Bearer error="insufficient_scope", scope="orders:write"'
        assert response.headers["www-authenticate"] == challenge


def test_all_scopes_on_the_way_down_are_asked_for() -> None:
    app = App()
    authorizer = JWTAuthorizer()

    async def user(claims: Annotated[dict[str, Any], Security(authorizer, scopes=["me"])]) -> str:
        return str(claims["sub"])

    @app.get("/plain")
    async def plain(name: Annotated[str, Depends(user)]) -> str:
        return name

    @app.get("/orders")
    async def orders(name: Annotated[str, Security(user, scopes=["orders"])]) -> str:
        return name

    def statuses(scope: str) -> list[int]:
        client = LambdaClient(app, authorizer={"kind": "jwt", "claims": {"sub": "x", "scope": scope}})
        return [client.get("/plain").status_code, client.get("/orders").status_code]

    assert [statuses(scope) for scope in ("", "me", "orders", "me orders")] == [
        *([403, 403], [200, 403], [403, 403], [200, 200]),
    ]
    refused = LambdaClient(app, authorizer={"kind": "jwt", "claims": {"sub": "x"}}).get("/orders")
    assert refused.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="orders me"'


def test_a_lambda_authorizers_scope_counts_and_iam_has_none() -> None:
    caller: Authorizer = {"kind": "lambda", "claims": {"principalId": "x", "scope": "a b"}}
    assert LambdaClient(app_of(LambdaAuthorizer(), "a"), "rest_api", authorizer=caller).get("/").status_code == 200
    assert LambdaClient(app_of(LambdaAuthorizer(), "c"), "rest_api", authorizer=caller).get("/").status_code == 403
    assert LambdaClient(app_of(IAMAuthorizer(), "a"), authorizer=CALLERS["iam"]).get("/").status_code == 403


def test_security_scopes_are_a_list_and_a_text() -> None:
    for scopes in (SecurityScopes(["a", "b"]), SecurityScopes(("a", "b"))):
        assert (scopes.scopes, scopes.scope_str) == (["a", "b"], "a b")
    assert (SecurityScopes().scopes, SecurityScopes().scope_str) == ([], "")


# Local runs

LOCAL: dict[AuthorizerKind, Any] = {
    "jwt": JWTAuthorizer(Claims, local={"sub": "me", "cognito:groups": ["a"]}),
    "cognito": CognitoAuthorizer(Claims, local={"sub": "me", "cognito:groups": ["a"]}),
    "lambda": LambdaAuthorizer(Claims, local={"sub": "me", "cognito:groups": ["a"]}),
    "iam": IAMAuthorizer(local=IAMIdentity(arn=JANE)),
}


@pytest.mark.parametrize("kind", LOCAL)
def test_a_local_caller_is_who_the_application_says(kind: AuthorizerKind) -> None:
    for client in [("testclient", 50000), ("127.0.0.1", 1), ("::1", 1)]:
        caller = TestClient(app_of(LOCAL[kind]), client=client).get("/").json()
        assert caller["arn" if kind == "iam" else "sub"] == (JANE if kind == "iam" else "me")


@pytest.mark.parametrize("kind", AUTHORIZERS)
def test_without_local_claims_a_local_request_is_told_so(kind: AuthorizerKind) -> None:
    response = TestClient(app_of(AUTHORIZERS[kind])).get("/", headers=SPOOFED)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == CHALLENGES[kind]
    assert f"For local runs write {type(AUTHORIZERS[kind]).__name__}(..., local=...)" in response.json()["detail"]


@pytest.mark.parametrize(
    "host", ["203.0.113.7", "10.0.0.1", "127.0.0.1.example.com", "localhost", "", "::ffff:203.0.113.7"]
)
def test_local_claims_are_for_this_machine(host: str) -> None:
    response = TestClient(app_of(LOCAL["jwt"]), client=(host, 1)).get("/")
    assert response.status_code == 401
    assert "local= is for this machine's clients" in response.json()["detail"]


@pytest.mark.parametrize("kind", LOCAL)
def test_local_claims_are_never_given_inside_lambda(monkeypatch: pytest.MonkeyPatch, kind: AuthorizerKind) -> None:
    """Not to an event that no authorizer has seen, and not under a server that runs inside Lambda."""
    refused = LambdaClient(app_of(LOCAL[kind])).get("/")
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    for response in (refused, TestClient(app_of(LOCAL[kind])).get("/")):
        assert (response.status_code, response.json()["detail"]) == (401, "Not authenticated")


def test_a_test_can_replace_an_authorizer() -> None:
    authorizer = JWTAuthorizer(Claims)
    app = App()

    @app.get("/")
    async def whoami(caller: Annotated[Claims, Depends(authorizer)]) -> Claims:
        return caller

    def jane() -> Claims:
        return JANES

    app.dependency_overrides[authorizer] = jane
    assert TestClient(app).get("/").json()["sub"] == SUB


# The OpenAPI document

USER_POOL = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE"
ARN = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_EXAMPLE"
KEY = {"type": "apiKey", "name": "Authorization", "in": "header"}
TOKEN_AUTHORIZER = {
    "type": "token",
    "authorizerUri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn/invocations",
    "authorizerResultTtlInSeconds": 60,
}
REQUEST_AUTHORIZER = {
    "type": "request",
    "identitySource": "$request.header.X-Key",
    "authorizerUri": TOKEN_AUTHORIZER["authorizerUri"],
    "authorizerPayloadFormatVersion": "2.0",
    "enableSimpleResponses": True,
}

DEFINITIONS: list[tuple[Any, SecurityScheme]] = [
    (IAMAuthorizer(), SecurityScheme("IAMAuthorizer", KEY | {"x-amazon-apigateway-authtype": "awsSigv4"})),
    (
        CognitoAuthorizer(),
        SecurityScheme("CognitoAuthorizer", KEY | {"x-amazon-apigateway-authtype": "cognito_user_pools"}),
    ),
    (
        CognitoAuthorizer(provider_arns=[ARN], header="X-Token", scheme_name="pool", description="Log in."),
        SecurityScheme(
            "pool",
            {
                **KEY,
                "name": "X-Token",
                "x-amazon-apigateway-authtype": "cognito_user_pools",
                "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": [ARN]},
                "description": "Log in.",
            },
        ),
    ),
    (JWTAuthorizer(), SecurityScheme("JWTAuthorizer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})),
    (
        JWTAuthorizer(Claims, issuer=f"{USER_POOL}/", audience=("web",)),
        SecurityScheme(
            "JWTAuthorizer",
            {
                "type": "openIdConnect",
                "openIdConnectUrl": f"{USER_POOL}/.well-known/openid-configuration",
                "x-amazon-apigateway-authorizer": {
                    "type": "jwt",
                    "jwtConfiguration": {"issuer": f"{USER_POOL}/", "audience": ["web"]},
                    "identitySource": "$request.header.Authorization",
                },
            },
        ),
    ),
    (LambdaAuthorizer(), SecurityScheme("LambdaAuthorizer", KEY | {"x-amazon-apigateway-authtype": "custom"})),
    (
        LambdaAuthorizer(authorizer=TOKEN_AUTHORIZER),
        SecurityScheme(
            "LambdaAuthorizer",
            {**KEY, "x-amazon-apigateway-authtype": "custom", "x-amazon-apigateway-authorizer": TOKEN_AUTHORIZER},
        ),
    ),
    (
        LambdaAuthorizer(header="X-Key", authorizer=REQUEST_AUTHORIZER),
        SecurityScheme(
            "LambdaAuthorizer", {**KEY, "name": "X-Key", "x-amazon-apigateway-authorizer": REQUEST_AUTHORIZER}
        ),
    ),
]


@pytest.mark.parametrize(("authorizer", "scheme"), DEFINITIONS)
def test_an_authorizer_describes_itself_for_readers_and_for_api_gateway(
    authorizer: Any, scheme: SecurityScheme
) -> None:
    assert authorizer.openapi_scheme == scheme


def test_the_definitions_are_valid() -> None:
    made = [make(security).openapi_scheme for make in SCHEMES.values()]
    made += [authorizer.openapi_scheme for authorizer, _ in DEFINITIONS]
    schemes = {f"s{number}": scheme.definition for number, scheme in enumerate(made)}
    required: list[dict[str, list[str]]] = [{"s0": []}]
    document: Any = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/": {"get": {"responses": {"200": {"description": "ok"}}, "security": required}}},
        "components": {"securitySchemes": schemes},
    }
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


@pytest.mark.parametrize(
    ("make_one", "said_of_it"),
    [
        (lambda: JWTAuthorizer(issuer=USER_POOL), "issuer and audience together"),
        (lambda: JWTAuthorizer(audience=["web"]), "issuer and audience together"),
        (lambda: JWTAuthorizer(issuer=USER_POOL, audience="web"), "audience takes a list of strings, not 'web'"),
        (lambda: CognitoAuthorizer(provider_arns=ARN), "provider_arns takes a list of strings"),
    ],
)
def test_a_mistake_is_found_when_the_authorizer_is_made(make_one: Callable[[], Any], said_of_it: str) -> None:
    with pytest.raises(ConfigurationError, match=said_of_it):
        make_one()


def test_a_lambda_authorizers_challenge_is_the_applications_to_say() -> None:
    response = LambdaClient(app_of(LambdaAuthorizer(challenge="Token"))).get("/")
    assert response.headers["www-authenticate"] == "Token"


def test_an_application_that_asks_for_nobody_does_not_load_it() -> None:
    code = "import sys, lambdaframe; print([m for m in sys.modules if m.startswith('lambdaframe.security')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_name_of_fastapi_security_is_here() -> None:
    names = {name for name, value in vars(fastapi.security).items() if isinstance(value, type)}
    assert names <= set(security.__all__)
    assert all(hasattr(security, name) for name in security.__all__)
