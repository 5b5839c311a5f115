"""Who is calling: credentials as clients send them, and callers as API Gateway's authorizers have found them.

The first kind has the names and the meaning of ``fastapi.security``. The second kind gives the word of the gateway.
Both are dependencies: ``Depends(scheme)``, or ``Security(scheme, scopes=[...])``.
"""

from lambdaframe.http.binding.scopes import SecurityScopes
from lambdaframe.security.api_key import APIKeyCookie, APIKeyHeader, APIKeyQuery
from lambdaframe.security.authorizers import CognitoAuthorizer, JWTAuthorizer, LambdaAuthorizer
from lambdaframe.security.forms import OAuth2PasswordRequestForm, OAuth2PasswordRequestFormStrict
from lambdaframe.security.http import (
    HTTPAuthorizationCredentials,
    HTTPBasic,
    HTTPBasicCredentials,
    HTTPBearer,
    HTTPDigest,
)
from lambdaframe.security.iam import CognitoIdentity, IAMAuthorizer, IAMIdentity
from lambdaframe.security.oauth2 import (
    OAuth2,
    OAuth2AuthorizationCodeBearer,
    OAuth2PasswordBearer,
    OpenIdConnect,
)

__all__ = [
    "APIKeyCookie",
    "APIKeyHeader",
    "APIKeyQuery",
    "CognitoAuthorizer",
    "CognitoIdentity",
    "HTTPAuthorizationCredentials",
    "HTTPBasic",
    "HTTPBasicCredentials",
    "HTTPBearer",
    "HTTPDigest",
    "IAMAuthorizer",
    "IAMIdentity",
    "JWTAuthorizer",
    "LambdaAuthorizer",
    "OAuth2",
    "OAuth2AuthorizationCodeBearer",
    "OAuth2PasswordBearer",
    "OAuth2PasswordRequestForm",
    "OAuth2PasswordRequestFormStrict",
    "OpenIdConnect",
    "SecurityScopes",
]
