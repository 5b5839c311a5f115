"""Status codes, cookies and headers; the request itself."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from typing import Annotated, Any

from fastapi import Cookie, Depends, FastAPI, HTTPException, Request, Response, status
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from tests.fastapi.checklist import case, document, get, post, same


class Public(BaseModel):
    username: str
    full_name: str | None = None


PRIVATE: Any = {"username": "u", "password": "secret"}


@case(
    "Response Status Code",
    same("`status_code` sets it.", post("/items", 201)),
    same("Names for the numbers are in `status`.", post("/named", 201)),
    same("204 has no body.", get("/none", 204, headers=("content-length",))),
    same("It is documented.", document(lambda doc: sorted(doc["paths"]["/items"]["post"]["responses"]))),
)
def status_codes() -> FastAPI:
    app = FastAPI()

    @app.post("/items", status_code=201)
    async def create(name: str = "n"):
        return {"name": name}

    @app.post("/named", status_code=status.HTTP_201_CREATED)
    async def named():
        return 1

    @app.get("/none", status_code=204)
    async def none() -> None: ...

    return app


@case(
    "Response Cookies, Headers and Changed Status Codes",
    same("A Response argument takes cookies.", get("/cookie")),
    same("… and headers.", get("/header", headers=("x-cat-dog",))),
    same("… and a status.", get("/status", 201)),
    same("The result is still filtered by its type.", get("/filtered", headers=("x-a",))),
    same("Dependencies can do so, too.", get("/dependency", 202, headers=("x-dep",))),
    same("A returned Response has its own cookies and headers.", get("/direct", 200, headers=("x-own",))),
    same("An exception drops what was set.", get("/raises", 418, headers=("x-a",))),
)
def response_parts() -> FastAPI:
    app = FastAPI()

    @app.get("/cookie")
    async def cookie(response: Response):
        response.set_cookie("session", "s", httponly=True)
        response.set_cookie("other", "o")
        return "done"

    @app.get("/header")
    async def header(response: Response):
        response.headers["X-Cat-Dog"] = "alone"
        return {}

    @app.get("/status")
    async def changed(response: Response):
        response.status_code = 201
        return {}

    @app.get("/filtered", response_model=Public)
    async def filtered(response: Response):
        response.headers["x-a"] = "b"
        return PRIVATE

    def needed(response: Response) -> int:
        response.headers["x-dep"] = "d"
        response.status_code = 202
        response.set_cookie("c", "v")
        return 1

    @app.get("/dependency")
    async def dependency(one: Annotated[int, Depends(needed)]):
        return one

    @app.get("/direct")
    async def direct():
        response = JSONResponse({"a": 1}, headers={"X-Own": "1"})
        response.set_cookie("a", "b")
        return response

    @app.get("/raises")
    async def raises(response: Response):
        response.headers["x-a"] = "b"
        raise HTTPException(418)

    return app


@case(
    "Using the Request Directly",
    same("A Request argument is the request.", post("/request?a=1", content=b"raw", send={"cookie": "c=v"})),
    same("It stands beside other parameters.", get("/both/3")),
)
def request_directly() -> FastAPI:
    app = FastAPI()

    @app.post("/request")
    async def read(request: Request):
        return [request.method, str(request.url), request.cookies, (await request.body()).decode(), request.client]

    @app.get("/both/{n}")
    async def both(request: Request, n: int, c: Annotated[str | None, Cookie()] = None):
        return [request.url.path, n, c, request.path_params]

    return app
