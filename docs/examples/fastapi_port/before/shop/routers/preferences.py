"""What a browser remembers for its user, account or not."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Form, Header, Request, status
from fastapi.responses import RedirectResponse

from ..schemas import Preferences

router = APIRouter(prefix="/preferences", tags=["preferences"])


@router.get("")
async def read_preferences(
    kept: Annotated[Preferences, Cookie()], accept_language: Annotated[str, Header()] = "en"
) -> dict[str, str | int]:
    return {**kept.model_dump(), "language": accept_language.split(",")[0]}


@router.post("", status_code=status.HTTP_303_SEE_OTHER, response_class=RedirectResponse)
async def keep_preferences(chosen: Annotated[Preferences, Form()], request: Request) -> RedirectResponse:
    response = RedirectResponse(request.url_for("read_preferences"), status.HTTP_303_SEE_OTHER)
    for name, value in chosen.model_dump(mode="json").items():
        response.set_cookie(name, str(value), max_age=3600, httponly=True, samesite="strict")
    return response
