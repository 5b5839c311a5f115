"""Content codings (RFC 9110, section 8.4.1): gzip, brotli (RFC 7932), zstd (RFC 8878). Each library loads when used."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple, TypeAlias

from lambdaframe.errors import ConfigurationError


class Compressor(NamedTuple):
    """One body on its way out.

    ``flush(part)``: the part compressed, so that the receiver can read all of it. ``finish(part)``: the last part
    compressed, and the end of the body.
    """

    flush: Callable[[bytes], bytes]
    finish: Callable[[bytes], bytes]


MakeCompressor: TypeAlias = Callable[[], Compressor]


def _gzip(level: int) -> MakeCompressor:
    import zlib

    def make() -> Compressor:
        coder = zlib.compressobj(level, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        flush = partial(coder.flush, zlib.Z_SYNC_FLUSH)
        return Compressor(_then(coder.compress, flush), _then(coder.compress, coder.flush))

    return make


def _brotli(level: int) -> MakeCompressor:
    library: Any = import_module("brotli")

    def make() -> Compressor:
        coder = library.Compressor(quality=level)
        return Compressor(_then(coder.process, coder.flush), _then(coder.process, coder.finish))

    return make


def _zstd(level: int) -> MakeCompressor:
    """By the standard library (Python 3.14), its backport, or zstandard."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            library: Any = import_module(name)
        except ImportError:
            continue
        return partial(_standard_zstd, library.ZstdCompressor, level)
    library = import_module("zstandard")

    def make() -> Compressor:
        coder = library.ZstdCompressor(level=level).compressobj()
        flush = partial(coder.flush, library.COMPRESSOBJ_FLUSH_BLOCK)
        return Compressor(_then(coder.compress, flush), _then(coder.compress, coder.flush))

    return make


def _standard_zstd(kind: Any, level: int) -> Compressor:
    coder = kind(level=level)
    return Compressor(partial(coder.compress, mode=kind.FLUSH_BLOCK), partial(coder.compress, mode=kind.FLUSH_FRAME))


def _then(compress: Callable[[bytes], bytes], end: Callable[[], bytes]) -> Callable[[bytes], bytes]:
    def pack(part: bytes) -> bytes:
        return compress(part) + end()

    return pack


_CODECS: Mapping[str, tuple[Callable[[int], MakeCompressor], int, range, str]] = {
    "zstd": (_zstd, 3, range(1, 20), "backports.zstd or zstandard"),
    "br": (_brotli, 4, range(12), "brotli"),
    "gzip": (_gzip, 6, range(10), ""),
}
"""Name: what makes it, its level where none is given, the levels it has, the package it needs.

The usual levels are for answers made on the spot: higher ones cost much more time than they save bytes. Beyond 19
zstd's window is larger than browsers take (RFC 9659).
"""


def codec(name: str, level: int | None) -> MakeCompressor | None:
    """What makes compressors of this coding; None where its library is not installed.

    Raises ConfigurationError for an unknown coding or a level that it has not.
    """
    if name not in _CODECS:
        raise ConfigurationError(f"There is no encoding {name!r}: write some of {sorted(_CODECS)}.")
    build, usual, levels, _ = _CODECS[name]
    if level is not None and level not in levels:
        raise ConfigurationError(f"The level of {name!r} is {levels.start} to {levels.stop - 1}, not {level!r}.")
    try:
        return build(usual if level is None else level)
    except ImportError:
        return None


def needed_codec(name: str, level: int | None) -> MakeCompressor:
    """See ``codec``. Raises ConfigurationError where the library is not installed."""
    made = codec(name, level)
    if made is None:
        raise ConfigurationError(f"The encoding {name!r} needs the package {_CODECS[name][3]}: install it.")
    return made
