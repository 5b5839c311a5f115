"""The HTTP client library: httpx2, as Starlette's TestClient has it, or httpx where that is what is installed."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx2 as httpx
else:
    try:
        import httpx2 as httpx
    except ModuleNotFoundError:
        import httpx

__all__ = ["httpx"]
