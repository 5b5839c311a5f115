"""``python -m tests.conformance``: the table, and what is wrong."""

import sys
from importlib.metadata import version

from tests.conformance.suite import possible, run_all
from tests.conformance.verdict import table, wrong


def main() -> int:
    """The exit status: 1 when something is wrong with a run of ours."""
    print(f"Starlette {version('starlette')}'s own tests in which a request reaches an application, through events:\n")
    able = possible()
    runs = run_all(able.tests)
    print(table(runs, able))
    for name in sorted(able.errors):
        print(f"\nNot counted against anyone, because it fails here with Starlette's own client, too: {name}")
    faults = [f"{run.gateway}: {fault}" for run in runs if run.adapter == "lambdaframe" for fault in wrong(run, able)]
    print(
        "\n" + "\n".join(faults) if faults else "\nEverything else is in tests/conformance/known.toml, with the reason."
    )
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
