"""The command line: what it lists, and what it says when something is missing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ORDERS


def lambdaframe(*arguments: str, folder: Path = ORDERS, without: str = "") -> "subprocess.CompletedProcess[str]":
    """Run the command. ``without``: a package that can't be imported."""
    code = f"import sys; sys.modules[{without!r}] = None; from lambdaframe.cli import main; main()"
    command = ["-c", code] if without else ["-m", "lambdaframe.cli"]
    return subprocess.run(
        [sys.executable, *command, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def test_routes_lists_routes_and_consumers() -> None:
    done = lambdaframe("routes", "main:app")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["http", "POST", "/orders", "main.create_order", "idempotent(lease=5)"] in lines
    assert ["http", "GET", "/orders/{order_id}", "main.read_order"] in lines
    assert ["sqs", "payments", "main.fulfil", "concurrency=20"] in lines


def test_routes_as_json() -> None:
    rows = json.loads(lambdaframe("routes", "main:app", "--json").stdout)
    options = {"concurrency": 10, "idempotent": True}
    assert {"kind": "kinesis", "what": "clicks", "function": "main.count_click", "options": options} in rows


def test_routes_lists_what_handles_single_events(tmp_path: Path) -> None:
    (tmp_path / "handlers.py").write_text(
        "from lambdaframe import App\napp = App()\n\n@app.event('shop', 'Order Placed')\nasync def placed(): ...\n"
    )
    (row,) = json.loads(lambdaframe("routes", "handlers:app", "--json", folder=tmp_path).stdout)
    assert (row["kind"], row["function"]) == ("eventbridge", "handlers.placed")
    assert "Order Placed" in row["what"]


def test_an_application_without_any_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "bare.py").write_text("from lambdaframe import App\napp = App()\n")
    done = lambdaframe("routes", "bare:app", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_module_may_stand_elsewhere(tmp_path: Path) -> None:
    assert lambdaframe("routes", "main:app", "--app-dir", str(ORDERS), folder=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("main", "Write module:name, such as main:app, not 'main'."),
        (":app", "Write module:name"),
        ("nowhere:app", "There is no module 'nowhere' in "),
        ("main.deeper:app", "There is no module 'main.deeper'"),
        ("main:application", "The module 'main' has no 'application'."),
        ("main:handler", "main:handler is a LambdaHandler, not a lambdaframe.App."),
        ("broken:app", "'broken' can't be imported: ZeroDivisionError: division by zero"),
        ("needs:app", "'needs' can't be imported: there is no module 'no_such_package'."),
    ],
)
def test_what_is_no_application_is_a_sentence(target: str, said: str, tmp_path: Path) -> None:
    for path in ORDERS.glob("*.py"):
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "broken.py").write_text("1 / 0\n")
    (tmp_path / "needs.py").write_text("import no_such_package\n")
    done = lambdaframe("routes", target, folder=tmp_path)
    assert done.returncode == 1
    assert f"Error: {said}" in done.stderr
    assert ("Traceback" in done.stderr) == (target in {"broken:app", "needs:app"})


def test_without_typer_it_says_what_to_install() -> None:
    done = lambdaframe("--help", without="typer")
    assert done.returncode == 1
    assert done.stderr == "The command line needs typer: pip install 'lambdaframe[cli]'.\n"


def test_without_aioboto3_it_says_what_to_install() -> None:
    done = lambdaframe("work", "main:app", "--sqs", "http://127.0.0.1:1/1/payments", without="aioboto3")
    assert done.returncode == 1
    assert "Error: A worker needs aioboto3: pip install 'lambdaframe[aws]'." in done.stderr


def test_listing_loads_no_vendor() -> None:
    code = "import sys; from lambdaframe.cli.commands import cli; print('aioboto3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
