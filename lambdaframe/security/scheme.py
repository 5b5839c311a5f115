"""What the schemes of this package share: how a credential is read, and how the OpenAPI document describes it.

The names and their meaning are those of ``fastapi.security``. A scheme reads what the client has sent and checks
nothing of it: that is for the dependency that uses it.
"""

from typing import Any

from starlette.requests import Request

from lambdaframe.http.binding.dependant import SecurityScheme


def scheme_of(user: object, scheme_name: str | None, description: str | None, **definition: Any) -> SecurityScheme:
    """The scheme by its name, or else the name of its class. Members that are None are left out."""
    members = {**definition, "description": description}
    found = {name: value for name, value in members.items() if value is not None}
    return SecurityScheme(scheme_name or type(user).__name__, found)


def authorization(request: Request) -> tuple[str, str]:
    """The scheme and the credentials of the Authorization header, ``""`` where there are none."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    return scheme, credentials.strip()
