"""The table against what a reader of the routes would expect, and against a slow and simple one."""

import re
from enum import Enum
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe.errors import ConfigurationError
from lambdaframe.http.routing.convertors import CONVERTORS
from lambdaframe.http.routing.paths import fill_path, split_path, split_segment
from lambdaframe.http.routing.table import Mounted, Table


class Colour(Enum):
    RED = "red"


ROUTES = [
    "/",
    "/users",
    "/users/me",
    "/users/{id}",
    "/users/{id:int}/orders",
    "/users/me/orders",
    "/users/{id}/orders/{order}",
    "/items/{number:int}",
    "/items/{price:float}",
    "/items/{uid:uuid}",
    "/items/{name}",
    "/reports/{name}.json",
    "/reports/{year:int}-{month:int}",
    "/reports/{name}",
    "/files/{path:path}",
    "/files/index",
    "/trailing/",
]


@pytest.fixture(scope="module")
def table() -> Table[str]:
    table: Table[str] = Table()
    for path in ROUTES:
        table.add("GET", path, path)
    table.add("DELETE", "/users/{id}", "DELETE /users/{id}")
    return table


@pytest.mark.parametrize(
    ("path", "target", "params"),
    [
        ("/", "/", {}),
        ("/users", "/users", {}),
        ("/users/me", "/users/me", {}),
        ("/users/7", "/users/{id}", {"id": "7"}),
        ("/users/7/orders", "/users/{id:int}/orders", {"id": 7}),
        ("/users/me/orders", "/users/me/orders", {}),
        ("/users/me/orders/1", "/users/{id}/orders/{order}", {"id": "me", "order": "1"}),
        ("/items/12", "/items/{number:int}", {"number": 12}),
        ("/items/1.5", "/items/{price:float}", {"price": 1.5}),
        (
            "/items/6f1b1f0e-0f0b-4a57-9d2e-7e3f3b2a1c00",
            "/items/{uid:uuid}",
            {"uid": UUID("6f1b1f0e-0f0b-4a57-9d2e-7e3f3b2a1c00")},
        ),
        ("/items/٣", "/items/{name}", {"name": "٣"}),
        ("/items/-1", "/items/{name}", {"name": "-1"}),
        ("/reports/q1.json", "/reports/{name}.json", {"name": "q1"}),
        ("/reports/.json", "/reports/{name}", {"name": ".json"}),
        ("/reports/2026-11", "/reports/{year:int}-{month:int}", {"year": 2026, "month": 11}),
        ("/reports/a-b", "/reports/{name}", {"name": "a-b"}),
        ("/files/a/b//c", "/files/{path:path}", {"path": "a/b//c"}),
        ("/files/", "/files/{path:path}", {"path": ""}),
        ("/files/index", "/files/index", {}),
        ("/files/index/more", "/files/{path:path}", {"path": "index/more"}),
        ("/trailing/", "/trailing/", {}),
    ],
)
def test_the_narrowest_route_wins(table: Table[str], path: str, target: str, params: dict[str, Any]) -> None:
    assert table.find("GET", path) == (target, params)


@pytest.mark.parametrize(
    "path", ["", "users", "/user", "/users/", "/users/7/", "//users", "/trailing", "/items//", "/files"]
)
def test_an_unknown_path_has_no_methods(table: Table[str], path: str) -> None:
    assert table.find("GET", path) == frozenset()


def test_a_known_path_tells_its_methods(table: Table[str]) -> None:
    assert table.find("PUT", "/users/7") == frozenset({"GET", "DELETE"})
    assert table.find("PUT", "/users/me") == frozenset({"GET", "DELETE"})


def test_a_method_is_found_behind_a_narrower_path_that_lacks_it(table: Table[str]) -> None:
    assert table.find("DELETE", "/users/me") == ("DELETE /users/{id}", {"id": "me"})


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("users", "starts with '/'"),
        ("/{}", "is no parameter"),
        ("/{a b}", "is no parameter"),
        ("/{id:number}", "Unknown convertor"),
        ("/{rest:path}/more", "rest of the path"),
        ("/x{rest:path}", "segment of its own"),
        ("/{a}/{a}", "stands twice"),
        ("/{a}{b}", "Put text between"),
        ("/{a", "Unbalanced"),
        ("/a}", "Unbalanced"),
    ],
)
def test_a_path_that_can_not_be_one_is_refused(path: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(says)):
        Table[str]().add("GET", path, "")


@pytest.mark.parametrize("second", ["/users/{id}", "/users/{name}", "/users/{id:str}"])
def test_two_routes_for_one_method_and_shape_are_refused(second: str) -> None:
    table: Table[str] = Table()
    table.add("GET", "/users/{id}", "first")
    table.add("POST", second, "another method is no conflict")
    with pytest.raises(ConfigurationError, match="already"):
        table.add("GET", second, "second")


def test_a_hostile_path_costs_no_more_than_the_trie_is_large() -> None:
    """Each node of the trie is reached by one way only, so that dead ends can't multiply."""
    table: Table[str] = Table()
    for depth in range(1, 9):
        table.add("GET", "/" + "/".join(f"{{p{i}}}" for i in range(depth)) + "/end", "")
    assert table.find("GET", "/" + "/".join(["end"] * 5000)) == frozenset()
    mixed: Table[str] = Table()
    mixed.add("GET", "/{a}-{b}-{c}-{d}-{e}x", "")
    assert mixed.find("GET", "/" + "-" * 100_000) == frozenset()


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_registration_decides_nothing(order: int) -> None:
    """Also where a narrower route makes the short way to the last parameter wrong, and where it takes no request."""
    table: Table[str] = Table()
    routes = ["/a/{x}", "/a/{x:int}", "/b/{x}", "/b/{x}.json", "/c/{x}", "/c/{x:int}/more", "/d/{x}.json", "/d/{x}.{y}"]
    for path in routes[::order]:
        table.add("GET", path, path)
    found = {path: table.find("GET", path) for path in ("/a/1", "/a/z", "/b/z.json", "/b/z", "/c/1", "/d/z.json")}
    assert found == {
        "/a/1": ("/a/{x:int}", {"x": 1}),
        "/a/z": ("/a/{x}", {"x": "z"}),
        "/b/z.json": ("/b/{x}.json", {"x": "z"}),
        "/b/z": ("/b/{x}", {"x": "z"}),
        "/c/1": ("/c/{x}", {"x": "1"}),
        "/d/z.json": ("/d/{x}.json", {"x": "z"}),
    }


def test_get_answers_head_unless_head_has_a_route() -> None:
    table: Table[str] = Table()
    for method, path in [("GET", "/a"), ("GET", "/b"), ("HEAD", "/b"), ("GET", "/c/{x}"), ("POST", "/d")]:
        table.add(method, path, f"{method} {path}")
    assert [table.find("HEAD", path) for path in ("/a", "/b", "/c/1", "/d")] == [
        ("GET /a", {}),
        ("HEAD /b", {}),
        ("GET /c/{x}", {"x": "1"}),
        frozenset({"POST"}),
    ]


@pytest.fixture(scope="module")
def mounts() -> Table[str]:
    """Two routes, registered between mounts that cover them."""
    table: Table[str] = Table()
    table.mount("/static", "static")
    table.mount("/static/deep/", "deep")
    table.add("GET", "/static/version", "version")
    table.add("GET", "/tenants/{tenant}/me", "me")
    table.mount("/tenants/{tenant}", "tenant")
    table.mount("/tenants/{number:int}", "number")
    table.mount("/v{major:int}.{minor:int}", "versioned")
    return table


MOUNTED: list[tuple[str, str, object]] = [
    ("GET", "/static", Mounted("static", {}, "/static")),
    ("PATCH", "/static/", Mounted("static", {}, "/static")),
    ("GET", "/static/a/b.css", Mounted("static", {}, "/static")),
    ("GET", "/static//a", Mounted("static", {}, "/static")),
    ("GET", "/static/deep", Mounted("deep", {}, "/static/deep")),
    ("GET", "/static/deep/a", Mounted("deep", {}, "/static/deep")),
    ("GET", "/static/deeper", Mounted("static", {}, "/static")),
    ("GET", "/staticx", frozenset()),
    ("GET", "/", frozenset()),
    ("GET", "", frozenset()),
    ("GET", "/static/version", ("version", {})),
    ("HEAD", "/static/version", ("version", {})),
    ("POST", "/static/version", Mounted("static", {}, "/static")),
    ("GET", "/tenants/acme/me", ("me", {"tenant": "acme"})),
    ("GET", "/tenants/7/me", ("me", {"tenant": "7"})),
    ("GET", "/tenants/7/you", Mounted("number", {"number": 7}, "/tenants/7")),
    ("GET", "/tenants/acme/you", Mounted("tenant", {"tenant": "acme"}, "/tenants/acme")),
    ("GET", "/tenants//you", frozenset()),
    ("GET", "/v2.10/x", Mounted("versioned", {"major": 2, "minor": 10}, "/v2.10")),
    ("GET", "/v2.x/x", frozenset()),
]


@pytest.mark.parametrize(("method", "path", "expected"), MOUNTED)
def test_a_mount_takes_what_no_route_takes(mounts: Table[str], method: str, path: str, expected: object) -> None:
    assert mounts.find(method, path) == expected


@pytest.mark.parametrize("root", ["", "/"])
def test_a_mount_at_the_root_takes_everything_else(root: str) -> None:
    table: Table[str] = Table()
    table.mount(root, "root")
    table.mount("/a", "a")
    table.add("GET", "/b/{x}", "b")
    assert table.find("GET", "/a/1") == Mounted("a", {}, "/a")
    assert table.find("GET", "/b/1") == ("b", {"x": "1"})
    assert table.find("PUT", "/b/1") == Mounted("root", {}, "")
    assert [table.find("GET", path) for path in ("/", "/b/", "/c")] == [Mounted("root", {}, "")] * 3


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        ("/a", "/a", "already"),
        ("/a", "/a/", "already"),
        ("", "/", "already"),
        ("/{x}", "/{y}", "already"),
        ("/a", "/b/{rest:path}", "leave the 'path' parameter out"),
        ("/a", "b", "starts with '/'"),
    ],
)
def test_a_mount_that_can_not_be_is_refused(first: str, second: str, says: str) -> None:
    table: Table[str] = Table()
    table.mount(first, "first")
    with pytest.raises(ConfigurationError, match=re.escape(says)):
        table.mount(second, "second")


_SEGMENTS = st.sampled_from(["a", "b", "1", "", "{x}", "{x:int}", "{x:float}", "{x}.json", "a{x}", "{x:int}.json"])
_WRITTEN = st.lists(_SEGMENTS, min_size=1, max_size=4)
_ENDS = st.sampled_from([[], [], [], ["{rest:path}"]])
_ASKED = st.lists(st.sampled_from(["a", "b", "1", "22", "1.5", "a.json", "1.json", "ab", ""]), min_size=1, max_size=5)
_METHODS = st.sampled_from(["GET", "POST"])

_KINDS = [*CONVERTORS]


def _path(parts: list[str]) -> str:
    return "".join("/" + part.replace("x", f"x{at}", 1) for at, part in enumerate(parts))


def _fit(path: str, asked: str, *, below: bool = False) -> tuple[list[Any], dict[str, Any]] | None:
    """How well a path fits, the lower the better, and its parameters: the documented rule, segment by segment."""
    wanted = split_path(path) if path else ()
    given = asked[1:].split("/")
    ranks: list[Any] = []
    params: dict[str, Any] = {}
    for at, segment in enumerate(wanted):
        if at == len(given):
            return None
        kinds = [kind for _, kind in segment.parameters]
        if kinds == ["path"]:
            params[segment.parameters[0].name] = "/".join(given[at:])
            return [*ranks, (3,)], params
        parts = split_segment(segment.texts, given[at]) if kinds else (() if given[at] == segment.texts[0] else None)
        if parts is None:
            return None
        try:
            params.update(
                {name: CONVERTORS[kind](part) for (name, kind), part in zip(segment.parameters, parts, strict=True)}
            )
        except ValueError:
            return None
        narrow = [_KINDS.index(kind) for kind in kinds]
        if not kinds:
            ranks.append((0,))
        elif any(segment.texts):
            ranks.append((1, -sum(map(len, segment.texts)), narrow, segment.texts))
        else:
            ranks.append((2, narrow))
    if below:
        return [*ranks, (4,)], params
    return (ranks, params) if len(given) == len(wanted) else None


@given(
    st.lists(st.tuples(_METHODS, _WRITTEN, _ENDS), max_size=14),
    st.lists(_WRITTEN, max_size=4),
    st.sampled_from(["GET", "POST", "HEAD"]),
    _ASKED,
)
def test_it_finds_what_the_rule_says(
    routes: list[tuple[str, list[str], list[str]]], mounts: list[list[str]], method: str, asked: list[str]
) -> None:
    table: Table[str] = Table()
    known: list[tuple[str, str]] = []
    mounted: list[str] = []
    for verb, parts, end in routes:
        path = _path([*parts, *end])
        try:
            table.add(verb, path, f"{verb} {path}")
        except ConfigurationError:
            continue
        known.append((verb, path))
    for parts in mounts:
        path = _path(parts).rstrip("/")
        try:
            table.mount(path, path)
        except ConfigurationError:
            continue
        mounted.append(path)
    path = "/" + "/".join(asked)
    fits = {(verb, route): fit for verb, route in known if (fit := _fit(route, path)) is not None}
    verbs = {verb for verb, _ in fits}
    verb = "GET" if method == "HEAD" else method
    if verb in verbs:
        best = min((key for key in fits if key[0] == verb), key=lambda key: fits[key][0])
        assert table.find(method, path) == (" ".join(best), fits[best][1])
        return
    covers = {mount: fit for mount in mounted if (fit := _fit(mount, path, below=True)) is not None}
    if covers:
        best_mount = min(covers, key=lambda mount: covers[mount][0])
        found = table.find(method, path)
        assert isinstance(found, Mounted)
        assert (found.target, found.params) == (best_mount, covers[best_mount][1])
        assert f"{path}/".startswith(f"{found.matched}/")
        assert found.matched.count("/") == best_mount.count("/")
    else:
        assert table.find(method, path) == frozenset(verbs)


_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "str": st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1),
    "int": st.integers(min_value=0),
    "float": st.floats(min_value=0, allow_infinity=False, allow_nan=False).map(abs),
    "uuid": st.uuids(),
    "path": st.text(st.characters(exclude_categories=["Cs"])),
}


@given(st.data())
def test_a_filled_path_is_found_again(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(_KINDS[:-1]), max_size=3)) + data.draw(st.sampled_from([[], ["path"]]))
    around = st.sampled_from(["", "a", "é ", ".json", "%"])
    path = ""
    values: dict[str, Any] = {}
    for at, kind in enumerate(kinds):
        before, after = (data.draw(around), data.draw(around)) if kind != "path" else ("", "")
        path += f"/{before}{{p{at}:{kind}}}{after}"
        values[f"p{at}"] = data.draw(_VALUES[kind])
    table: Table[str] = Table()
    table.add("GET", path or "/ä b", "target")
    try:
        made = fill_path(path or "/ä b", values)
    except ValueError:
        assert any(part in {".", ".."} for value in values.values() for part in str(value).split("/"))
        return
    assert made.isascii()
    assert table.find("GET", unquote(made)) == ("target", values)


@pytest.mark.parametrize(
    ("path", "values", "expected"),
    [
        ("/", {}, "/"),
        ("/a b", {}, "/a%20b"),
        ("/o/{x}", {"x": "a b?#%\\é;="}, "/o/a%20b%3F%23%25%5C%C3%A9;="),
        ("/o/{x:int}", {"x": "7"}, "/o/7"),
        ("/o/{x:float}", {"x": 1e21}, "/o/1000000000000000000000"),
        ("/o/{x:float}", {"x": 1}, "/o/1"),
        ("/o/{x:path}", {"x": "a/b c"}, "/o/a/b%20c"),
        ("/o/{x:path}", {"x": ""}, "/o/"),
        ("/o/{x}", {"x": Colour.RED}, "/o/red"),
        ("/{a}-{b}", {"a": "x", "b": "y-z"}, "/x-y-z"),
    ],
)
def test_a_path_is_filled(path: str, values: dict[str, Any], expected: str) -> None:
    assert fill_path(path, values) == expected


@pytest.mark.parametrize(
    ("path", "values", "says"),
    [
        ("/o/{x}", {}, "its parameters are ['x']"),
        ("/o/{x}", {"x": 1, "y": 2}, "its parameters are ['x']"),
        ("/o", {"x": 1}, "it has no parameters"),
        ("/o/{x}", {"x": ""}, "'' can't stand in the path as str"),
        ("/o/{x}", {"x": "a/b"}, "'a/b' can't stand"),
        ("/o/{x}", {"x": ".."}, "'..' can't stand"),
        ("/o/{x:path}", {"x": "a/../b"}, "can't stand in the path as path"),
        ("/o/{x:int}", {"x": -1}, "-1 can't stand in the path as int"),
        ("/o/{x:int}", {"x": True}, "True can't stand"),
        ("/o/{x:int}", {"x": 1.5}, "1.5 can't stand"),
        ("/o/{x:float}", {"x": float("nan")}, "nan can't stand"),
        ("/o/{x:uuid}", {"x": "me"}, "'me' can't stand"),
        ("/{a}-{b}", {"a": "x-y", "b": "z"}, "would be read as other values"),
    ],
)
def test_values_that_would_not_come_back_are_refused(path: str, values: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        fill_path(path, values)
