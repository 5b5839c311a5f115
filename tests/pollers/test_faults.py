"""Check the checker: each of these faults, planted in the framework, is found within a few hundred batches."""

import pytest

from tests.pollers.cases import Kind
from tests.pollers.exploring import explore
from tests.pollers.faults import FAULTS, Fault

ENOUGH = 500
"""Batches."""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.plant.__name__)
def test_a_planted_fault_is_found(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    fault.plant(monkeypatch)
    with pytest.raises(AssertionError, match=fault.broken):
        explore(fault.kind, batches=ENOUGH, shrink=False)


@pytest.mark.parametrize("kind", dict.fromkeys(fault.kind for fault in FAULTS))
def test_without_a_fault_the_same_run_passes(kind: Kind) -> None:
    assert explore(kind, batches=ENOUGH, shrink=False) >= ENOUGH
