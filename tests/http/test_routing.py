"""The router against what a reader of the routes would expect, and against a slow and simple one."""

import re
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe.errors import ConfigurationError
from lambdaframe.http.routing import Router, parse_path

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
def router() -> Router[str]:
    router: Router[str] = Router()
    for path in ROUTES:
        router.add("GET", path, path)
    router.add("DELETE", "/users/{id}", "DELETE /users/{id}")
    return router


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
def test_the_narrowest_route_wins(router: Router[str], path: str, target: str, params: dict[str, Any]) -> None:
    assert router.find("GET", path) == (target, params)


@pytest.mark.parametrize(
    "path", ["", "users", "/user", "/users/", "/users/7/", "//users", "/trailing", "/items//", "/files"]
)
def test_an_unknown_path_has_no_methods(router: Router[str], path: str) -> None:
    assert router.find("GET", path) == frozenset()


def test_a_known_path_tells_its_methods(router: Router[str]) -> None:
    assert router.find("PUT", "/users/7") == frozenset({"GET", "DELETE"})
    assert router.find("PUT", "/users/me") == frozenset({"GET", "DELETE"})


def test_a_method_is_found_behind_a_narrower_path_that_lacks_it(router: Router[str]) -> None:
    assert router.find("DELETE", "/users/me") == ("DELETE /users/{id}", {"id": "me"})


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
        Router[str]().add("GET", path, "")


@pytest.mark.parametrize("second", ["/users/{id}", "/users/{name}", "/users/{id:str}"])
def test_two_routes_for_one_method_and_shape_are_refused(second: str) -> None:
    router: Router[str] = Router()
    router.add("GET", "/users/{id}", "first")
    router.add("POST", second, "another method is no conflict")
    with pytest.raises(ConfigurationError, match="already"):
        router.add("GET", second, "second")


def test_a_hostile_path_costs_no_more_than_the_trie_is_large() -> None:
    """Each node of the trie is reached by one way only, so that dead ends can't multiply."""
    router: Router[str] = Router()
    for depth in range(1, 9):
        router.add("GET", "/" + "/".join(f"{{p{i}}}" for i in range(depth)) + "/end", "")
    assert router.find("GET", "/" + "/".join(["end"] * 5000)) == frozenset()
    mixed: Router[str] = Router()
    mixed.add("GET", "/{a}-{b}-{c}-{d}-{e}x", "")
    assert mixed.find("GET", "/" + "-" * 100_000) == frozenset()


_SEGMENTS = st.sampled_from(["a", "b", "1", "22", "a.json", "{x}", "{x:int}", "{x}.json"])


def _slow(routes: list[str], path: str) -> set[str]:
    """Every route whose regular expression fits."""
    kinds = {"str": "[^/]+", "int": "[0-9]+"}

    def pattern(route: str) -> str:
        parts = re.split(r"(\{[^}]*\})", route)
        return "".join(
            kinds[part.strip("{}").partition(":")[2] or "str"] if part.startswith("{") else re.escape(part)
            for part in parts
        )

    return {route for route in routes if re.fullmatch(pattern(route), path)}


@given(
    st.lists(st.lists(_SEGMENTS, min_size=1, max_size=4), min_size=1, max_size=12),
    st.lists(st.sampled_from(["a", "b", "1", "22", "a.json", "z"]), min_size=1, max_size=4),
)
def test_it_finds_a_route_just_when_one_fits(routes: list[list[str]], segments: list[str]) -> None:
    router: Router[str] = Router()
    known: list[str] = []
    for parts in routes:
        route = "".join("/" + part.replace("x", f"x{at}") for at, part in enumerate(parts))
        try:
            router.add("GET", route, route)
        except ConfigurationError:
            continue
        known.append(route)
    path = "/" + "/".join(segments)
    fitting = _slow(known, path)
    found = router.find("GET", path)
    if fitting:
        assert isinstance(found, tuple)
        assert found[0] in fitting
        assert len(found[1]) == len(parse_path(found[0]))
    else:
        assert found == frozenset()
