"""The answers to a caller who is not known, or may not.

401 says how to authenticate (RFC 9110 section 15.5.2): every one has a ``WWW-Authenticate`` header. 403 says that doing
so again is of no use. Errors of bearer tokens: RFC 6750 section 3.1.
"""

from lambdaframe.errors import HTTPException


def not_authenticated(challenge: str, detail: str = "Not authenticated") -> HTTPException:
    """A 401 with this challenge."""
    return HTTPException(401, detail, {"WWW-Authenticate": challenge})


def insufficient_scope(scopes: str) -> HTTPException:
    """A 403 that names the scopes the operation asks for, with spaces between."""
    challenge = f"Bearer error={quoted('insufficient_scope')}, scope={quoted(scopes)}"
    return HTTPException(403, "The token's scopes do not allow this.", {"WWW-Authenticate": challenge})


def quoted(text: str) -> str:
    """A quoted string: RFC 9110 section 5.6.4."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
