"""Starlette's own test suite through events: what passes with its TestClient passes behind every gateway."""

import pytest

from tests.conformance.suite import GATEWAYS, OF_MANGUM, Run, possible, run_all
from tests.conformance.verdict import wrong


@pytest.fixture(scope="module")
def able() -> Run:
    return possible()


@pytest.fixture(scope="module")
def runs(able: Run) -> dict[tuple[str, str], Run]:
    return {(run.adapter, run.gateway): run for run in run_all(able.tests)}


def test_every_test_that_reaches_an_application_is_run(able: Run, runs: dict[tuple[str, str], Run]) -> None:
    assert len(able.tests) >= 493
    assert {pair: run.tests for pair, run in runs.items()} == dict.fromkeys(runs, able.tests)


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_conformance(gateway: str, able: Run, runs: dict[tuple[str, str], Run]) -> None:
    assert wrong(runs["lambdaframe", gateway], able) == []


@pytest.mark.parametrize("gateway", OF_MANGUM)
def test_more_passes_than_with_mangum(gateway: str, runs: dict[tuple[str, str], Run]) -> None:
    assert len(runs["lambdaframe", gateway].passed) > len(runs["mangum", gateway].passed)
