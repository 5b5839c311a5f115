"""The document against the specification, and against a generator of clients."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import orjson
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from lambdaframe.http.openapi.serving import behind
from lambdaframe.http.routing.router import Router
from tests.http.openapi.described import described
from tests.http.openapi.rich import INFO, router


@pytest.fixture(scope="module")
def rich() -> dict[str, Any]:
    return described(router, INFO)


def test_a_rich_document_is_valid(rich: dict[str, Any]) -> None:
    assert [str(error) for error in OpenAPIV31SpecValidator(rich).iter_errors()] == []


def test_the_least_document_is_valid() -> None:
    made = described(Router())
    assert made == {"openapi": "3.1.0", "info": {"title": "lambdaframe", "version": "0.1.0"}, "paths": {}}
    assert [str(error) for error in OpenAPIV31SpecValidator(made).iter_errors()] == []


def test_it_is_valid_behind_a_prefix(rich: dict[str, Any]) -> None:
    made = dict(behind(rich, "/prod"))
    assert [server["url"] for server in made["servers"]] == ["/prod", "https://api.shop.example"]
    assert [str(error) for error in OpenAPIV31SpecValidator(made).iter_errors()] == []


def test_the_validator_sees_a_mistake(rich: dict[str, Any]) -> None:
    broken: dict[str, Any] = {**rich, "paths": {"/x/{y}": {"get": {"operationId": "x", "responses": {}}}}}
    assert list(OpenAPIV31SpecValidator(broken).iter_errors())


def test_what_the_application_says_of_itself_is_in_it(rich: dict[str, Any]) -> None:
    assert rich["info"] == {
        "title": "Shop",
        "version": "2.1.0",
        "summary": "A shop.",
        "description": "Orders and *articles*.",
        "termsOfService": "https://shop.example/terms",
        "contact": {"name": "The shop", "email": "shop@example.com"},
        "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
    }
    assert rich["servers"] == [{"url": "https://api.shop.example", "description": "production"}]
    assert rich["tags"] == [{"name": "articles", "description": "What there is to buy."}]


CLIENT = """
from shop.models import ArticleInput, ArticleOutput, BodyPlaceOrder, Card, Kind, PriceInput, ValidationProblem
from shop.api.articles import list_articles_articles_get, read_article_articles_sku_get
from shop.api.default import place_order

article = ArticleInput(sku="TE-0001", price=PriceInput(amount="9.99"), kind=Kind.TOY)
order = BodyPlaceOrder(article=article, count=2, payment=Card(method="card", number="1"))
print(order.to_dict()["article"]["kind"], order.to_dict()["payment"]["method"])
print(place_order._get_kwargs(body=order, idempotency_key="k")["headers"]["Idempotency-Key"])
"""


def test_a_generated_client_has_everything(rich: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "openapi.json").write_bytes(orjson.dumps(rich))
    scripts = sysconfig.get_path("scripts")
    made = subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json"),
            *("--meta", "none", "--output-path", "shop", "--fail-on-warning"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    used = subprocess.run([sys.executable, "-c", CLIENT], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert used.stdout.split() == ["toy", "card", "k"], used.stderr
