"""Starlette's own test suite through events: what passes with its TestClient passes behind every gateway."""

import pytest

from tests.conformance.suite import GATEWAYS, PAIRS, Run, possible, run_all
from tests.conformance.verdict import wrong


@pytest.fixture(scope="module")
def able() -> Run:
    return possible()


@pytest.fixture(scope="module")
def runs(able: Run) -> dict[tuple[str, str], Run]:
    return {(run.adapter, run.gateway): run for run in run_all(PAIRS, [*able.passed, *able.errors])}


def test_every_test_that_reaches_an_application_is_run(able: Run, runs: dict[tuple[str, str], Run]) -> None:
    everything = able.passed | able.errors.keys()
    assert len(everything) >= 493
    assert {pair: run.passed | run.errors.keys() for pair, run in runs.items()} == dict.fromkeys(runs, everything)


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_conformance(gateway: str, able: Run, runs: dict[tuple[str, str], Run]) -> None:
    assert wrong(runs["lambdaframe", gateway], able) == []


@pytest.mark.parametrize("gateway", [gateway for adapter, gateway in PAIRS if adapter == "mangum"])
def test_more_passes_than_with_mangum(gateway: str, runs: dict[tuple[str, str], Run]) -> None:
    assert len(runs["lambdaframe", gateway].passed) > len(runs["mangum", gateway].passed)
