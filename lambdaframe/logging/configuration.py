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
from lambdaframe.logging.processors import Processor, Settle, guarded
from lambdaframe.logging.redaction import Credentials
from lambdaframe.logging.renderers import AutoRenderer, ConsoleRenderer, JsonRenderer, Renderer, wants_colours

RendererChoice: TypeAlias = Literal["auto", "json", "console"] | Renderer

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
    """What can be configured, as ``configure`` describes it."""

    level: int = LEVELS["INFO"]
    service: str = "service_undefined"
    renderer: RendererChoice = "auto"
    processors: tuple[Processor, ...] = ()
    redact: tuple[str, ...] = ()
    stream: TextIO | None = None


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
    without. Service: LAMBDAFRAME_SERVICE or POWERTOOLS_SERVICE_NAME.
    """
    settings = Settings()
    for name in ("AWS_LAMBDA_LOG_LEVEL", "POWERTOOLS_LOG_LEVEL", "LAMBDAFRAME_LOG_LEVEL"):
        if value := env.get(name):
            try:
                settings = settings._replace(level=level_number(value))
            except ConfigurationError as error:  # a typing error in a console must not take the service down
                warnings.warn(f"{name} is ignored. {error}", RuntimeWarning, stacklevel=2)
    return settings._replace(
        service=env.get("LAMBDAFRAME_SERVICE") or env.get("POWERTOOLS_SERVICE_NAME") or settings.service
    )


def changed(
    settings: Settings,
    *,
    level: str | int | None = None,
    service: str | None = None,
    renderer: RendererChoice | None = None,
    processors: Iterable[Processor] | None = None,
    redact: Iterable[str] | None = None,
    stream: TextIO | None = None,
) -> Settings:
    """The settings with what is given replaced. Raises ConfigurationError for what can't be."""
    if isinstance(redact, str):
        raise ConfigurationError(f'redact takes a list of keys: write redact=["{redact}"].')
    if renderer is not None and not callable(renderer) and renderer not in ("auto", "json", "console"):
        raise ConfigurationError(f'{renderer!r} is no renderer: write "auto", "json", "console" or give a callable.')
    given: dict[str, Any] = {
        "level": None if level is None else level_number(level),
        "service": service,
        "renderer": renderer,
        "processors": None if processors is None else tuple(processors),
        "redact": None if redact is None else tuple(redact),
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


def _chain(settings: Settings) -> Chain:
    return Chain(
        level=settings.level,
        service=settings.service,
        processors=tuple(map(guarded, settings.processors)),
        settle=Settle(Credentials(settings.redact)),
        renderer=_renderer(settings),
        stream=settings.stream,
    )


def _renderer(settings: Settings) -> Renderer:
    def stream() -> TextIO | None:
        return settings.stream or sys.stdout

    if callable(settings.renderer):
        return settings.renderer
    if settings.renderer == "console":
        return ConsoleRenderer(colours=wants_colours(stream()))
    if settings.renderer == "json" or "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        return JsonRenderer()
    return AutoRenderer(stream)


PROCESS = Configuration(from_environment(os.environ))
"""The process's configuration, which ``lambdaframe.logging.loggers`` and ``configure`` share."""
