"""FastAPI's documented behaviours, one by one, asked of FastAPI and of lambdaframe."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.fastapi.answers import Answer, ask
from tests.fastapi.checklist import Check
from tests.fastapi.page import PAGE, cases, split, written
from tests.fastapi.ported import MODULES, NAMES, load_ported

CASES = Path(__file__).with_name("cases")


@cache
def _ours(module: str) -> ModuleType:
    return load_ported(CASES / f"{module}.py")


def _theirs(module: str) -> ModuleType:
    return import_module(f"tests.fastapi.cases.{module}")


def _checks() -> Iterator[Any]:
    for module, name, case in cases():
        for number, check in enumerate(case.checks):
            yield pytest.param(module, name, check, id=f"{module}-{name}-{number}")


@pytest.mark.parametrize(("module", "name", "check"), [*_checks()])
def test_the_behaviour_is_as_the_checklist_says(module: str, name: str, check: Check) -> None:
    theirs = ask(getattr(_theirs(module), name)(), check.calls)
    assert [answer.status for answer in theirs] == [call.status for call in check.calls]
    if check.verdict == "not offered":
        with pytest.raises(Exception, match=check.refused):
            getattr(_ours(module), name)()
        return
    ours = ask(getattr(_ours(module), name)(), check.calls)
    if check.verdict == "same":
        assert ours == theirs
    else:
        assert _as_told(theirs, check.fastapi) == list(check.fastapi)
        assert _as_told(ours, check.ours) == list(check.ours)
        assert check.fastapi != check.ours


def _as_told(answers: list[Answer], told: tuple[Any, ...]) -> list[Any]:
    """Of each answer what is said of it: the status, or the status and the body."""
    assert len(answers) == len(told)
    return [a.status if isinstance(one, int) else (a.status, a.body) for a, one in zip(answers, told, strict=True)]


def test_what_differs_says_why() -> None:
    for _, _, case in cases():
        for check in case.checks:
            assert check.calls, check.behaviour
            assert check.verdict == "same" or check.because, check.behaviour


def test_the_page_says_what_is_tested() -> None:
    assert split(PAGE.read_text())[1] == written(), "Write it anew: python -m tests.fastapi.page"


def test_the_page_names_every_replacement() -> None:
    text = PAGE.read_text()
    for old, new in {**MODULES, **NAMES}.items():
        assert f"| `{old}` | `{new}` |" in text
