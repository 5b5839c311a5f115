"""What a path leads to: HEAD, OPTIONS, redirects of slashes, mounted applications, and URLs made from names."""

import mimetypes
import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from uuid import UUID

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount, NoMatchFound, Route
from starlette.routing import Router as StarletteRouter
from starlette.staticfiles import StaticFiles

from lambdaframe import App, HTTPException, JSONResponse, PlainTextResponse, Request, Response, Router
from lambdaframe.errors import NoMatchFoundError
from lambdaframe.testing import TestClient
from lambdaframe.types import ASGIApp, Receive, Scope, Send
from tests.http.wire import ask

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def rooted(app: ASGIApp, root: str) -> ASGIApp:
    """The application behind a prefix which, as ASGI has it, the path contains."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "root_path": root}, receive, send)

    return served


def shop(*, redirect_slashes: bool = True) -> App:
    app = App(redirect_slashes=redirect_slashes)

    async def answer(request: Request) -> Any:
        return {"method": request.method, **request.path_params}

    for path in ("/", "/items", "/folder/", "/items/{item}", "/files/{path:path}", "/größe/", "/ends/{a}/"):
        app.get(path)(answer)
    app.post("/items")(answer)
    app.delete("/items/{item}")(answer)
    app.route("/odd", methods=["PURGE"])(answer)
    app.options("/own")(answer)
    return app


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("OPTIONS", "/items", 204, "GET, HEAD, OPTIONS, POST"),
        ("OPTIONS", "/items/1", 204, "DELETE, GET, HEAD, OPTIONS"),
        ("OPTIONS", "/odd", 204, "OPTIONS, PURGE"),
        ("OPTIONS", "/own", 200, None),
        ("OPTIONS", "/none", 404, None),
        ("PUT", "/items", 405, "GET, HEAD, OPTIONS, POST"),
        ("GET", "/odd", 405, "OPTIONS, PURGE"),
        ("HEAD", "/odd", 405, "OPTIONS, PURGE"),
        ("GET", "/own", 405, "OPTIONS"),
        ("get", "/items", 405, "GET, HEAD, OPTIONS, POST"),
        ("HEAD", "/items", 200, None),
        ("HEAD", "/items/1", 200, None),
        ("HEAD", "/none", 404, None),
        ("PURGE", "/odd", 200, None),
    ],
)
async def test_methods_without_a_route_of_their_own(method: str, path: str, status: int, allow: str | None) -> None:
    for root in ("", "/prod"):
        sent = await ask(rooted(shop(), root), root + path, method)
        assert (sent.status, sent.header("allow")) == (status, allow)
        if status == 204:
            assert sent.body == b""


@pytest.mark.parametrize(
    ("method", "path", "query", "location"),
    [
        ("GET", "/items/", "", "/items"),
        ("HEAD", "/items/", "", "/items"),
        ("POST", "/items/", "a=1&b=%20", "/items?a=1&b=%20"),
        ("GET", "/folder", "x=/../", "/folder/?x=/../"),
        ("GET", "/items/a b%/", "", "/items/a%20b%25"),
        ("GET", "/größe", "q=1#f", "/gr%C3%B6%C3%9Fe/?q=1%23f"),
        ("GET", "/items/\r\nset-cookie: x/", "", "/items/%0D%0Aset-cookie:%20x"),
        ("GET", "/ends/y?z#", "", "/ends/y%3Fz%23/"),
        ("DELETE", "/items/", "", None),
        ("DELETE", "/folder", "", None),
        ("OPTIONS", "/folder", "", None),
        ("GET", "/items//", "", None),
        ("GET", "/none", "", None),
        ("GET", "/none/", "", None),
    ],
)
async def test_a_slash_more_or_less_is_redirected(method: str, path: str, query: str, location: str | None) -> None:
    for root in ("", "/prod"):
        sent = await ask(rooted(shop(), root), root + path, method, query=query)
        if location is None:
            assert sent.status == 404
        else:
            assert (sent.status, sent.header("location")) == (307, root + location)
    assert (await ask(shop(redirect_slashes=False), path, method, query=query)).status == 404


async def test_a_known_path_is_not_redirected_for_a_method_it_lacks() -> None:
    app = App()

    async def answer() -> str:
        return "ok"

    app.get("/a")(answer)
    app.post("/a/")(answer)
    assert (await ask(app, "/a", "POST")).status == 405


@pytest.mark.parametrize("root", ["", "/prod"])
@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "//evil.example/",
        "/\\evil.example",
        "/\\evil.example/",
        "\\\\evil.example",
        "/\t/evil.example",
        "///evil.example",
        "/%5Cevil.example",
        "//evil.example/..",
        "/\\/evil.example",
    ],
)
async def test_a_redirect_never_leads_to_another_host(path: str, root: str) -> None:
    app = App()

    async def answer(request: Request) -> str:
        return "ok"

    for route in ("/{a}", "/{a}/{b}/", "//evil.example", "//evil.example/../", "///evil.example/", "//{x}"):
        app.get(route)(answer)
    sent = await ask(rooted(app, root), root + path)
    location = sent.header("location")
    assert sent.status == 307 or location is None
    if location is not None:
        as_browsers_read = re.sub(r"[\t\r\n]", "", location).replace("\\", "/")
        assert urlsplit(urljoin("https://api.example/x", as_browsers_read)).netloc == "api.example"


async def test_an_ordinary_backslash_is_redirected_encoded() -> None:
    app = App()

    @app.get("/{a}")
    async def read(a: str) -> str:
        return a

    sent = await ask(app, "/\\evil.example/")
    assert (sent.status, sent.header("location")) == (307, "/%5Cevil.example")


# Mounts


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    seen = {key: scope.get(key) for key in ("root_path", "path", "path_params", "app_root_path")}
    await JSONResponse(seen)(scope, receive, send)


@pytest.mark.parametrize("root", ["", "/prod"])
async def test_a_mounted_application_is_told_where_it_is(root: str) -> None:
    app, inner = App(), App()
    app.mount("/t/{tenant}", inner)
    inner.mount("/echo/{x:int}", echo)
    sent = await ask(rooted(app, root), f"{root}/t/acme/echo/7/rest")
    assert sent.json() == {
        "root_path": f"{root}/t/acme/echo/7",
        "path": f"{root}/t/acme/echo/7/rest",
        "path_params": {"tenant": "acme", "x": 7},
        "app_root_path": root,
    }


async def test_the_scope_of_the_request_stays_as_it_was() -> None:
    app = App()
    app.mount("/echo", echo)
    seen: list[Scope] = []

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await app(scope, receive, send)
        seen.append(dict(scope))

    assert (await ask(watched, "/echo/x")).status == 200
    assert seen[1]["root_path"] == ""
    assert "app_root_path" not in seen[1]
    assert "router" not in seen[1]


async def test_a_route_inside_a_mount_knows_the_parameters_around_it() -> None:
    app, inner = App(), App()

    @inner.get("/orders/{order}")
    async def read(order: int, request: Request) -> dict[str, Any]:
        return request.path_params

    app.mount("/t/{tenant}", inner)
    assert (await ask(app, "/t/acme/orders/7")).json() == {"tenant": "acme", "order": "7"}


@pytest.fixture(scope="module")
def _mime_types() -> None:
    """StaticFiles makes the standard library read them, once in a process, inside the loop."""
    mimetypes.init()


@pytest.mark.usefixtures("_mime_types")
@pytest.mark.parametrize("root", ["", "/prod"])
@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/static/a.txt", 200, "alpha"),
        ("/static/own", 200, '"route"'),
        ("/static/none", 404, None),
        ("/static", 404, None),
        ("/staticx", 404, None),
        ("/site/", 200, "<p>index</p>"),
        ("/site", 200, "<p>index</p>"),
        ("/star", 200, "star /"),
        ("/star/", 200, "star /"),
        ("/star/x", 200, "star x"),
        ("/fast/x", 200, '"fast x"'),
        ("/ours", 200, '"ours"'),
        ("/ours/", 200, '"ours"'),
        ("/ours/none", 404, None),
    ],
)
def test_applications_of_every_kind_are_mounted(
    tmp_path: Path, root: str, path: str, status: int, text: str | None
) -> None:
    (tmp_path / "a.txt").write_text("alpha")
    (tmp_path / "index.html").write_text("<p>index</p>")
    app, fast, ours = App(), FastAPI(), App()

    async def at_root(request: Any) -> Response:
        return PlainTextResponse("star /")

    async def at_x(request: Any) -> Response:
        return PlainTextResponse("star x")

    async def own() -> str:
        return "route"

    async def in_fast() -> str:
        return "fast x"

    async def in_ours() -> str:
        return "ours"

    fast.get("/x")(in_fast)
    ours.get("/")(in_ours)
    app.mount("/static", StaticFiles(directory=tmp_path))
    app.mount("/site", StaticFiles(directory=tmp_path, html=True))
    app.mount("/star", Starlette(routes=[Route("/", at_root), Route("/x", at_x)]))
    app.mount("/fast", fast)
    app.mount("/ours", ours)
    app.get("/static/own")(own)
    with TestClient(rooted(app, root)) as client:
        answer = client.get(root + path)
    assert answer.status_code == status
    if text is not None:
        assert answer.text == text


async def test_what_a_mounted_application_raises_is_a_problem() -> None:
    app = App()

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        raise HTTPException(418, "no coffee")

    app.mount("/tea", refuse)
    sent = await ask(app, "/tea")
    assert (sent.status, sent.json()["detail"]) == (418, "no coffee")


# URLs


def named() -> App:
    """Every kind of name."""
    app, sub, inner = App(), Router("/sub"), App()

    async def answer(request: Request) -> str:
        return str(request.url_for("item", item="a b"))

    app.get("/here")(answer)
    app.get("/items/{item}", name="item")(answer)
    app.get("/numbers/{n:int}", name="number")(answer)
    app.get("/uuids/{u:uuid}", name="uuid")(answer)
    app.get("/twice/{a}", name="twice")(answer)
    app.get("/twice/{a}/{b}", name="twice")(answer)
    app.get("/twice-number/{a:int}", name="either")(answer)
    app.get("/twice-text/{a}", name="either")(answer)
    sub.get("/{x}", name="below")(answer)
    app.include_router(sub)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent), name="static")
    app.mount("/t/{tenant}", inner, name="tenant")
    app.mount("/wrapped", GZipMiddleware(Starlette(routes=[Route("/r/{y}", answer, name="r")])), name="wrapped")
    app.mount("/unnamed", Starlette(routes=[Route("/u/{y}", answer, name="u")]))
    inner.get("/o/{order:int}", name="order")(answer)
    return app


@pytest.mark.parametrize(
    ("name", "params", "expected"),
    [
        ("answer", {}, "/here"),
        ("item", {"item": "ä/".rstrip("/")}, "/items/%C3%A4"),
        ("number", {"n": 7}, "/numbers/7"),
        ("uuid", {"u": UUID(int=1)}, "/uuids/00000000-0000-0000-0000-000000000001"),
        ("twice", {"a": 1}, "/twice/1"),
        ("twice", {"a": 1, "b": 2}, "/twice/1/2"),
        ("either", {"a": 1}, "/twice-number/1"),
        ("either", {"a": "one"}, "/twice-text/one"),
        ("below", {"x": 1}, "/sub/1"),
        ("static", {"path": "/css/a b.css"}, "/static/css/a%20b.css"),
        ("static", {"path": ""}, "/static/"),
        ("tenant", {"tenant": "acme", "path": "x"}, "/t/acme/x"),
        ("tenant:order", {"tenant": "a?", "order": 7}, "/t/a%3F/o/7"),
        ("wrapped:r", {"y": "z"}, "/wrapped/r/z"),
        ("u", {"y": "z"}, "/unnamed/u/z"),
    ],
)
def test_a_path_is_made_from_a_name(name: str, params: dict[str, Any], expected: str) -> None:
    made = named().url_path_for(name, **params)
    assert made == expected
    assert str(made.make_absolute_url("https://x.example/prod/")) == f"https://x.example/prod{expected}"


@pytest.mark.parametrize(
    ("name", "params", "says"),
    [
        ("nobody", {}, "No route 'nobody' takes the parameters []: there is none of that name."),
        ("item", {}, "No route 'item' takes the parameters []: /items/{item}: its parameters are ['item']."),
        ("item", {"item": "a/b"}, "/items/{item}: 'a/b' can't stand in the path as str."),
        ("number", {"n": -1}, "/numbers/{n:int}: -1 can't stand in the path as int."),
        ("twice", {}, "/twice/{a}: its parameters are ['a']; /twice/{a}/{b}: its parameters are ['a', 'b']."),
        ("static", {}, "/static: it is a mount: give it path=, or ask for 'static:...'."),
        ("static:x", {}, "/static: the application mounted there knows no names."),
        ("tenant:nobody", {"tenant": "a"}, "there is none of that name"),
        ("tenant:order", {"order": 1}, "/t/{tenant}: its parameters are ['tenant']."),
        ("wrapped:nobody", {}, "/wrapped: No route exists"),
    ],
)
def test_an_error_names_the_route(name: str, params: dict[str, Any], says: str) -> None:
    with pytest.raises(NoMatchFoundError, match=re.escape(says)):
        named().url_path_for(name, **params)


@pytest.mark.parametrize("root", ["", "/prod"])
def test_a_request_makes_urls(root: str) -> None:
    with TestClient(rooted(named(), root), base_url="https://x.example") as client:
        assert client.get(f"{root}/here").json() == f"https://x.example{root}/items/a%20b"


async def _urls(request: Any) -> Response:
    """The names this request can ask for, and their URLs."""
    urls: dict[str, str | None] = {}
    for name, params in (("own", {}), ("outer", {}), ("sub:own", {"tenant": "b"}), ("nobody", {})):
        try:
            urls[name] = str(request.url_for(name, **params))
        except (NoMatchFound, NoMatchFoundError):
            urls[name] = None
    return JSONResponse(urls)


def _ours() -> ASGIApp:
    app = App()

    async def own(request: Request) -> Response:
        return await _urls(request)

    app.get("/own/")(own)
    return app


def _starlette() -> ASGIApp:
    return Starlette(routes=[Route("/own/", _urls, name="own")])


def _nested() -> ASGIApp:
    app = App()
    app.mount("/deep", _starlette())
    return app


def _hidden(app: ASGIApp) -> ASGIApp:
    async def hides(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return hides


INNER: dict[str, tuple[Callable[[], ASGIApp], str]] = {
    "ours": (_ours, "/own/"),
    "starlette": (_starlette, "/own/"),
    "a bare router": (lambda: StarletteRouter([Route("/own/", _urls, name="own")]), "/own/"),
    "middleware": (lambda: GZipMiddleware(_starlette()), "/own/"),
    "wrapped": (lambda: wraps(app := _starlette())(_hidden(app)), "/own/"),
    "a mount in a mount": (_nested, "/deep/own/"),
}


@pytest.mark.parametrize("root", ["", "/prod"])
@pytest.mark.parametrize("kind", INNER)
def test_a_mounted_application_makes_urls_of_its_own_names_and_of_those_outside(kind: str, root: str) -> None:
    make, path = INNER[kind]
    app = App()

    @app.get("/outer", name="outer")
    async def outer() -> None: ...

    app.mount("/ü/{tenant}", make(), name="sub")
    with TestClient(rooted(app, root), base_url="https://x.example") as client:
        urls = client.get(f"{root}/ü/a{path}").json()
    assert urls == {
        "own": f"https://x.example{root}/%C3%BC/a{path}",
        "outer": f"https://x.example{root}/outer",
        "sub:own": f"https://x.example{root}/%C3%BC/b{path}",
        "nobody": None,
    }


def test_an_application_that_hides_its_names_makes_no_wrong_urls() -> None:
    app = App()

    @app.get("/outer", name="outer")
    async def outer() -> None: ...

    app.mount("/sub", _hidden(_starlette()), name="sub")
    with TestClient(app, base_url="https://x.example") as client:
        assert client.get("/sub/own/").json() == {
            "own": None,
            "outer": "https://x.example/outer",
            "sub:own": None,
            "nobody": None,
        }


def test_a_plain_asgi_function_makes_urls_of_the_application_around_it() -> None:
    app = App()

    async def plain(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(str(Request(scope).url_for("outer")))(scope, receive, send)

    @app.get("/outer", name="outer")
    async def outer() -> None: ...

    app.mount("/plain", plain)
    with TestClient(rooted(app, "/prod"), base_url="https://x.example") as client:
        assert client.get("/prod/plain/x").text == "https://x.example/prod/outer"


@pytest.mark.parametrize("root", ["", "/prod"])
@pytest.mark.parametrize("name", [None, "sub"])
def test_inside_a_starlette_application_its_names_count(name: str | None, root: str) -> None:
    app, inner = App(), App()

    async def read(request: Request) -> list[str]:
        prefix = "" if name is None else "sub:"
        asked: list[tuple[str, dict[str, Any]]] = [
            ("outer", {}),
            (f"{prefix}read", {"x": 2}),
            (f"{prefix}files", {"path": "a"}),
            (f"{prefix}inner:own", {}),
        ]
        return [str(request.url_for(one, **params)) for one, params in asked]

    async def own() -> None: ...

    app.get("/read/{x}")(read)
    app.mount("/files", StaticFiles(directory=Path(__file__).parent), name="files")
    app.mount("/inner", inner, name="inner")
    inner.get("/own")(own)
    around = Starlette(routes=[Mount("/api", app, name=name), Route("/outer", _urls, name="outer")])
    with TestClient(rooted(around, root), base_url="https://x.example") as client:
        urls = client.get(f"{root}/api/read/1").json()
    assert urls == [
        f"https://x.example{root}{path}" for path in ("/outer", "/api/read/2", "/api/files/a", "/api/inner/own")
    ]
