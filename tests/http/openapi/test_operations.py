"""Operation Objects: ids, words, tags, security, and what is left out."""

from enum import Enum
from typing import Annotated, Any

import pytest

from lambdaframe.errors import ConfigurationError
from lambdaframe.http.binding.parameters import Depends, Query, Security
from lambdaframe.http.routing.router import Router
from lambdaframe.security.api_key import APIKeyHeader, APIKeyQuery
from lambdaframe.security.http import HTTPBearer
from lambdaframe.security.oauth2 import OAuth2PasswordBearer
from tests.http.openapi.described import described, operation


async def read_it(item_id: int) -> None:
    """Read one.

    In *full*.\fFor us alone.
    """


def test_ids_and_words_are_made_of_the_name_the_path_and_the_documentation() -> None:
    made = operation(read_it, "/items/{item_id:int}")
    assert made["operationId"] == "read_it_items__item_id__get"
    assert made["summary"] == "Read It"
    assert made["description"] == "Read one.\n\nIn *full*."
    assert "deprecated" not in made


def test_what_the_route_says_goes_first() -> None:
    class Tag(Enum):
        ITEMS = "items"

    made = operation(
        read_it,
        "/items/{item_id}",
        operation_id="readItem",
        summary="One",
        description="Short.",
        tags=[Tag.ITEMS, "x"],
        deprecated=True,
        response_description="The item",
    )
    assert made["operationId"] == "readItem"
    assert (made["summary"], made["description"], made["deprecated"]) == ("One", "Short.", True)
    assert made["tags"] == ["items", "x"]
    assert made["responses"]["200"]["description"] == "The item"


def test_each_method_has_its_own_id_and_equal_ones_are_counted() -> None:
    router = Router()
    for path in ("/a-b", "/a_b"):
        router.route(path, methods=["GET", "POST"])(_same)
    paths = described(router)["paths"]
    assert [paths[path][method]["operationId"] for path in paths for method in ("get", "post")] == [
        "_same_a_b_get",
        "_same_a_b_post",
        "_same_a_b_get_2",
        "_same_a_b_post_2",
    ]


async def _same() -> None: ...


def test_a_made_id_gives_way_to_a_chosen_one() -> None:
    router = Router()
    router.get("/a")(_same)
    router.get("/b", operation_id="_same_a_get")(_same)
    paths = described(router)["paths"]
    assert paths["/b"]["get"]["operationId"] == "_same_a_get"
    assert paths["/a"]["get"]["operationId"] == "_same_a_get_2"


def test_two_of_one_chosen_id_are_a_mistake() -> None:
    router = Router()
    router.get("/a", operation_id="x")(_same)
    router.get("/b", operation_id="x")(read_all)
    with pytest.raises(ConfigurationError, match=r"read_all and .*_same have the operation_id 'x': give one"):
        described(router)


async def read_all() -> None: ...


def test_what_is_not_to_be_shown_is_left_out_with_its_schemas() -> None:
    router = Router()
    router.get("/a", include_in_schema=False)(_same)
    assert described(router)["paths"] == {}
    assert "components" not in described(router)


def test_paths_that_differ_in_names_alone_are_one_path() -> None:
    async def write(key: str) -> None: ...

    router = Router()
    router.get("/items/{item_id}")(read_it)
    router.put("/items/{key}")(write)
    paths = described(router)["paths"]
    assert list(paths) == ["/items/{item_id}"]
    assert [one["name"] for one in paths["/items/{item_id}"]["put"]["parameters"]] == ["item_id"]


def test_operations_stand_in_the_order_they_were_written() -> None:
    router = Router()
    for path in ("/z", "/a", "/m"):
        router.get(path)(_same)
    assert list(described(router)["paths"]) == ["/z", "/a", "/m"]


def test_openapi_extra_is_merged_deeply() -> None:
    extra = {
        "x-amazon-apigateway-integration": {"type": "aws_proxy"},
        "parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}],
        "responses": {"200": {"headers": {"x-count": {"schema": {"type": "integer"}}}}},
    }
    made = operation(read_it, "/{item_id}", openapi_extra=extra)
    assert made["x-amazon-apigateway-integration"] == {"type": "aws_proxy"}
    assert [one["name"] for one in made["parameters"]] == ["item_id", "q"]
    assert set(made["responses"]["200"]) == {"description", "content", "headers"}


# Security

oauth2 = OAuth2PasswordBearer(tokenUrl="token", scopes={"a": "A"})
key = APIKeyHeader(name="x-key")


def secured(*schemes: Any, scopes: tuple[str, ...] = ()) -> dict[str, Any]:
    async def route() -> None: ...

    router = Router(dependencies=[Security(scheme, scopes=scopes) for scheme in schemes])
    router.get("/x")(route)
    return described(router)


def test_schemes_that_refuse_a_request_must_all_be_met() -> None:
    made = secured(key, oauth2)
    assert made["paths"]["/x"]["get"]["security"] == [{"APIKeyHeader": [], "OAuth2PasswordBearer": []}]
    assert made["components"]["securitySchemes"] == {
        "APIKeyHeader": {"type": "apiKey", "in": "header", "name": "x-key"},
        "OAuth2PasswordBearer": {
            "type": "oauth2",
            "flows": {"password": {"tokenUrl": "token", "scopes": {"a": "A"}}},
        },
    }


def test_schemes_that_leave_it_to_the_handler_are_ways_in() -> None:
    by_query = APIKeyQuery(name="key", auto_error=False)
    bearer = HTTPBearer(auto_error=False)
    made = secured(by_query, bearer, key)["paths"]["/x"]["get"]
    assert made["security"] == [
        {"APIKeyHeader": [], "APIKeyQuery": []},
        {"APIKeyHeader": [], "HTTPBearer": []},
    ]


def test_scopes_are_those_of_the_whole_way_each_once() -> None:
    async def user(token: Annotated[str, Security(oauth2, scopes=["a"])]) -> str:
        return token

    async def admin(name: Annotated[str, Security(user, scopes=["b", "a"])]) -> str:
        return name

    async def route(
        name: Annotated[str, Security(admin, scopes=["c"])], again: Annotated[str, Depends(user)]
    ) -> None: ...

    made = operation(route)
    assert made["security"] == [{"OAuth2PasswordBearer": ["c", "b", "a"]}]
    assert {"401", "403"} <= set(made["responses"])


def test_two_schemes_of_one_name_are_told_apart() -> None:
    made = secured(key, APIKeyHeader(name="x-key"), APIKeyHeader(name="x-other"))
    assert made["paths"]["/x"]["get"]["security"] == [{"APIKeyHeader": [], "APIKeyHeader_2": []}]
    assert made["components"]["securitySchemes"]["APIKeyHeader_2"]["name"] == "x-other"


def test_a_schemes_name_is_written_in_the_letters_that_openapi_allows() -> None:
    made = secured(HTTPBearer(scheme_name="Azure AD (PKCE)"))
    assert made["paths"]["/x"]["get"]["security"] == [{"Azure_AD__PKCE_": []}]
    assert list(made["components"]["securitySchemes"]) == ["Azure_AD__PKCE_"]


def test_gateway_extensions_of_a_scheme_pass_through() -> None:
    from lambdaframe.http.binding.dependant import SecurityScheme

    async def claims() -> dict[str, Any]:
        return {}

    definition = {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"}
    setattr(claims, "openapi_scheme", SecurityScheme("sigv4", definition))  # noqa: B010  functions know no such attribute

    assert secured(claims)["components"]["securitySchemes"] == {"sigv4": definition}


def test_parameters_of_all_dependencies_are_there_the_handlers_own_first() -> None:
    async def inner(z: int, both: Annotated[int | None, Query()] = None) -> None: ...

    async def outer(y: int, inner: Annotated[None, Depends(inner)]) -> None: ...

    async def route(x: int, both: int, outer: Annotated[None, Depends(outer)]) -> None: ...

    made = operation(route)["parameters"]
    assert [(one["name"], one["required"]) for one in made] == [("x", True), ("both", True), ("y", True), ("z", True)]
