"""Tokens for passwords."""

from typing import Annotated

from lambdaframe import Depends, HTTPException, Router, status
from lambdaframe.security import OAuth2PasswordRequestForm

from ..repository import TheUsers
from ..schemas import Token
from ..security import allowed_scopes, make_token, password_fits
from ..settings import CurrentSettings

router = Router(prefix="/auth", tags=["auth"])


@router.post("/token", responses={401: {"description": "Unknown user, or wrong password"}})
def log_in(form: Annotated[OAuth2PasswordRequestForm, Depends()], users: TheUsers, settings: CurrentSettings) -> Token:
    """The OAuth2 password flow. Without `scope` the token has all that the user may have."""
    user = users.by_email(form.username)
    if user is None or not password_fits(form.password, user.password_hash):
        raise HTTPException(
            status.HTTP_401_UNAUTHORIZED, "Unknown user, or wrong password.", {"WWW-Authenticate": "Bearer"}
        )
    allowed = allowed_scopes(user)
    scopes = [scope for scope in form.scopes if scope in allowed] if form.scopes else allowed
    return Token(access_token=make_token(user, scopes, settings), scope=" ".join(scopes))
