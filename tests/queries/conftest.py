"""The process's logger, as in tests/logging."""

from tests.logging.conftest import process, written

__all__ = ["process", "written"]
