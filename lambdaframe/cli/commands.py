"""The commands and their options. What they do stands elsewhere.

Exit status: 0 when all went well; 1 when it could not start, or broke; 2 for options that make no sense; 3 when
``work`` was told to stop and had to cut off what was in work.
"""

import json
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated, Literal

import typer

from lambdaframe.cli.listing import rows, table
from lambdaframe.cli.loading import LoadError, load_app
from lambdaframe.cli.working import check_timeout, retry_of, sources_of
from lambdaframe.errors import LambdaFrameError
from lambdaframe.logging import capture_stdlib

CUT_OFF = 3

cli = typer.Typer(
    help="Run, list and describe lambdaframe applications.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Target = Annotated[str, typer.Argument(metavar="MODULE:NAME", help="The application, such as main:app.")]
Folder = Annotated[str, typer.Option("--app-dir", help="Where the module stands.")]


@contextmanager
def _told() -> Generator[None]:
    """A deliberate error is a sentence and status 1, not a trace; what went wrong in the module keeps its trace."""
    try:
        yield
    except LambdaFrameError as exc:
        if isinstance(exc, LoadError) and exc.__cause__ is not None:
            import traceback

            traceback.print_exception(exc.__cause__)
        typer.echo(f"Error: {exc}", err=True)
        raise typer.Exit(1) from None


@cli.command()
def work(
    target: Target,
    sqs: Annotated[list[str] | None, typer.Option(metavar="URL", help="A queue to poll; may be repeated.")] = None,
    kinesis: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A stream to read; may be repeated.")
    ] = None,
    endpoint_url: Annotated[
        str | None, typer.Option(help="Where AWS is; a queue's own URL says it, too.", envvar="AWS_ENDPOINT_URL")
    ] = None,
    region: Annotated[str | None, typer.Option(help="AWS's region; a queue of AWS names its own.")] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Messages of a queue in work at once; else the consumer's own number.")
    ] = None,
    grace: Annotated[float, typer.Option(min=0, help="Seconds to finish what is in work after SIGTERM.")] = 30.0,
    timeout: Annotated[float | None, typer.Option(help="Seconds that one batch may take; else no limit.")] = None,
    start: Annotated[
        Literal["latest", "trim_horizon"], typer.Option(help="Where a stream without a checkpoint is begun.")
    ] = "latest",
    checkpoints: Annotated[
        str | None, typer.Option(metavar="FILE", help="Keep a stream's checkpoints here; else in memory.")
    ] = None,
    visibility: Annotated[
        int | None,
        typer.Option(min=1, max=43_200, help="Seconds a message is hidden at a time; else the queue's."),
    ] = None,
    retry: Annotated[
        str, typer.Option(help="When a failed message is visible again: 'backoff', 'leave' or seconds.")
    ] = "backoff",
    wait: Annotated[int, typer.Option(min=0, max=20, help="Seconds that a poll waits for messages.")] = 20,
    app_dir: Folder = ".",
) -> None:
    """Poll queues and streams and feed the application's consumers, until SIGTERM or Ctrl-C."""
    with _told():
        from lambdaframe_adapters.workers.service import Settings
        from lambdaframe_adapters.workers.service import work as run

        app = load_app(target, app_dir)
        check_timeout(timeout)
        sources = sources_of(app, sqs or (), kinesis or (), concurrency)
        settings = Settings(endpoint_url, region, grace, timeout, visibility, wait, retry_of(retry), start, checkpoints)
        capture_stdlib()
        finished = run(app, sources, settings)
    if not finished:
        _leave(CUT_OFF)


def _leave(status: int) -> None:
    """End although a thread may still be busy with what was cut off: the interpreter would wait for it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


@cli.command()
def routes(
    target: Target,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    app_dir: Folder = ".",
) -> None:
    """List the application's routes and consumers."""
    with _told():
        listed = rows(load_app(target, app_dir))
    if as_json:
        typer.echo(json.dumps([row._asdict() for row in listed], indent=2))
        return
    for line in table(listed):
        typer.echo(line)


@cli.command()
def asyncapi(target: Target, app_dir: Folder = ".") -> None:
    """Print the AsyncAPI document of the application's consumers."""
    with _told():
        document = load_app(target, app_dir).asyncapi()
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
