"""Looking for a planted fault with the model: a bounded walk that is the same each time."""

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.idempotency.machine import machine
from tests.idempotency.subjects.subject import Subject

HUNT = settings(
    max_examples=300,
    stateful_step_count=20,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    report_multiple_bugs=False,
    print_blob=False,
)


def hunt(subject: Subject) -> str | None:
    """What the model says against this store; None when it finds nothing. ``subject.moves`` tells how long it took."""
    try:
        run_state_machine_as_test(machine(subject), settings=HUNT)
    except AssertionError as found:
        return str(found)
    finally:
        subject.close()
    return None
