"""The demonstration: it ends by itself, and its exit status tells whether every answer was as expected."""

import io
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from docs.examples import demo
from docs.examples.screen import Screen, differences

ROOT = Path(__file__).parents[2]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def run_of_the_demo() -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    command = [sys.executable, "-m", "docs.examples.demo"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_the_demo_succeeds_and_says_what_to_try_next(run_of_the_demo: "subprocess.CompletedProcess[str]") -> None:
    assert run_of_the_demo.returncode == 0, run_of_the_demo.stdout + run_of_the_demo.stderr
    assert re.search(r"All \d+ answers were as expected", run_of_the_demo.stdout)
    assert "make serve" in run_of_the_demo.stdout
    assert "WRONG" not in run_of_the_demo.stdout


@pytest.mark.parametrize(
    "kind",
    [
        "HTTP request",
        "REST API (v1)",
        "HTTP API (v2)",
        "Function URL",
        "Application Load Balancer",
        "SQS",
        "Kinesis",
        "DynamoDB stream",
    ],
)
def test_the_demo_shows_every_kind_of_event(kind: str, run_of_the_demo: "subprocess.CompletedProcess[str]") -> None:
    assert f"  {kind} · " in run_of_the_demo.stdout


def test_the_demo_shows_log_lines_and_no_colours_in_a_pipe(run_of_the_demo: "subprocess.CompletedProcess[str]") -> None:
    assert run_of_the_demo.stdout.count('"message":"order placed"') == 6
    assert "\033[" not in run_of_the_demo.stdout


def test_a_wrong_answer_is_shown_and_fails_the_demo(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong(screen: Screen) -> None:
        found = differences("status", 201, 500)
        screen.exchange("SQS", "a title", "asked", "answered", ["a log line"], found)

    for way in ("under_uvicorn", "in_process", "under_the_emulator"):
        monkeypatch.setattr(demo, way, wrong)
    assert demo.main() == 1
    said = capsys.readouterr().out
    assert "expected 201" in said
    assert "got 500" in said
    assert "3 of 3 answers were not as expected" in said


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False)]
)
def test_colours_are_for_terminals_without_no_color(
    environment: Mapping[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    Screen(terminal).verdict("done")
    assert ("\033[" in terminal.getvalue()) is coloured


@pytest.mark.parametrize(
    ("expected", "got", "where"),
    [
        (1, 1, []),
        (1, 2, ["body"]),
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": 1}, {"b": 2}, ["body.a"]),
        ({"a": {"b": 1}}, {"a": {"b": 2, "c": 3}}, ["body.a.b"]),
        ([1], [1, 2], ["body"]),
        ({"a": 1}, None, ["body"]),
    ],
)
def test_differences(expected: object, got: object, where: list[str]) -> None:
    assert [difference.where for difference in differences("body", expected, got)] == where
