"""What lines look like and where they go: the one thing here that belongs to the process.

A process has one standard output, one service name and one reader of its lines, and a logger made at import must follow
what is configured later. So there is one ``Configuration``, held by every logger. It is changed by replacing its chain
as a whole, never in parts: a line in the making keeps the chain it began with.
"""

import os
import sys
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple, TextIO, TypeAlias

from lambdaframe.errors import ConfigurationError
from lambdaframe.logging.chain import Chain
from lambdaframe.logging.processors import Layout, LayoutName, Processor, Settle, guarded
from lambdaframe.logging.quiet import Quiet
from lambdaframe.logging.redaction import Credentials
from lambdaframe.logging.renderers import AutoRenderer, ConsoleRenderer, JsonRenderer, Renderer, wants_colours
from lambdaframe.logging.secrets import Secrets

RendererChoice: TypeAlias = Literal["auto", "json", "console"] | Renderer
LayoutChoice: TypeAlias = LayoutName | Layout

LEVELS: Mapping[str, int] = {
    "TRACE": 0,
    "DEBUG": 10,
    "INFO": 20,
    "WARN": 30,
    "WARNING": 30,
    "ERROR": 40,
    "FATAL": 50,
    "CRITICAL": 50,
}
"""By the standard library's names and by those of Lambda's advanced logging controls.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
"""


class Settings(NamedTuple):
    """What can be configured, as ``configure`` describes it. ``floor``: the level below which Lambda itself drops
    lines, so that none is written."""

    level: int = LEVELS["INFO"]
    service: str = "service_undefined"
    renderer: RendererChoice = "auto"
    layout: LayoutChoice = "powertools"
    processors: tuple[Processor, ...] = ()
    redact: tuple[str, ...] = ()
    redact_patterns: tuple[str, ...] = ()
    sample: float = 0.0
    keep: int | None = None
    keep_bytes: int = 20_480
    stream: TextIO | None = None
    floor: int = 0
    rfc3339: bool = False


class Configuration:
    """The settings in force and the chain made from them."""

    __slots__ = ("chain", "settings")

    def __init__(self, settings: Settings) -> None:
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """From the next line on."""
        self.chain = _chain(settings)
        self.settings = settings


def from_environment(env: Mapping[str, str]) -> Settings:
    """The settings before anything is configured.

    Level: LAMBDAFRAME_LOG_LEVEL, POWERTOOLS_LOG_LEVEL or AWS_LAMBDA_LOG_LEVEL, the first that is set to a level; INFO
    without. AWS_LAMBDA_LOG_LEVEL, of Lambda's advanced logging controls, is a floor, too: with AWS_LAMBDA_LOG_FORMAT
    JSON Lambda drops what is below it, so nothing below is written; and it reads the time of a line only if that is
    RFC 3339. Service: LAMBDAFRAME_SERVICE or POWERTOOLS_SERVICE_NAME. Sample: LAMBDAFRAME_LOG_SAMPLE or
    POWERTOOLS_LOGGER_SAMPLE_RATE.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html
    """
    settings = Settings()
    for name in ("AWS_LAMBDA_LOG_LEVEL", "POWERTOOLS_LOG_LEVEL", "LAMBDAFRAME_LOG_LEVEL"):
        if value := env.get(name):
            try:
                settings = settings._replace(level=level_number(value))
            except ConfigurationError as error:  # a typing error in a console must not take the service down
                warnings.warn(f"{name} is ignored. {error}", RuntimeWarning, stacklevel=2)
                continue
            if name.startswith("AWS"):
                settings = settings._replace(floor=settings.level)
    for name in ("POWERTOOLS_LOGGER_SAMPLE_RATE", "LAMBDAFRAME_LOG_SAMPLE"):
        if value := env.get(name):
            try:
                settings = settings._replace(sample=_part(float(value)))
            except (ValueError, ConfigurationError):
                warnings.warn(f"{name} is ignored: {value!r} is no number from 0 to 1.", RuntimeWarning, stacklevel=2)
    return settings._replace(
        service=env.get("LAMBDAFRAME_SERVICE") or env.get("POWERTOOLS_SERVICE_NAME") or settings.service,
        rfc3339=env.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON",
    )


def changed(
    settings: Settings,
    *,
    level: str | int | None = None,
    service: str | None = None,
    renderer: RendererChoice | None = None,
    layout: LayoutChoice | None = None,
    processors: Iterable[Processor] | None = None,
    redact: Iterable[str] | None = None,
    redact_patterns: Iterable[str] | None = None,
    sample: float | None = None,
    keep: str | int | None = None,
    keep_bytes: int | None = None,
    stream: TextIO | None = None,
) -> Settings:
    """The settings with what is given replaced. Raises ConfigurationError for what can't be."""
    for name, listed in (("redact", redact), ("redact_patterns", redact_patterns)):
        if isinstance(listed, str):
            raise ConfigurationError(f'{name} takes a list: write {name}=["{listed}"].')
    if renderer is not None and not callable(renderer) and renderer not in ("auto", "json", "console"):
        raise ConfigurationError(f'{renderer!r} is no renderer: write "auto", "json", "console" or give a callable.')
    if layout is not None and not callable(layout) and layout not in ("powertools", "aws", "ecs", "otel"):
        raise ConfigurationError(f'{layout!r} is no layout: write "powertools", "aws", "ecs", "otel" or a callable.')
    given: dict[str, Any] = {
        "level": None if level is None else level_number(level),
        "service": service,
        "renderer": renderer,
        "layout": layout,
        "processors": None if processors is None else tuple(processors),
        "redact": None if redact is None else tuple(redact),
        "redact_patterns": None if redact_patterns is None else tuple(redact_patterns),
        "sample": None if sample is None else _part(sample),
        "keep": None if keep is None else level_number(keep),
        "keep_bytes": keep_bytes,
        "stream": stream,
    }
    return settings._replace(**{name: value for name, value in given.items() if value is not None})


def level_number(level: str | int) -> int:
    """A level by its name, in any case, or by its number. Raises ConfigurationError for any other text."""
    if isinstance(level, int):
        return level
    name = level.strip().upper()
    if name.isdecimal():
        return int(name)
    if name not in LEVELS:
        raise ConfigurationError(f"{level!r} is no log level: write one of {', '.join(LEVELS)}.")
    return LEVELS[name]


def _part(sample: float) -> float:
    if not 0 <= sample <= 1:
        raise ConfigurationError(f"sample is a part of all invocations, from 0 to 1, not {sample!r}.")
    return sample


def _chain(settings: Settings) -> Chain:
    threshold = max(settings.level, settings.floor)
    lowest, quiet = threshold, None
    if settings.sample or settings.keep is not None:
        lowest = LEVELS["DEBUG"] if settings.sample else min(threshold, settings.keep or 0)
        lowest = max(lowest, settings.floor)
        quiet = Quiet(threshold, settings.sample, settings.keep, settings.keep_bytes, LEVELS)
    return Chain(
        level=lowest,
        service=settings.service,
        processors=tuple(map(guarded, settings.processors)),
        settle=Settle(Credentials(settings.redact)),
        secrets=Secrets(settings.redact_patterns),
        renderer=_laid_out(settings),
        quiet=quiet,
        stream=settings.stream,
    )


def _laid_out(settings: Settings) -> Renderer:
    """The renderer behind the layout. A person at a terminal is shown the keys as they are."""
    render = _renderer(settings)
    if settings.layout == "powertools" or isinstance(render, ConsoleRenderer):
        return render
    if callable(settings.layout):
        layout: Layout | None = settings.layout
    else:
        from lambdaframe.logging.layouts import LAYOUTS

        layout = LAYOUTS[settings.layout]
    return render if layout is None else lambda entry: render(layout(dict(entry)))


def _renderer(settings: Settings) -> Renderer:
    def stream() -> TextIO | None:
        return settings.stream or sys.stdout

    if callable(settings.renderer):
        return settings.renderer
    if settings.renderer == "console":
        return ConsoleRenderer(colours=wants_colours(stream()))
    if settings.renderer == "json" or "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        return JsonRenderer(rfc3339=settings.rfc3339)
    return AutoRenderer(stream)


PROCESS = Configuration(from_environment(os.environ))
"""The process's configuration, which ``lambdaframe.logging.loggers`` and ``configure`` share."""
