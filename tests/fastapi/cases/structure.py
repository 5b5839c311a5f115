"""Bigger applications: routers."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from fastapi import APIRouter, FastAPI, Request

from tests.fastapi.checklist import case, document, get, not_offered, post, same


@case(
    "Bigger Applications",
    same("`include_router` adds a router's routes.", get("/items/"), get("/items/3"), get("/admin/x")),
    same("Prefixes add up, to any depth.", get("/v1/outer/inner/leaf"), get("/v1/outer")),
    same("Tags add up.", document(lambda doc: doc["paths"]["/v1/outer/inner/leaf"]["get"]["tags"])),
    same("A router may be included more than once.", get("/again/3")),
    same("A prefix may hold parameters.", get("/users/7/orders/8"), get("/users/x/orders/8", 422)),
    same(
        "`deprecated` and `include_in_schema` hold for all its routes.",
        document(lambda doc: [doc["paths"]["/old/x"]["get"]["deprecated"], "/secret/x" in doc["paths"]]),
    ),
    same("`url_path_for` and `request.url_for` name a route's path.", get("/url")),
    same("`name=` names a route.", get("/named")),
    same("A router of its own may hold an empty path.", get("/bare")),
)
def routers() -> FastAPI:
    app = FastAPI()
    items = APIRouter(prefix="/items", tags=["items"])
    admin, outer, inner, users = APIRouter(), APIRouter(prefix="/outer", tags=["o"]), APIRouter(), APIRouter()
    bare = APIRouter()

    @items.get("/")
    async def read_items():
        return []

    @items.get("/{item_id}", name="item")
    async def read_item(item_id: int):
        return item_id

    @admin.get("/x")
    async def read_x():
        return "x"

    @inner.get("/leaf", tags=["l"])
    async def leaf():
        return "leaf"

    @outer.get("")
    async def read_outer():
        return "outer"

    @users.get("/orders/{order_id}")
    async def order(user_id: int, order_id: int):
        return [user_id, order_id]

    @bare.get("")
    async def nothing():
        return "bare"

    @app.get("/url")
    async def url(request: Request):
        return [str(request.url_for("read_x")), str(request.url_for("order", user_id=1, order_id=2))]

    @app.get("/named")
    async def named():
        return str(app.url_path_for("item", item_id=3))

    outer.include_router(inner, prefix="/inner", tags=["i"])
    app.include_router(items)
    app.include_router(admin, prefix="/admin", tags=["admin"])
    app.include_router(outer, prefix="/v1", tags=["v1"])
    app.include_router(users, prefix="/users/{user_id}")
    app.include_router(bare, prefix="/bare")
    old, secret, again = APIRouter(deprecated=True), APIRouter(include_in_schema=False), APIRouter()
    for router in (old, secret):
        router.get("/x")(read_x)
    again.get("/{item_id}")(read_item)
    app.include_router(old, prefix="/old")
    app.include_router(secret, prefix="/secret")
    app.include_router(again, prefix="/again")
    return app


@case(
    "Bigger Applications",
    same("Routes that a router gets after it was included are served, too.", get("/late")),
)
def late_route() -> FastAPI:
    app, router = FastAPI(), APIRouter()
    app.include_router(router)

    @router.get("/late")
    async def late():
        return "late"

    return app


@case(
    "Bigger Applications",
    same(
        "A missing or an extra slash at the end is redirected.",
        get("/items", 307, headers=("location",)),
        get("/x/", 307, headers=("location",)),
    ),
    same("… with the query, for every method.", post("/items?a=1", 307, headers=("location",))),
)
def slashes() -> FastAPI:
    app = FastAPI()

    @app.get("/items/")
    async def items():
        return []

    @app.post("/items/")
    async def create():
        return []

    @app.get("/x")
    async def x():
        return "x"

    return app


@case(
    "Bigger Applications",
    same("`redirect_slashes=False` makes it a 404.", get("/items", 404)),
)
def no_redirects() -> FastAPI:
    app = FastAPI(redirect_slashes=False)

    @app.get("/items/")
    async def items():
        return []

    return app


@case(
    "Bigger Applications",
    same("`api_route` takes several methods.", get("/x"), post("/x")),
)
def several_methods() -> FastAPI:
    app = FastAPI()

    @app.api_route("/x", methods=["GET", "POST"])
    async def x(request: Request):
        return request.method

    return app


@case(
    "Bigger Applications",
    not_offered(
        "`add_api_route` registers without a decorator.",
        get("/x"),
        get("/r/y"),
        refused="add_api_route",
        because="A decorator is a function: `app.get('/x')(function)`.",
    ),
)
def add_api_route() -> FastAPI:
    async def x(q: int = 1):
        return q

    app, router = FastAPI(), APIRouter(prefix="/r")
    app.add_api_route("/x", x)
    router.add_api_route("/y", x, methods=["GET"], tags=["t"])
    app.include_router(router)
    return app
