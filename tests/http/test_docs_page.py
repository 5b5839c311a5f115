"""The page: its files, its headers, behind every gateway, and what a browser makes of it."""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from docs.examples.loopback import Uvicorn
from lambdaframe import App
from lambdaframe.http.openapi import docs_files
from lambdaframe.security.oauth2 import OAuth2AuthorizationCodeBearer
from lambdaframe.testing import TestClient
from lambdaframe_adapters.testing import GATEWAYS, LambdaClient, LambdaContext, Request, Setup, gateway

APP = '''
import threading
from typing import Annotated

from pydantic import BaseModel

from lambdaframe import App, Depends, File, Form, Router, UploadFile
from lambdaframe.security import HTTPBearer

app = App(title="Shop <b>&amp;", servers=[], description="A *shop*.")
orders = Router(prefix="/orders", tags=["orders"])
calls = []


class Order(BaseModel):
    sku: str = "TE-0001"
    count: int = 1


@orders.get("/{order_id}")
async def read_order(order_id: int, verbose: bool = False) -> dict[str, object]:
    """Read *one* order."""
    calls.append(order_id)
    return {"id": order_id, "verbose": verbose, "calls": calls}


@orders.post("", status_code=201)
async def place_order(order: Order, token: Annotated[object, Depends(HTTPBearer())]) -> Order:
    return order


@app.post("/pictures")
async def add_picture(picture: Annotated[UploadFile, File()], title: Annotated[str, Form()]) -> str:
    return title


app.include_router(orders)


def below(prefix):
    """The application below a prefix, as a gateway's stage has it; nothing is anywhere else."""

    async def staged(scope, receive, send):
        if scope["type"] == "http":
            scope["root_path"] = prefix
            if not scope["path"].startswith(prefix + "/"):
                scope["path"] = prefix + "/outside"
        await app(scope, receive, send)

    return staged


staged = below("/prod")


async def lambda_front(scope, receive, send):
    """The application in Lambda, behind an HTTP API with a stage."""
    import asyncio

    if scope["type"] != "http":
        await app(scope, receive, send)
        return
    body = (await receive()).get("body", b"")
    status, headers, content = await asyncio.to_thread(_invoke, scope, body)
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": content})


def _invoke(scope, body):
    from lambdaframe_adapters import LambdaHandler
    from lambdaframe_adapters.testing import LambdaContext, Request, Setup, gateway

    global handler
    pairs = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    request = Request(
        scope["method"], scope["raw_path"].decode(), scope["query_string"].decode(), pairs, body, "http", "127.0.0.1"
    )
    setup = Setup(stage="prod")
    http_api = gateway("http_api")
    with one_at_a_time:
        handler = handler or LambdaHandler(app)
        answer = http_api.response(request, handler(http_api.event(request, setup), LambdaContext(10.0)), setup)
    return answer.status, answer.headers, answer.body


handler = None
one_at_a_time = threading.Lock()
'''


@pytest.fixture
def app() -> App:
    return App(title="Shop <b>&\"'")


@pytest.fixture
def client(app: App) -> TestClient:
    return TestClient(app)


def files_of(page: str) -> list[str]:
    return [unescape(url) for url in re.findall(r'(?:href|src)="([^"]*)"', page)]


# The page


def test_the_page_escapes_what_the_application_says(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "<title>Shop &lt;b&gt;&amp;&quot;&#x27;</title>" in page


def test_the_page_holds_no_script_and_names_nothing_elsewhere(client: TestClient) -> None:
    answer = client.get("/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert re.findall(r"<script[^>]*>([^<]*)", answer.text) == ["", ""]
    assert "<style" not in answer.text
    assert not any("//" in url or url.startswith("/") for url in files_of(answer.text))
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"


def test_requests_to_named_servers_and_to_where_tokens_are_got_are_allowed() -> None:
    scheme = OAuth2AuthorizationCodeBearer("https://login.example/authorize", "https://login.example:8443/token?x=1")
    app = App(servers=[{"url": "https://api.example/v1"}, {"url": "/v2"}, {"url": "https://{region}.example"}])

    from typing import Annotated

    from lambdaframe.http.binding.parameters import Depends

    @app.get("/me")
    async def me(token: Annotated[str, Depends(scheme)]) -> None: ...

    policy = TestClient(app).get("/docs").headers["content-security-policy"]
    assert "connect-src 'self' https://api.example https://login.example:8443;" in policy


@pytest.mark.parametrize(
    ("docs_url", "openapi_url", "document"),
    [
        ("/docs", "/openapi.json", "openapi.json"),
        ("/", "/openapi.json", "openapi.json"),
        ("/internal/docs", "/openapi.json", "../openapi.json"),
        ("/docs", "/v1/openapi.json", "v1/openapi.json"),
    ],
)
def test_every_url_of_the_page_is_relative_and_leads_somewhere(docs_url: str, openapi_url: str, document: str) -> None:
    client = TestClient(App(docs_url=docs_url, openapi_url=openapi_url))
    page = client.get(docs_url).text
    assert f'data-document="{document}"' in page
    assert client.get(urljoin(docs_url, document)).json()["openapi"] == "3.1.0"
    assert len(files_of(page)) == 5
    for url in files_of(page):
        assert client.get(urljoin(docs_url, url)).status_code == 200
    redirect = re.findall('data-redirect="([^"]*)"', page)[0]
    answer = client.get(urljoin(docs_url, redirect))
    assert answer.headers["content-type"].startswith("text/html")
    for url in files_of(answer.text):
        assert client.get(urljoin(urljoin(docs_url, redirect), url)).status_code == 200


def test_swagger_ui_is_told_what_the_application_says_of_it() -> None:
    app = App(swagger_ui_parameters={"docExpansion": 'no"ne'}, swagger_ui_init_oauth={"clientId": "<me>"})
    page = TestClient(app).get("/docs").text
    assert json.loads(unescape(re.findall('data-parameters="([^"]*)"', page)[0])) == {"docExpansion": 'no"ne'}
    assert json.loads(unescape(re.findall('data-oauth="([^"]*)"', page)[0])) == {"clientId": "<me>"}


@pytest.mark.parametrize("options", [{"docs_url": None}, {"openapi_url": None}])
def test_it_can_be_switched_off(options: Any) -> None:
    client = TestClient(App(**options))
    assert client.get("/docs").status_code == 404
    assert client.get("/openapi.json").status_code == (404 if "openapi_url" in options else 200)


# Its files


def test_a_file_under_its_digest_is_kept_for_a_year_and_else_asked_for(client: TestClient) -> None:
    url = next(url for url in files_of(client.get("/docs").text) if "swagger-ui.css" in url)
    fresh, bare, old = (client.get(urljoin("/docs", path)) for path in (url, url.partition("?")[0], f"{url}0"))
    assert fresh.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert bare.headers["cache-control"] == old.headers["cache-control"] == "no-cache"
    assert fresh.headers["x-content-type-options"] == "nosniff"
    again = client.get("/docs/swagger-ui.css", headers={"if-none-match": bare.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("accept", "compressed"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("*", True),
        ("GZIP", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, br", False),
        ("br", False),
        ("identity", False),
        ("x-gzipped", False),
        ("", False),
    ],
)
def test_it_is_compressed_for_those_who_take_it(accept: str, compressed: bool, client: TestClient) -> None:
    with client.stream("GET", "/docs/swagger-ui-bundle.js", headers={"accept-encoding": accept}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.headers.get("content-encoding") == ("gzip" if compressed else None)
    assert (gzip.decompress(raw) if compressed else raw) == bundle()


def bundle() -> bytes:
    spec = find_spec(docs_files.PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / "dist" / "swagger-ui-bundle.js").read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "/docs/swagger-ui.js",
        "/docs/..",
        "/docs/%2e%2e/app.py",
        "/docs/VERSION",
        "/docs/swagger-ui.css/",
        "/docs//etc/passwd",
    ],
)
def test_nothing_else_can_be_asked_for(path: str, client: TestClient) -> None:
    assert client.get(path).status_code in {400, 404}


def test_without_the_package_it_says_what_to_install(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs_files, "PACKAGE", "no_such_package")
    for path in ("/docs", "/docs/swagger-ui.css"):
        answer = client.get(path)
        assert answer.status_code == 501
        assert answer.headers["content-type"] == "application/problem+json"
        assert "pip install 'lambdaframe[docs]'" in answer.json()["detail"]
    assert client.get("/openapi.json").status_code == 200


def test_nothing_is_loaded_before_it_is_asked_for_and_nothing_of_the_package_ever() -> None:
    script = (
        "import sys\n"
        "from lambdaframe import App\n"
        "app = App()\n"
        "app.get('/x')(lambda: None)\n"
        "late = {'pydantic', 'lambdaframe.http.openapi.docs_page', 'lambdaframe.http.openapi.document'}\n"
        "print(sorted(late & set(sys.modules)))\n"
        "from lambdaframe.testing import TestClient\n"
        "assert TestClient(app).get('/docs').status_code == 200\n"
        "print('flask' in sys.modules, 'flask_swagger_ui' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "False False"]


# Behind the gateways


@pytest.mark.parametrize("source", sorted(GATEWAYS))
def test_it_arrives_through_every_gateway_as_it_is(source: str, app: App) -> None:
    stage = "prod" if source in {"rest_api", "http_api", "http_api_v1"} else None
    with LambdaClient(app, source, stage=stage) as client:
        page = client.get("/docs")
        assert page.status_code == 200
        for url in files_of(page.text):
            answer = client.get(urljoin(str(page.url), url))
            assert answer.status_code == 200, url
            if "bundle" in url:
                assert answer.content == bundle()
        document = client.get("/openapi.json").json()
    assert document.get("servers") == ([{"url": "/prod"}] if stage else None)


def test_a_rest_api_without_binary_media_types_hands_it_on(app: App, make: Any) -> None:
    request = Request(
        "GET", "/prod/docs/swagger-ui-bundle.js", headers=(("accept", "*/*"), ("accept-encoding", "gzip"))
    )
    setup, rest_api = Setup(stage="prod", binary_media_types=()), gateway("rest_api")
    answer = make(app)(rest_api.event(request, setup), LambdaContext())
    assert rest_api.response(request, answer, setup).body == bundle()


def test_routes_go_on_where_the_page_is_the_root() -> None:
    app = App(docs_url="/")
    app.get("/x")(lambda: "x")
    client = TestClient(app)
    assert client.get("/x").json() == "x"
    assert "swagger-ui" in client.get("/").text


# In a browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Headless Chromium. Where there is none the tests are skipped, in continuous integration they fail."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        reason = "There is no Chromium: apt-get install chromium chromium-driver"
        assert "CI" not in os.environ, reason
        pytest.skip(reason)
    options = ChromeOptions()
    options.binary_location = chromium
    for flag in FLAGS.split():
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with Chrome(options=options, service=Service(driver)) as chrome:
        yield chrome


FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --disable-dev-shm-usage --window-size=1280,1800"""

OPERATIONS = [
    "operations-default-add_picture_pictures_post",
    "operations-orders-place_order_orders_post",
    "operations-orders-read_order_orders__order_id__get",
]


def logged(browser: Any, kind: str) -> list[dict[str, Any]]:
    """What the browser has logged since this was last called. (Selenium does not say what it is.)"""
    entries: list[dict[str, Any]] = browser.get_log(kind)
    return entries


def requested(browser: Chrome) -> list[str]:
    """The URLs that pages have asked for since this was last called."""
    messages = [json.loads(entry["message"])["message"] for entry in logged(browser, "performance")]
    urls = [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]
    return [url for url in urls if not url.startswith(("chrome:", "data:", "devtools:"))]


@pytest.mark.parametrize(("served", "prefix"), [("app", ""), ("staged", "/prod"), ("lambda_front", "/prod")])
def test_a_browser_lists_the_operations_and_executes_one(
    served: str, prefix: str, browser: Chrome, tmp_path: Path
) -> None:
    (tmp_path / "main.py").write_text(APP)
    wait = WebDriverWait(browser, 30)

    def found(selector: str) -> Any:
        return wait.until(lambda driver: driver.find_elements(By.CSS_SELECTOR, selector))

    with Uvicorn(tmp_path, f"main:{served}") as server:
        logged(browser, "browser")
        requested(browser)
        browser.get(f"{server.url}{prefix}/docs")
        wait.until(lambda driver: len(driver.find_elements(By.CSS_SELECTOR, ".opblock")) == len(OPERATIONS))
        shown = [str(block.get_attribute("id")) for block in browser.find_elements(By.CSS_SELECTOR, ".opblock")]
        assert sorted(shown) == OPERATIONS
        assert browser.title == "Shop <b>&amp;"

        operation = f"#{OPERATIONS[2]}"
        found(f"{operation} .opblock-summary-control")[0].click()
        found(f"{operation} .try-out__btn")[0].click()
        found(f"{operation} tr[data-param-name='order_id'] input")[0].send_keys("41")
        found(f"{operation} .execute")[0].click()
        body = found(f"{operation} .live-responses-table tbody td.response-col_description code")[0]
        wait.until(lambda _: "verbose" in body.text)
        assert json.loads(body.text) == {"id": 41, "verbose": False, "calls": [41]}
        assert found(f"{operation} .live-responses-table tbody td.response-col_status")[0].text.startswith("200")

        (tmp_path / "docs.png").write_bytes(browser.get_screenshot_as_png())
        if kept := os.environ.get("LAMBDAFRAME_SCREENSHOTS"):
            shutil.copy(tmp_path / "docs.png", Path(kept) / f"{served}.png")
        urls = requested(browser)
        assert f"{server.url}{prefix}/orders/41?verbose=false" in urls
        assert [url for url in urls if not url.startswith(f"{server.url}{prefix}/")] == []
        assert logged(browser, "browser") == []
        calls = httpx.get(f"{server.url}{prefix}/orders/42").json()["calls"]
    assert calls == [41, 42]
