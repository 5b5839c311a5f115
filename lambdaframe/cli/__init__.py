"""The command line: ``lambdaframe work``, ``routes`` and their like.

It stands above both packages, and nothing of a function imports it. typer is loaded here only.
"""

import sys


def main() -> None:
    """The entry point of the command ``lambdaframe``."""
    try:
        import typer
    except ImportError:
        sys.exit("The command line needs typer: pip install 'lambdaframe[cli]'.")
    del typer
    from lambdaframe.cli.commands import cli

    cli(prog_name="lambdaframe")
