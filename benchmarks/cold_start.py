"""What a cold start adds to a bare interpreter: imports, ten validated routes, the first HTTP API event.

Each contestant is a process of its own, in turn in each round. Bytecode files are there, as in a deployed function.
"no plugins" is with PYDANTIC_DISABLE_PLUGINS=__all__: pydantic then does not look for plugins among what is installed.

    python -m benchmarks.cold_start
"""

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from benchmarks.measure import show

ROOT = Path(__file__).parents[1]
ROUNDS = 7

START = f"""
import json
from types import SimpleNamespace

event = json.loads(open({str(ROOT / "tests/events/http_api/no_body.json")!r}).read())
event["requestContext"]["http"]["method"] = "POST"
event["rawPath"] = event["requestContext"]["http"]["path"] = "/r9/7"
event["headers"]["content-type"] = "application/json"
event["body"] = json.dumps({{"id": 1, "sku": "a", "price": 1.5}})
context = SimpleNamespace(
    function_name="f", function_version="1", memory_limit_in_mb="128", invoked_function_arn="arn", aws_request_id="id",
    get_remaining_time_in_millis=lambda: 30_000,
)
"""

MODEL = """
from pydantic import BaseModel

class Order(BaseModel):
    id: int
    sku: str
    price: float
"""

ROUTES = """
for at in range(10):
    def add(at):
        @app.post(f"/r{at}/{PARAMETER}")
        ASYNC def create(number: int, order: Order) -> Order:
            return order
    add(at)
"""

CHECK = """
answer = handler(event, context)
assert answer["statusCode"] == 200, answer
"""


def routes(parameter: str, kind: str) -> str:
    """Ten routes with a path parameter and a validated body."""
    return ROUTES.replace("{PARAMETER}", parameter).replace("ASYNC ", kind)


CODE = {
    "bare interpreter": "",
    "asyncio + orjson": "import asyncio, orjson",
    "import starlette.applications": "import starlette.applications",
    "import lambdaframe": "import lambdaframe",
    "lambdaframe, no model": START
    + textwrap.dedent("""
        from lambdaframe import App
        from lambdaframe_adapters import LambdaHandler

        app = App()
        for at in range(10):
            def add(at):
                @app.post(f"/r{at}/{{number}}")
                async def create(number: int):
                    return number
            add(at)
        handler = LambdaHandler(app)
    """)
    + CHECK,
    "lambdaframe": START
    + MODEL
    + "from lambdaframe import App\nfrom lambdaframe_adapters import LambdaHandler\napp = App()\n"
    + routes("{{number}}", "async ")
    + "handler = LambdaHandler(app)\n"
    + CHECK,
    "Powertools, validated": START
    + MODEL
    + "from aws_lambda_powertools.event_handler import APIGatewayHttpResolver\n"
    + "app = APIGatewayHttpResolver(enable_validation=True)\n"
    + routes("<number>", "")
    + "handler = app\n"
    + CHECK,
    "Mangum + FastAPI": START
    + MODEL
    + "from fastapi import FastAPI\nfrom mangum import Mangum\napp = FastAPI()\n"
    + routes("{{number}}", "async ")
    + "handler = Mangum(app)\n"
    + CHECK,
}

NO_PLUGINS = "import os\nos.environ['PYDANTIC_DISABLE_PLUGINS'] = '__all__'\n"
for _name in ("lambdaframe", "Powertools, validated", "Mangum + FastAPI"):
    CODE[f"{_name}, no plugins"] = NO_PLUGINS + CODE[_name]


def main() -> None:
    """Print the medians in ms above the bare interpreter."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    taken: dict[str, list[float]] = {name: [] for name in CODE}
    for at in range(ROUNDS + 1):
        for name, code in CODE.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, cwd=ROOT, env=environment)
            if at:  # the first round writes the bytecode files
                taken[name].append((time.perf_counter() - start) * 1e3)
    bare = taken.pop("bare interpreter")
    above = {name: [one - base for one, base in zip(rounds, bare, strict=True)] for name, rounds in taken.items()}
    show("cold start above a bare interpreter", above, to="Mangum + FastAPI", unit="ms")
    print(json.dumps({"python": sys.version.split()[0], "rounds": ROUNDS}))


if __name__ == "__main__":
    main()
