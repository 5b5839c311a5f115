"""The document of what a router holds, without an application around it."""

from collections.abc import Callable
from typing import Any

from lambdaframe.http.binding.reading import read_dependant
from lambdaframe.http.openapi.document import document
from lambdaframe.http.openapi.info import Info
from lambdaframe.http.routing.paths import parse_path
from lambdaframe.http.routing.router import Router
from lambdaframe.http.routing.routes import Mount, Route


def described(router: Router, info: Info | None = None) -> dict[str, Any]:
    """The whole document."""
    found: list[Route | Mount] = []
    router.listen(found.append)
    routes = [one for one in found if isinstance(one, Route)]
    return document(info or Info(), [(route, _read(route)) for route in routes])


def _read(route: Route) -> Any:
    names = [name for name, _ in parse_path(route.path)]
    return read_dependant(route.function, names, route.options.get("dependencies", ()))


def operation(function: Callable[..., Any], path: str = "/x", method: str = "get", **options: Any) -> dict[str, Any]:
    """The Operation Object of one function."""
    return _paths_of(function, path, method, options)[0]


def schemas(function: Callable[..., Any], path: str = "/x", method: str = "get", **options: Any) -> dict[str, Any]:
    """The named schemas of one function."""
    return _paths_of(function, path, method, options)[1]


def _paths_of(function: Any, path: str, method: str, options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    router = Router()
    router.route(path, methods=[method.upper()], **options)(function)
    made = described(router)
    [item] = made["paths"].values()
    return item[method], made.get("components", {}).get("schemas", {})


def parameter(function: Callable[..., Any], path: str = "/x", **options: Any) -> dict[str, Any]:
    """The only Parameter Object of a function."""
    [only] = operation(function, path, **options)["parameters"]
    found: dict[str, Any] = only
    return found
