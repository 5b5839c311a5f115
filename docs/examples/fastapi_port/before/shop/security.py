"""Passwords, signed tokens, and who is asking."""

import hashlib
import hmac
import json
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Security, status
from fastapi.security import OAuth2PasswordBearer, SecurityScopes

from .repository import TheUsers
from .schemas import Role, User
from .settings import CurrentSettings, Settings

SCOPES = {"shop": "Buy and sell.", "admin": "Run the shop."}

oauth2 = OAuth2PasswordBearer(tokenUrl="/api/auth/token", scopes=SCOPES)


def hash_password(password: str, salt: str = "") -> str:
    salt = salt or secrets.token_hex(8)
    digest = hashlib.scrypt(password.encode(), salt=salt.encode(), n=2**11, r=8, p=1)
    return f"{salt}${digest.hex()}"


def password_fits(password: str, known: str) -> bool:
    return hmac.compare_digest(hash_password(password, known.partition("$")[0]), known)


def _signature(payload: bytes, settings: Settings) -> bytes:
    return hmac.digest(settings.secret.get_secret_value().encode(), payload, "sha256")


def make_token(user: User, scopes: list[str], settings: Settings) -> str:
    claims = {"sub": user.id, "scopes": scopes, "exp": time.time() + settings.token_seconds}
    payload = json.dumps(claims).encode()
    return ".".join(urlsafe_b64encode(part).decode() for part in (payload, _signature(payload, settings)))


def read_token(token: str, settings: Settings) -> dict[str, Any] | None:
    """The claims; None for a token that is not ours or no longer valid."""
    try:
        payload, signature = (urlsafe_b64decode(part) for part in token.split("."))
    except ValueError:
        return None
    if not hmac.compare_digest(signature, _signature(payload, settings)):
        return None
    claims: dict[str, Any] = json.loads(payload)
    return claims if claims["exp"] > time.time() else None


def allowed_scopes(user: User) -> list[str]:
    return ["shop", "admin"] if user.role is Role.ADMIN else ["shop"]


def current_user(
    wanted: SecurityScopes, token: Annotated[str, Depends(oauth2)], users: TheUsers, settings: CurrentSettings
) -> User:
    challenge = {"WWW-Authenticate": f'Bearer scope="{wanted.scope_str}"' if wanted.scopes else "Bearer"}
    claims = read_token(token, settings)
    user = users.by_id(claims["sub"]) if claims else None
    if claims is None or user is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "The token is not valid.", challenge)
    if missing := set(wanted.scopes) - set(claims["scopes"]):
        raise HTTPException(status.HTTP_403_FORBIDDEN, f"The token lacks {', '.join(sorted(missing))}.", challenge)
    return user


CurrentUser = Annotated[User, Security(current_user, scopes=["shop"])]
