"""What is in the wheel, and what a user of it sees."""

import re
import sys
from pathlib import Path
from zipfile import ZipFile

from tests.packaging.environment import ROOT, Environment, run
from tests.pages import read_page, run_page


def test_wheel_holds_both_packages_with_their_type_markers_and_nothing_else(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"lambdaframe", "lambdaframe_adapters", "lambdaframe-0.1.0.dist-info"}
    assert {"lambdaframe/py.typed", "lambdaframe_adapters/py.typed"} <= set(names)


def test_wheel_holds_every_module_of_the_tree(wheel: Path) -> None:
    roots = {"lambdaframe": ROOT / "lambdaframe", "lambdaframe_adapters": ROOT / "adapters" / "lambdaframe_adapters"}
    modules = {
        f"{package}/{path.relative_to(root).as_posix()}"
        for package, root in roots.items()
        for path in root.rglob("*.py")
    }
    assert modules <= set(ZipFile(wheel).namelist())


def test_adapters_is_no_package(installed: Environment, tmp_path: Path) -> None:
    said = installed.code_says(
        ["try:", "    import adapters", "except ModuleNotFoundError as error:", "    print(error)"], cwd=tmp_path
    )
    assert said.strip() == "No module named 'adapters'"


def test_the_readme_example_runs_from_the_wheel_alone(installed: Environment, tmp_path: Path) -> None:
    page = read_page(ROOT / "README.md")
    assert list(page.files) == ["main.py"]
    assert page.prints, "the README says what its example prints"
    assert run_page(page, tmp_path, installed.python) == page.prints


CONSUMER = """
from pydantic import BaseModel

from lambdaframe import App, Change, HTTPException, Record, Request, bind, current_invocation, logger
from lambdaframe_adapters import LambdaHandler


class Order(BaseModel):
    id: int


app = App(service="orders", idempotency="memory://")


@app.get("/orders/{order_id}")
async def read_order(order_id: int, request: Request) -> Order:
    bind(order_id=order_id)
    logger.info("read", remaining=current_invocation().remaining())
    raise HTTPException(404)


@app.dynamodb("orders")
async def audit(change: Change[Order], record: Record) -> None:
    if change.new is not None:
        reveal_type(change.new.id)


reveal_type(read_order)
reveal_type(current_invocation().remaining())
handler = LambdaHandler(app)
"""


def test_a_user_of_the_wheel_sees_its_types(installed: Environment, tmp_path: Path) -> None:
    """At the first run, and at the next one after an edit, for which mypy reads its cache."""
    for text in (CONSUMER, f"{CONSUMER}\n"):
        (tmp_path / "main.py").write_text(text)
        said = run(
            *(sys.executable, "-m", "mypy", "--strict", "--config-file", ""),
            *("--python-executable", installed.python, "main.py"),
            cwd=tmp_path,
        )
        revealed = re.findall(r'Revealed type is "(.*)"', said)
        payload, route, remaining = (kind.replace("builtins.", "") for kind in revealed)
        assert payload == "int"
        assert re.fullmatch(
            r"def \(order_id: int, request: .*Request.*\) -> .*Coroutine\[Any, Any, main\.Order\]", route
        )
        assert remaining == "float"
