"""Routes with every kind of answer, dependency, credential and guard."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Annotated, Any

from lambdaframe import (
    BackgroundTasks,
    Depends,
    Header,
    HTMLResponse,
    HTTPException,
    Invocation,
    PlainTextResponse,
    Query,
    RedirectResponse,
    Request,
    Response,
    Router,
    Security,
    StreamingResponse,
)
from lambdaframe.security import (
    APIKeyCookie,
    APIKeyHeader,
    APIKeyQuery,
    HTTPAuthorizationCredentials,
    HTTPBasic,
    HTTPBasicCredentials,
    HTTPBearer,
    OAuth2PasswordBearer,
    SecurityScopes,
)
from tests.schemathesis.models import Colour, NewStored, Stored
from tests.schemathesis.typed import checked

router = Router(tags=["answers"])

TOKEN = "let-me-in"
"""The one credential that is good."""

# What is stored


def stored(request: Request) -> dict[int, Stored]:
    kept: dict[int, Stored] = request.app.state.stored
    return kept


Kept = Annotated[dict[int, Stored], Depends(stored)]
MISSING: Any = {404: {"description": "There is nothing of this id."}}


@router.post("/things", status_code=201, responses={201: {"headers": {"Location": {"schema": {"type": "string"}}}}})
@checked
async def create_thing(new: NewStored, kept: Kept, response: Response) -> Stored:
    made = Stored(id=len(kept) + 1, **new.model_dump())
    kept[made.id] = made
    response.headers["location"] = f"/things/{made.id}"
    return made


@router.get("/things")
@checked
async def list_things(kept: Kept, limit: Annotated[int, Query(ge=1, le=50)] = 10) -> list[Stored]:
    return [one for one in kept.values() if one.note != "deleted"][:limit]


@router.get("/things/{thing_id}", responses=MISSING)
@checked
async def read_thing(thing_id: int, kept: Kept) -> Stored:
    if thing_id not in kept:
        raise HTTPException(404, f"There is no thing {thing_id}.")
    return kept[thing_id]


@router.delete("/things/{thing_id}", status_code=204, responses=MISSING)
@checked
async def delete_thing(thing_id: int, kept: Kept) -> None:
    if thing_id not in kept:
        raise HTTPException(404, f"There is no thing {thing_id}.")
    del kept[thing_id]


@router.post("/payments", status_code=201, idempotent=True)
@checked
async def pay(new: NewStored) -> Stored:
    """One with an Idempotency-Key."""
    return Stored(id=1, **new.model_dump())


# Dependencies


def page(limit: Annotated[int, Query(ge=1, le=9)] = 5) -> int:
    return limit


async def connection(x_tenant: Annotated[str, Header(min_length=2, max_length=8)]) -> AsyncGenerator[str]:
    yield x_tenant


def transaction(connection: Annotated[str, Depends(connection)]) -> Iterator[str]:
    try:
        yield f"{connection}:{connection}"
    except HTTPException as exc:
        raise HTTPException(409, "It was taken.") from exc


class Filter:
    def __init__(self, colour: Colour = Colour.RED, dark: bool = False) -> None:
        self.text = f"{colour}{dark}"


@router.get("/dependencies", responses={409: {"description": "It is taken."}})
@checked
async def dependencies(
    limit: Annotated[int, Depends(page)],
    work: Annotated[str, Depends(transaction)],
    wanted: Annotated[Filter, Depends()],
    invocation: Invocation,
    tasks: BackgroundTasks,
    taken: bool = False,
) -> list[Any]:
    tasks.add_task(str, work)
    if taken:
        raise HTTPException(409, "It is taken.")
    return [limit, work, wanted.text, bool(invocation.request_id)]


# Credentials

by_header, by_query = APIKeyHeader(name="X-API-Key"), APIKeyQuery(name="api_key")
by_cookie, by_basic, by_bearer = APIKeyCookie(name="api_session"), HTTPBasic(), HTTPBearer()
by_oauth2 = OAuth2PasswordBearer("token", scopes={"read": "Read.", "write": "Write."})


def refused(given: str) -> None:
    if given != TOKEN:
        raise HTTPException(401, "Unknown.", headers={"www-authenticate": "Bearer"})


@router.get("/secret/header")
@checked
async def secret_header(key: Annotated[str, Depends(by_header)], number: int = 0) -> int:
    refused(key)
    return number


@router.get("/secret/query")
@checked
async def secret_query(key: Annotated[str, Depends(by_query)]) -> str:
    refused(key)
    return "fine"


@router.get("/secret/cookie")
@checked
async def secret_cookie(key: Annotated[str, Depends(by_cookie)]) -> str:
    refused(key)
    return "fine"


@router.get("/secret/basic")
@checked
async def secret_basic(who: Annotated[HTTPBasicCredentials, Depends(by_basic)]) -> str:
    refused(who.password)
    return who.username


@router.post("/secret/bearer")
@checked
async def secret_bearer(who: Annotated[HTTPAuthorizationCredentials, Depends(by_bearer)], new: NewStored) -> Stored:
    refused(who.credentials)
    return Stored(id=1, **new.model_dump())


def user(token: Annotated[str, Depends(by_oauth2)], scopes: SecurityScopes) -> str:
    refused(token)
    if "write" in scopes.scopes:
        raise HTTPException(403, "You may only read.")
    return token


@router.get("/secret/oauth2/read")
@checked
async def secret_read(token: Annotated[str, Security(user, scopes=["read"])]) -> str:
    return token


@router.get("/secret/oauth2/write")
@checked
async def secret_write(token: Annotated[str, Security(user, scopes=["write"])]) -> str:
    return token


# Answers


@router.get("/answer/html")
@checked
async def answer_html(name: str = "you") -> HTMLResponse:
    return HTMLResponse(f"<p>{len(name)}</p>")


@router.get("/answer/text", response_class=PlainTextResponse)
@checked
async def answer_text(n: Annotated[int, Query(ge=0, le=99)] = 1) -> str:
    return "x" * n


@router.get("/answer/redirect", status_code=303, response_class=RedirectResponse)
@checked
async def answer_redirect(to: Colour = Colour.RED) -> str:
    return f"/answer/text?to={to}"


@router.get("/answer/stream", response_class=StreamingResponse)
@checked
async def answer_stream(n: Annotated[int, Query(ge=0, le=9)] = 3) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        for number in range(n):
            yield f"{number}\n".encode()

    return StreamingResponse(parts(), media_type="text/plain")


@router.get("/answer/either")
@checked
async def answer_either(found: bool = True) -> Stored | None:
    return Stored(id=1, colour=Colour.RED) if found else None


@router.get("/answer/cookie", responses={409: {"model": Stored, "description": "It is there."}})
@checked
async def answer_cookie(response: Response, taken: bool = False) -> Any:
    response.set_cookie("theme", "dark")
    if taken:
        return Response(b'{"id": 1, "colour": "red"}', 409, media_type="application/json")
    return {"id": 1}


@router.route("/methods", methods=["GET", "PUT"])
@checked
async def methods(n: int = 0) -> int:
    return n


@router.head("/methods/head")
@checked
async def only_head(n: int = 0) -> None:
    """Only HEAD."""


@router.options("/methods/options")
@checked
async def own_options(n: int = 0) -> int:
    """Its own OPTIONS."""
    return n


@router.get("/slash/")
@checked
async def slash(n: int = 0) -> int:
    return n
