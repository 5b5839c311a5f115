"""Errors that are raised, and what their answers look like."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from typing import Any

from fastapi import FastAPI, HTTPException
from starlette.exceptions import HTTPException as StarletteHTTPException

from tests.fastapi.checklist import case, different, document, get, same

PROBLEM = "Every error is a problem, RFC 9457: clients and tools know that form."


def _kind(body: Any) -> Any:
    members: dict[str, Any] | str = body
    return members if isinstance(members, str) else sorted(members)


@case(
    "Handling Errors",
    same("HTTPException answers with its status and text.", get("/missing", 404)),
    same("… and its headers.", get("/headers", 401, headers=("x-error", "www-authenticate"))),
    same("Without a text the status says it.", get("/bare", 404)),
    same("Starlette's HTTPException is the same.", get("/starlette", 418)),
    different(
        "An error's body is `{'detail': ...}`.",
        get("/missing", 404, see=_kind),
        fastapi=(404, ["detail"]),
        ours=(404, ["detail", "status", "title", "type"]),
        because=PROBLEM,
    ),
    different(
        "`detail` may be any JSON.",
        get("/object", 409, see=lambda body: body.get("detail", body.get("code"))),
        fastapi=(409, {"code": 7}),
        ours=(409, 7),
        because="A dict becomes members of the problem, so that it can set its type and title and add to it.",
    ),
    different(
        "A validation error's body is `{'detail': [...]}`, with the input that was wrong.",
        get("/items/x", 422, see=lambda body: sorted((body.get("errors") or body["detail"])[0])),
        fastapi=(422, ["input", "loc", "msg", "type"]),
        ours=(422, ["loc", "msg", "type"]),
        because="The list is the member `errors` of a problem. The input is not echoed: it may be a secret.",
    ),
    different(
        "An unexpected exception answers with plain text.",
        get("/bug", 500, see=_kind),
        fastapi=(500, "Internal Server Error"),
        ours=(500, ["status", "title", "type"]),
        because=PROBLEM,
    ),
    different(
        "The document says that a 422 has this body.",
        document(lambda doc: doc["paths"]["/items/{item_id}"]["get"]["responses"]["422"]["content"]),
        fastapi=(200, {"application/json": {"schema": {"$ref": "#/components/schemas/HTTPValidationError"}}}),
        ours=(200, {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ValidationProblem"}}}),
        because=PROBLEM,
    ),
    same("Bodies are not sent with statuses that have none.", get("/empty", 304)),
)
def raised() -> FastAPI:
    app = FastAPI()

    @app.get("/missing")
    async def missing():
        raise HTTPException(status_code=404, detail="Item not found")

    @app.get("/headers")
    async def headers():
        raise HTTPException(401, "Who?", headers={"X-Error": "There", "WWW-Authenticate": "Bearer"})

    @app.get("/bare")
    async def bare():
        raise HTTPException(404)

    @app.get("/starlette")
    async def starlette():
        raise StarletteHTTPException(418, "Teapot")

    @app.get("/object")
    async def an_object():
        raise HTTPException(409, {"code": 7})

    @app.get("/items/{item_id}")
    async def read(item_id: int): ...

    @app.get("/bug")
    async def bug():
        raise RuntimeError("secret")

    @app.get("/empty")
    async def empty():
        raise HTTPException(304)

    return app
