"""Routers: prefixes, options and their merging, routers inside routers, and the mistakes that are found at once."""

import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from enum import Enum
from functools import partial
from typing import Any

import pytest

from lambdaframe import App, Depends, JSONResponse, PlainTextResponse, Router
from lambdaframe.errors import ConfigurationError
from lambdaframe.http.binding.parameters import Needed
from lambdaframe.http.routing.routes import Mount, Route, RouteOptions, merged, seconds
from lambdaframe.testing import TestClient
from lambdaframe.types import Receive, Scope, Send


class Tag(Enum):
    ITEMS = "items"


async def handler() -> str:
    return "ok"


async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(f"{scope['root_path']}|{scope['path']}")(scope, receive, send)


def outer_check() -> None: ...


def inner_check() -> None: ...


OUTER: Needed = Depends(outer_check)
INNER: Needed = Depends(inner_check)


def paths(router: Router) -> list[str]:
    return [given.path for given in router.routes]


def route_of(router: Router) -> Route:
    (route,) = router.routes
    assert isinstance(route, Route)
    return route


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        ({}, {}, {}),
        ({"tags": ["a", Tag.ITEMS]}, {"tags": ["b", "a"]}, {"tags": ("a", Tag.ITEMS, "b")}),
        ({"tags": ["a"]}, {}, {"tags": ("a",)}),
        ({}, {"tags": ["b"]}, {"tags": ["b"]}),
        ({"dependencies": [OUTER]}, {"dependencies": [INNER]}, {"dependencies": (OUTER, INNER)}),
        (
            {"responses": {404: {"description": "outer"}, 418: {}}},
            {"responses": {404: {"description": "inner"}}},
            {"responses": {404: {"description": "inner"}, 418: {}}},
        ),
        ({"responses": {404: {}}}, {"responses": None}, {"responses": {404: {}}}),
        ({"deprecated": True}, {"deprecated": False}, {"deprecated": True}),
        ({"deprecated": False}, {"deprecated": True}, {"deprecated": True}),
        ({"include_in_schema": False}, {"include_in_schema": True}, {"include_in_schema": False}),
        ({"include_in_schema": True}, {"include_in_schema": False}, {"include_in_schema": False}),
        (
            {"response_class": JSONResponse},
            {"response_class": PlainTextResponse},
            {"response_class": PlainTextResponse},
        ),
        ({"response_class": JSONResponse}, {}, {"response_class": JSONResponse}),
        ({"timeout": 3.0}, {"timeout": 1.0}, {"timeout": 1.0}),
        ({"timeout": 3.0}, {"timeout": None}, {"timeout": None}),
        ({"timeout": 3.0}, {"status_code": 201}, {"timeout": 3.0, "status_code": 201}),
    ],
)
def test_options_of_a_router_and_its_route_come_together(
    outer: RouteOptions, inner: RouteOptions, expected: RouteOptions
) -> None:
    assert merged(outer, inner) == expected


@pytest.mark.parametrize(("given", "expected"), [(None, None), (2, 2.0), (0.5, 0.5), (timedelta(minutes=1), 60.0)])
def test_a_duration_is_seconds_or_a_timedelta(given: float | timedelta | None, expected: float | None) -> None:
    assert seconds(given) == expected


def test_what_a_route_is() -> None:
    router = Router("/items", tags=["items"])
    assert router.route("/{id}", methods=["post", "Get", "GET"], status_code=202)(handler) is handler
    route = route_of(router)
    assert (route.path, route.methods, route.function, route.name) == (
        "/items/{id}",
        ("GET", "POST"),
        handler,
        "handler",
    )
    assert route.options == {"status_code": 202, "tags": ("items",)}


@pytest.mark.parametrize("verb", ["get", "post", "put", "patch", "delete", "head", "options"])
def test_each_verb_registers_its_method(verb: str) -> None:
    router = Router()
    assert getattr(router, verb)("/x", name="other")(handler) is handler
    route = route_of(router)
    assert (route.methods, route.name) == ((verb.upper(),), "other")


class _Callable:
    async def __call__(self) -> str:
        return "ok"


@pytest.mark.parametrize(
    ("function", "name"), [(handler, "handler"), (partial(handler), "handler"), (_Callable(), "_Callable")]
)
def test_a_route_is_called_as_its_function(function: Callable[..., Any], name: str) -> None:
    router = Router()
    router.get("/x")(function)
    assert route_of(router).name == name


def test_routers_are_nested_to_any_depth() -> None:
    leaf = Router("/leaf", tags=["leaf"], dependencies=[INNER], timeout=1, default_response_class=PlainTextResponse)
    leaf.get("/{x}", tags=["own"])(handler)
    branch = Router("/branch", tags=["branch"], responses={404: {"description": "branch"}}, timeout=2)
    branch.include_router(leaf, prefix="/under/{y}", tags=["included"], deprecated=True)
    root = Router(dependencies=[OUTER], default_response_class=JSONResponse, include_in_schema=False)
    root.include_router(branch)
    route = route_of(root)
    assert route.path == "/branch/under/{y}/leaf/{x}"
    assert route.options == {
        "tags": ("branch", "included", "leaf", "own"),
        "dependencies": (OUTER, INNER),
        "responses": {404: {"description": "branch"}},
        "deprecated": True,
        "include_in_schema": False,
        "response_class": PlainTextResponse,
        "timeout": 1,
    }
    assert route_of(leaf).options == {
        "tags": ("leaf", "own"),
        "dependencies": (INNER,),
        "response_class": PlainTextResponse,
        "timeout": 1,
    }


def test_what_is_added_after_it_was_included_is_passed_on() -> None:
    app, outer, inner = App(), Router("/outer"), Router("/inner")
    app.include_router(outer)
    outer.include_router(inner, prefix="/a")
    outer.include_router(inner, prefix="/b")
    inner.get("/late")(handler)
    inner.mount("/files", asgi)
    with TestClient(app) as client:
        for place in ("a", "b"):
            assert client.get(f"/outer/{place}/inner/late").json() == "ok"
            assert client.get(f"/outer/{place}/inner/files/x").text == (
                f"/outer/{place}/inner/files|/outer/{place}/inner/files/x"
            )
    assert paths(inner) == ["/inner/late", "/inner/files"]
    assert len(app.routes) == 4


def test_an_empty_path_is_the_prefix_itself() -> None:
    app, items, bare = App(), Router("/items"), Router()
    items.get("")(handler)
    items.get("/")(handler)
    bare.get("")(handler)
    app.include_router(items)
    app.include_router(bare, prefix="/bare")
    assert paths(app) == ["/items", "/items/", "/bare"]
    with pytest.raises(ConfigurationError, match="starts with '/'"):
        app.include_router(bare)


def test_a_mount_has_the_prefixes_and_the_timeout_around_it() -> None:
    inner, outer = Router("/inner", timeout=2), Router("/outer", timeout=3)
    inner.mount("/files/", asgi, name="files")
    outer.include_router(inner, prefix="/a")
    (mount,) = outer.routes
    assert isinstance(mount, Mount)
    assert (mount.path, mount.app, mount.name, mount.timeout) == ("/outer/a/inner/files", asgi, "files", 2)


def test_a_router_that_includes_itself_is_refused() -> None:
    one, two, three = Router("/1"), Router("/2"), Router("/3")
    one.include_router(two)
    two.include_router(three)
    for inner, outer in [(one, one), (one, two), (one, three)]:
        with pytest.raises(ConfigurationError, match="include itself"):
            outer.include_router(inner)


def test_the_same_path_twice_is_refused_wherever_it_comes_from() -> None:
    app, router = App(), Router("/a")
    app.get("/a/b")(handler)
    app.include_router(router)
    with pytest.raises(ConfigurationError, match="already"):
        router.get("/b")(handler)


@pytest.mark.parametrize("prefix", ["a", "/", "/a/", "/{x", "/{x:nothing}"])
def test_a_prefix_that_can_not_be_one_is_refused(prefix: str) -> None:
    with pytest.raises(ConfigurationError):
        Router(prefix)
    with pytest.raises(ConfigurationError):
        Router().include_router(Router(), prefix=prefix)


async def generates() -> AsyncIterator[int]:
    yield 1


async def takes_anything(*args: Any) -> None: ...


@pytest.mark.parametrize(
    ("path", "options", "says"),
    [
        ("x", {}, "starts with '/'"),
        ("/{x", {}, "Unbalanced"),
        ("/{p}", {}, "stands twice"),
        ("/x", {"tag": ["a"]}, "there is no option 'tag'. The options are dependencies,"),
        ("/x", {"tags": "items"}, "tags is a list, not 'items'"),
        ("/x", {"tags": [1]}, "a tag is a string, not 1"),
        ("/x", {"dependencies": [outer_check]}, "write dependencies=[Depends(...)]"),
        ("/x", {"dependencies": OUTER}, "dependencies is a list"),
        ("/x", {"timeout": 0}, "above zero"),
        ("/x", {"timeout": True}, "above zero"),
        ("/x", {"timeout": float("nan")}, "above zero"),
        ("/x", {"timeout": timedelta(0)}, "above zero"),
        ("/x", {"status_code": 99}, "100 to 599"),
        ("/x", {"status_code": 600}, "100 to 599"),
        ("/x", {"status_code": "201"}, "100 to 599"),
        ("/x", {"status_code": True}, "100 to 599"),
        ("/x", {"methods": []}, "methods is a list"),
        ("/x", {"methods": "GET"}, "methods is a list"),
        ("/x", {"methods": ["GET", "A B"]}, "'A B' is no method"),
        ("/x", {"methods": [""]}, "'' is no method"),
    ],
)
def test_a_mistake_is_found_at_the_decorator(path: str, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(says)):
        Router("/{p}").route(path, **options)(handler)


@pytest.mark.parametrize(
    ("function", "says"), [(generates, "is a generator"), (takes_anything, "write each argument out")]
)
def test_a_function_that_is_no_handler_is_found_before_its_router_is_included(
    function: Callable[..., Any], says: str
) -> None:
    router = Router()
    with pytest.raises(ConfigurationError, match=says):
        router.get("/x")(function)
    outer = Router()
    outer.include_router(router)
    with pytest.raises(ConfigurationError, match=says):
        router.get("/x")(function)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Router(tags="items"), "tags is a list"),
        (lambda: Router(timeout=-1), "above zero"),
        (lambda: Router(dependencies=[outer_check]), "write dependencies=[Depends(...)]"),
        (lambda: Router().mount("x", asgi), "starts with '/'"),
        (lambda: Router().mount("/x", "asgi"), "is an ASGI application"),  # type: ignore[arg-type]  # the mistake
        (lambda: Router().include_router(asgi), "takes a lambdaframe Router"),  # type: ignore[arg-type]  # the mistake
    ],
)
def test_a_mistake_of_a_router_is_found_where_it_is_made(make: Callable[[], Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(says)):
        make()
