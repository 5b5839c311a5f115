"""API Gateway's authorizers of tokens: JWT authorizers, Cognito user pools, Lambda authorizers.

The definitions hold what API Gateway reads when it imports the OpenAPI document:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authtype.html
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, Unpack, overload

from lambdaframe.errors import ConfigurationError
from lambdaframe.http.binding.dependant import SecurityScheme
from lambdaframe.security.claims import typed_claims
from lambdaframe.security.gateway import GatewayAuthorizer, SchemeOptions
from lambdaframe.security.scheme import scheme_of
from lambdaframe.types import AuthorizerKind

T = TypeVar("T")

AUTHTYPE = "x-amazon-apigateway-authtype"
AUTHORIZER = "x-amazon-apigateway-authorizer"


class ClaimsOptions(SchemeOptions, total=False):
    """``local``: the claims of everybody who calls from the same machine outside Lambda, where no gateway is."""

    local: Mapping[str, Any]


class JWTOptions(ClaimsOptions, total=False):
    """``issuer`` and ``audience`` are the authorizer's; with both, API Gateway can make it from the OpenAPI document.
    ``identity_source``: where it takes the token from, ``$request.header.Authorization`` unless told otherwise."""

    issuer: str
    audience: Sequence[str]
    identity_source: str


class CognitoOptions(ClaimsOptions, total=False):
    """``provider_arns``: of the user pools; with them API Gateway can make the authorizer from the OpenAPI document.
    ``header``: where the token stands, ``Authorization`` unless told otherwise."""

    provider_arns: Sequence[str]
    header: str


class LambdaOptions(ClaimsOptions, total=False):
    """``header``: where the credentials stand, ``Authorization`` unless told otherwise. ``authorizer``: AWS's
    ``x-amazon-apigateway-authorizer`` object, for API Gateway to make the authorizer from the OpenAPI document.
    ``challenge``: the ``WWW-Authenticate`` of a 401, ``Bearer`` unless told otherwise."""

    header: str
    authorizer: Mapping[str, Any]
    challenge: str


class _ClaimsAuthorizer(GatewayAuthorizer[T]):
    """Claims as ``model``: a pydantic model, a dataclass, a TypedDict; without, a dict of what the gateway passes."""

    def __init__(
        self,
        kind: AuthorizerKind,
        scheme: SecurityScheme,
        model: Any,
        *,
        challenge: str = "Bearer",
        local: Mapping[str, Any] | None = None,
        auto_error: bool = True,
    ) -> None:
        super().__init__(kind, scheme, challenge=challenge, local=local, auto_error=auto_error)
        self._model = model
        self._validator: Any = None

    def warm(self) -> None:
        """Build the validator now, not at the first request. Raises ConfigurationError for a type that has none."""
        if self._model is not None and self._validator is None:
            from lambdaframe.http.binding.validators import build_validator

            self._validator = build_validator(self._model, f"the claims of {self.openapi_scheme.name}")

    def read(self, claims: Mapping[str, Any]) -> T:
        if self._model is None:
            plain: Any = dict(claims)
            return plain  # type: ignore[no-any-return]  # without a model T is a dict
        self.warm()
        found: T = typed_claims(self._validator, claims, self._kind)
        return found


class JWTAuthorizer(_ClaimsAuthorizer[T]):
    """The claims of a token that an HTTP API's JWT authorizer has accepted.

    ``claims: Annotated[Claims, Depends(JWTAuthorizer(Claims))]``; with ``Security(..., scopes=["orders:write"])`` the
    token must have these scopes. See ``JWTOptions``, and ``GatewayAuthorizer`` for the answers.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
    """

    @overload
    def __init__(self: "JWTAuthorizer[dict[str, Any]]", claims: None = None, **options: Unpack[JWTOptions]) -> None: ...
    @overload
    def __init__(self, claims: type[T], **options: Unpack[JWTOptions]) -> None: ...
    def __init__(self, claims: Any = None, **options: Unpack[JWTOptions]) -> None:
        issuer, audience = options.pop("issuer", None), options.pop("audience", None)
        source = options.pop("identity_source", "$request.header.Authorization")
        if (issuer is None) != (audience is None):
            raise ConfigurationError("JWTAuthorizer takes issuer and audience together: API Gateway needs both.")
        definition: dict[str, Any] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        if issuer is not None and audience is not None:
            configuration = {"issuer": issuer, "audience": _texts("audience", audience)}
            definition = {
                "type": "openIdConnect",
                "openIdConnectUrl": f"{issuer.rstrip('/')}/.well-known/openid-configuration",
                AUTHORIZER: {"type": "jwt", "jwtConfiguration": configuration, "identitySource": source},
            }
        scheme = _scheme(self, options, definition)
        super().__init__("jwt", scheme, claims, **_rest(options))


class CognitoAuthorizer(_ClaimsAuthorizer[T]):
    """The claims of a Cognito user pool's token that a REST API has accepted. (An HTTP API takes them by its
    JWT authorizer.) See ``CognitoOptions``, and ``GatewayAuthorizer`` for the answers.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html
    """

    @overload
    def __init__(
        self: "CognitoAuthorizer[dict[str, Any]]", claims: None = None, **options: Unpack[CognitoOptions]
    ) -> None: ...
    @overload
    def __init__(self, claims: type[T], **options: Unpack[CognitoOptions]) -> None: ...
    def __init__(self, claims: Any = None, **options: Unpack[CognitoOptions]) -> None:
        arns = options.pop("provider_arns", None)
        definition = _api_key(options.pop("header", "Authorization")) | {AUTHTYPE: "cognito_user_pools"}
        if arns is not None:
            definition[AUTHORIZER] = {"type": "cognito_user_pools", "providerARNs": _texts("provider_arns", arns)}
        scheme = _scheme(self, options, definition)
        super().__init__("cognito", scheme, claims, **_rest(options))


class LambdaAuthorizer(_ClaimsAuthorizer[T]):
    """The context of a Lambda authorizer, of REST and HTTP APIs, with the ``principalId`` where it gave one.

    Its ``scope`` is what ``Security(..., scopes=[...])`` asks for, with spaces between. See ``LambdaOptions``, and
    ``GatewayAuthorizer`` for the answers.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
    """

    @overload
    def __init__(
        self: "LambdaAuthorizer[dict[str, Any]]", context: None = None, **options: Unpack[LambdaOptions]
    ) -> None: ...
    @overload
    def __init__(self, context: type[T], **options: Unpack[LambdaOptions]) -> None: ...
    def __init__(self, context: Any = None, **options: Unpack[LambdaOptions]) -> None:
        authorizer = options.pop("authorizer", None)
        definition = _api_key(options.pop("header", "Authorization"))
        if authorizer is None or "authorizerPayloadFormatVersion" not in authorizer:  # only HTTP APIs have versions
            definition[AUTHTYPE] = "custom"
        if authorizer is not None:
            definition[AUTHORIZER] = dict(authorizer)
        challenge = options.pop("challenge", "Bearer")
        scheme = _scheme(self, options, definition)
        super().__init__("lambda", scheme, context, challenge=challenge, **_rest(options))


def _api_key(header: str) -> dict[str, Any]:
    return {"type": "apiKey", "name": header, "in": "header"}


def _scheme(user: object, options: Any, definition: dict[str, Any]) -> SecurityScheme:
    return scheme_of(user, options.pop("scheme_name", None), options.pop("description", None), **definition)


def _rest(options: Any) -> dict[str, Any]:
    return dict(options)


def _texts(option: str, given: Any) -> list[str]:
    """Raises ConfigurationError for a lone string: its letters would be meant."""
    if isinstance(given, str) or not all(isinstance(one, str) for one in given):
        raise ConfigurationError(f"{option} takes a list of strings, not {given!r}.")
    return list(given)
