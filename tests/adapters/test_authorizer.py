"""``scope["extensions"]["lambda"]["authorizer"]``: one shape for the word of every gateway, and nobody else's word."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe.types import Authorizer
from lambdaframe_adapters._authorizer import in_format_1, in_format_2, in_lattice, principal
from lambdaframe_adapters._json import OBJECT
from lambdaframe_adapters.detection import detect
from lambdaframe_adapters.testing import GATEWAYS, LambdaClient, http_event
from tests.adapters.captured import NAMES, REQUESTS, captured, request

JANE = "arn:aws:iam::123456789012:user/jane"
WEB = "arn:aws:sts::123456789012:assumed-role/web/CognitoIdentityCredentials"
SUB = "3f7ac2d5-6f7b-4d56-9a5e-0c1d9b3e7f10"
PROVIDER = "cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE"

JWT_CLAIMS = {
    "at_hash": "T3wZ1example",
    "aud": "1example23456789",
    "auth_time": "1583345038",
    "cognito:groups": "[admins editors]",
    "cognito:username": "jane",
    "custom:tenant": "42",
    "email": "jane@example.com",
    "email_verified": "true",
    "event_id": "64f513be-32db-42b0-b78e-b02127b4f463",
    "exp": "1583348638",
    "iat": "1583345038",
    "iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE",
    "sub": "3f7ac2d5-6f7b-4d56-9a5e-0c1d9b3e7f10",
    "token_use": "id",
}
"""Of a user pool's token, as an HTTP API passes them."""

COGNITO_CLAIMS = {
    "sub": "3f7ac2d5-6f7b-4d56-9a5e-0c1d9b3e7f10",
    "aud": "1example23456789",
    "cognito:groups": "admins,editors",
    "cognito:username": "jane",
    "custom:tenant": "42",
    "email_verified": "true",
    "identities": '{"dateCreated":"1583345038000","userId":"jane@example.com",'
    '"providerName":"Example","providerType":"SAML","primary":"true"}',
    "iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE",
    "token_use": "id",
    "auth_time": "1583345038",
    "email": "jane@example.com",
    "exp": "Wed Mar 04 19:03:58 UTC 2020",
    "iat": "Wed Mar 04 18:03:58 UTC 2020",
}
"""Of the same token, as a REST API passes them."""

COGNITO_IDENTITY = {
    "accessKey": "ASIAIOSFODNN7EXAMPLE",
    "accountId": "123456789012",
    "caller": "AROACKCEVSQ6C2EXAMPLE:CognitoIdentityCredentials",
    "cognitoAuthenticationProvider": f"{PROVIDER},{PROVIDER}:CognitoSignIn:{SUB}",
    "cognitoAuthenticationType": "authenticated",
    "cognitoIdentityId": "us-east-1:3f291106-8703-466b-8f2b-3ecee1ca56ce",
    "cognitoIdentityPoolId": "us-east-1:4f291106-8703-466b-8f2b-3ecee1ca56ce",
    "principalOrgId": "o-example",
    "user": "AROACKCEVSQ6C2EXAMPLE:CognitoIdentityCredentials",
    "userArn": "arn:aws:sts::123456789012:assumed-role/web/CognitoIdentityCredentials",
}
"""What format 1.0 tells of a request that an identity pool's user has signed."""

AUTHORIZED: dict[str, dict[str, Any]] = {
    "http_api, user pool": captured(
        "http_api/jwt", requestContext__authorizer={"jwt": {"claims": JWT_CLAIMS, "scopes": None}}
    ),
    "rest_api, user pool": captured("rest_api/cognito", requestContext__authorizer={"claims": COGNITO_CLAIMS}),
    "http_api_v1, identity pool": captured("http_api_v1/default_stage", requestContext__identity=COGNITO_IDENTITY),
}
"""Requests with callers that no captured event has."""


def iam(**members: Any) -> dict[str, Any]:
    names = ("arn", "account", "user_id", "caller", "access_key", "organization", "session", "cognito")
    return {"kind": "iam", "claims": dict.fromkeys(names) | members, "scopes": None}


USER = iam(
    arn=JANE,
    account="123456789012",
    user_id="AIDACKCEVSQ6C2EXAMPLE",
    caller="AIDACKCEVSQ6C2EXAMPLE",
    access_key="AKIAIOSFODNN7EXAMPLE",
)


def pool_user(*amr: str) -> dict[str, Any]:
    return iam(
        arn=WEB,
        account="123456789012",
        user_id="AROACKCEVSQ6C2EXAMPLE:CognitoIdentityCredentials",
        caller="AROACKCEVSQ6C2EXAMPLE:CognitoIdentityCredentials",
        access_key="ASIAIOSFODNN7EXAMPLE",
        organization="o-example",
        cognito={
            "identity_id": "us-east-1:3f291106-8703-466b-8f2b-3ecee1ca56ce",
            "pool_id": "us-east-1:4f291106-8703-466b-8f2b-3ecee1ca56ce",
            "amr": amr,
        },
    )


EXPECTED: dict[str, Any] = {
    "http_api/jwt": {
        "kind": "jwt",
        "claims": {"sub": SUB, "iss": "https://idp.example.com/", "scope": "orders:read"},
        "scopes": ["orders:read"],
    },
    "http_api, user pool": {
        "kind": "jwt",
        "claims": JWT_CLAIMS,
        "scopes": None,
    },
    "http_api/lambda_authorizer": {
        "kind": "lambda",
        "claims": {"principalId": "customer-42", "plan": "pro"},
        "scopes": None,
    },
    "http_api/cognito_identity": pool_user("authenticated"),
    "http_api_v1/custom_domain": {"kind": "jwt", "claims": {"sub": SUB}, "scopes": ["orders:read"]},
    "http_api_v1, identity pool": pool_user("authenticated", PROVIDER, f"{PROVIDER}:CognitoSignIn:{SUB}"),
    "function_url/iam": USER,
    "rest_api/cognito": {
        "kind": "cognito",
        "claims": captured("rest_api/cognito")["requestContext"]["authorizer"]["claims"],
        "scopes": None,
    },
    "rest_api, user pool": {
        "kind": "cognito",
        "claims": COGNITO_CLAIMS,
        "scopes": None,
    },
    "rest_api/lambda_authorizer": {
        "kind": "lambda",
        "claims": {"principalId": "customer-42", "integrationLatency": 12, "plan": "pro"},
        "scopes": None,
    },
    "rest_api/iam": USER,
    "lattice_v2/iam": iam(
        arn="arn:aws:iam::123456789012:role/service-role/orders-client",
        account="123456789012",
        organization="o-50dc6c495c0c9188",
    ),
}

HTTP = [name for name in NAMES if detect(captured(name)).kind == "http"]


def told(event: dict[str, Any]) -> dict[str, Any]:
    source = detect(event)
    assert source.kind == "http"
    found: dict[str, Any] = source.scope(event, None)["extensions"]["lambda"]
    return found


@pytest.mark.parametrize("name", [*(name for name in HTTP if name != "rest_api/console_test"), *AUTHORIZED])
def test_the_word_of_the_gateway_in_every_captured_event(name: str) -> None:
    event = AUTHORIZED[name] if name in AUTHORIZED else captured(name)
    assert told(event)["authorizer"] == EXPECTED.get(name)


def test_the_console_of_a_rest_api_calls_as_the_iam_user_who_uses_it() -> None:
    assert told(captured("rest_api/console_test"))["authorizer"]["kind"] == "iam"


def test_every_source_that_has_authorizers_is_in_the_table() -> None:
    assert {re.split("[/,]", name)[0] for name in EXPECTED} == {
        *("http_api", "http_api_v1", "function_url", "rest_api", "lattice_v2"),
    }


SPOOFED = {
    "Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.",
    "X-Amzn-Oidc-Identity": "admin",
    "X-Amzn-Oidc-Data": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.",
    "X-Amzn-Lattice-Identity": f"Principal={JANE}; Type=AWS_IAM",
    "X-Amz-Security-Token": "token",
    "X-Amzn-Request-Context": '{"authorizer": {"jwt": {"claims": {"sub": "admin"}}}}',
    "RequestContext": '{"authorizer": {"iam": {"userArn": "arn"}}}',
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_header_never_says_who_somebody_is(name: str) -> None:
    found = told(request(name, headers=SPOOFED, body='{"authorizer": {"claims": {"sub": "admin"}}}'))
    assert (found["authorizer"], found["principal"]) == (None, None)


# Shapes


@pytest.mark.parametrize(
    "authorizer",
    [
        *(None, "jwt", 5, [], {}, {"jwt": None}, {"jwt": []}, {"jwt": {"claims": None}}, {"jwt": {"claims": "sub"}}),
        *({"jwt": {}}, {"lambda": "x"}, {"lambda": None, "jwt": None}, {"lambda": None, "iam": None}, {"iam": []}),
        *(
            {"iam": {}},
            {"iam": {"userArn": ["arn"], "callerId": 5}},
            {"claims": {"sub": "admin"}},
            {"principalId": "x"},
        ),
    ],
    ids=str,
)
def test_a_shape_that_no_gateway_writes_in_format_2_is_nobodys_word(authorizer: Any) -> None:
    assert in_format_2(authorizer) is None


def test_a_lambda_authorizer_without_a_context_has_let_the_caller_in() -> None:
    assert in_format_2({"lambda": None}) == {"kind": "lambda", "claims": {}, "scopes": None}


@pytest.mark.parametrize(
    "authorizer",
    [
        *(None, [], "claims", {}, {"claims": None, "scopes": None}, {"claims": ["sub"]}, {"scopes": ["admin"]}),
        *({"plan": "pro"}, {"principalId": None}, {"principalId": 5}, {"jwt": {"claims": {"sub": "x"}}}),
    ],
    ids=str,
)
def test_a_shape_that_no_rest_api_writes_is_nobodys_word(authorizer: Any) -> None:
    assert in_format_1(authorizer, None, "cognito") is None


def test_an_http_apis_lambda_authorizer_can_pass_a_context_that_looks_like_claims() -> None:
    """Its context may be what a client's token says: that must not become the gateway's own word."""
    context = {"claims": {"sub": "admin"}, "iam": {"userArn": JANE}, "plan": "pro"}
    assert in_format_1(context, None, "jwt") == {"kind": "lambda", "claims": context, "scopes": None}
    assert in_format_2({"lambda": context}) == {"kind": "lambda", "claims": context, "scopes": None}
    assert in_format_1({"lambda": {"plan": "pro"}}, None, "jwt") == {
        "kind": "lambda",
        "claims": {"plan": "pro"},
        "scopes": None,
    }


def test_scopes_that_are_no_strings_are_none() -> None:
    for scopes, expected in [(["a", 5, None, ["b"]], ["a"]), ("a b", None), ({"a": 1}, None)]:
        found = in_format_2({"jwt": {"claims": {}, "scopes": scopes}})
        assert found is not None
        assert found.get("scopes") == expected


@pytest.mark.parametrize(
    "identity", [None, [], {}, {"principal": JANE}, {"type": "AWS_IAM"}, {"type": "AWS_IAM", "principal": 5}]
)
def test_lattice_says_aws_iam_and_whom(identity: Any) -> None:
    assert in_lattice(identity) is None


def test_a_lattice_principal_that_is_no_arn_has_no_account() -> None:
    found = in_lattice({"type": "AWS_IAM", "principal": "somebody", "sessionName": "nightly"})
    assert found == iam(arn="somebody", session="nightly")


KEYS = st.sampled_from(
    "jwt lambda iam claims scopes principalId sub userArn callerId caller user cognitoIdentity identityId amr "
    "cognitoIdentityId cognitoAuthenticationProvider type principal other".split()
)
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("AWS_IAM"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(JSON, JSON)
def test_whatever_stands_there_the_word_is_none_or_of_one_shape(authorizer: Any, identity: Any) -> None:
    words = [
        in_format_2(authorizer),
        in_format_1(authorizer, identity, "jwt"),
        in_format_1(authorizer, identity, "cognito"),
        in_lattice(identity),
    ]
    for word in words:
        if word is not None:
            assert word["kind"] in {"jwt", "cognito", "lambda", "iam"}
            assert isinstance(word["claims"], OBJECT)
            assert isinstance(principal(word), str | None)
            if word["kind"] == "iam":
                assert word["claims"].keys() == USER["claims"].keys()


@pytest.mark.parametrize("name", ["http_api", "http_api_v1", "rest_api", "function_url", "lattice_v2"])
@given(authorizer=JSON, identity=JSON)
def test_whatever_stands_there_the_request_gets_its_scope(name: str, authorizer: Any, identity: Any) -> None:
    event = request(name)
    event["requestContext"] |= {"authorizer": authorizer, "identity": identity}
    assert isinstance(told(event)["principal"], str | None)


# Events for tests


TOKEN: Authorizer = {"kind": "jwt", "claims": {"sub": "me", "scope": "a b"}, "scopes": ["a"]}
WORDS: dict[str, Authorizer] = {
    "jwt": TOKEN,
    "cognito": {"kind": "cognito", "claims": {"sub": "me", "email_verified": "true"}, "scopes": None},
    "lambda": {"kind": "lambda", "claims": {"principalId": "me", "plan": "pro"}, "scopes": None},
    "iam": {"kind": "iam", "claims": pool_user("authenticated", "p", "p:q")["claims"], "scopes": None},
}
HAVE = {
    "rest_api": ["cognito", "lambda", "iam"],
    "http_api": ["jwt", "lambda", "iam"],
    "http_api_v1": ["jwt", "lambda", "iam"],
    "function_url": ["iam"],
    "lattice_v2": ["iam"],
}


@pytest.mark.parametrize("name", GATEWAYS)
@pytest.mark.parametrize("kind", WORDS)
def test_an_event_for_a_test_tells_of_the_caller_as_the_gateway_does(name: str, kind: str) -> None:
    if kind not in HAVE.get(name, []):
        with pytest.raises(ValueError, match=f"no authorizer of kind '{kind}'"):
            http_event(name, authorizer=WORDS[kind])
        return
    found: dict[str, Any] = told(http_event(name, authorizer=WORDS[kind]))["authorizer"]
    if name == "lattice_v2":
        assert found == iam(arn=WEB, account="123456789012", organization="o-example")
    elif name == "rest_api" and kind == "lambda":
        assert found["claims"].pop("integrationLatency") == 12
        assert found == WORDS[kind]
    else:
        assert found == WORDS[kind]


CLAIMS = {"n": 5, "yes": True, "groups": ["a", "b"], "none": [], "address": {"b": 1, "a": [2]}, "exp": 1583348638}


def test_claims_are_spelled_as_the_gateway_spells_them() -> None:
    found = told(http_event("http_api", authorizer={"kind": "jwt", "claims": CLAIMS}))["authorizer"]
    assert found["claims"] == {
        "n": "5",
        "yes": "true",
        "groups": "[a b]",
        "none": "[]",
        "address": "map[a:[2] b:1]",
        "exp": "1583348638",
    }
    found = told(http_event("rest_api", authorizer={"kind": "cognito", "claims": CLAIMS}))["authorizer"]
    assert found["claims"] == {
        "n": "5",
        "yes": "true",
        "groups": "a,b",
        "none": "",
        "address": '{"b": 1, "a": [2]}',
        "exp": "Wed Mar 04 19:03:58 UTC 2020",
    }


def test_a_lambda_authorizers_context_is_scalars_behind_a_rest_api_and_anything_behind_an_http_api() -> None:
    context: Authorizer = {"kind": "lambda", "claims": {"n": 5, "yes": False, "groups": ["a"]}}
    assert told(http_event("http_api", authorizer=context))["authorizer"]["claims"] == context["claims"]
    with pytest.raises(ValueError, match="pass them as JSON"):
        http_event("rest_api", authorizer=context)
    scalars: Authorizer = {"kind": "lambda", "claims": {"n": 5, "yes": False}}
    found = told(http_event("rest_api", authorizer=scalars))["authorizer"]["claims"]
    assert found == {"principalId": "user", "n": "5", "yes": "false", "integrationLatency": 12}


def test_a_client_of_tests_calls_as_somebody() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["extensions"]["lambda"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    assert LambdaClient(app, "http_api", authorizer=TOKEN).get("/").status_code == 204
    assert LambdaClient(app, "http_api").get("/").status_code == 204
    assert [one["principal"] for one in seen] == ["me", None]
    assert seen[0]["authorizer"] == TOKEN
