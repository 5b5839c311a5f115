"""The verdict over a run, by runs that are made up."""

import pytest

from tests.conformance.suite import GATEWAYS, Run
from tests.conformance.verdict import LEAST, known, wrong

PASSED = frozenset(f"tests/test_some.py::test_{number}" for number in range(LEAST))
ABLE = Run("starlette", "none", PASSED, {"tests/test_some.py::test_as_root": "it is root"})


def run(passed: frozenset[str] = PASSED, errors: dict[str, str] | None = None) -> Run:
    listed = dict.fromkeys(known("alb"), "as expected")
    return Run("lambdaframe", "alb", passed, listed | (errors or {}))


def test_all_is_well() -> None:
    assert wrong(run(), ABLE) == []


def test_a_failure_that_is_not_listed() -> None:
    assert wrong(run(errors={"test_new": "oh"}), ABLE) == ["test_new fails and is not in known.toml: oh"]


def test_what_fails_with_starlettes_own_client_is_let_off() -> None:
    assert wrong(run(errors={"tests/test_some.py::test_as_root": "it is root"}), ABLE) == []


def test_a_listed_test_that_passes_or_is_gone() -> None:
    first, second, *_ = sorted(known("alb"))
    good = run(PASSED | {first})
    errors = {name: error for name, error in good.errors.items() if name not in {first, second}}
    assert wrong(Run(good.adapter, good.gateway, good.passed, errors), ABLE) == [
        f"{first} passes and is in known.toml.",
        f"{second} is in known.toml and is no test.",
    ]


def test_too_few_pass() -> None:
    assert wrong(run(frozenset(sorted(PASSED)[1:])), ABLE) == [f"{LEAST - 1} tests pass; {LEAST} must."]


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_the_list_leaves_enough(gateway: str) -> None:
    assert len(known(gateway)) <= 493 - LEAST
