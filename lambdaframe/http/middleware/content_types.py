"""Content types whose bytes are compressed already."""

_PACKED = frozenset(
    {
        "application/epub+zip",
        "application/gzip",
        "application/java-archive",
        "application/pdf",
        "application/vnd.rar",
        "application/x-7z-compressed",
        "application/x-bzip2",
        "application/x-gzip",
        "application/x-xz",
        "application/zip",
        "application/zstd",
        "font/woff",
        "font/woff2",
    }
)
_FAMILIES = ("application/grpc", "application/vnd.openxmlformats-officedocument.", "audio/", "image/", "video/")
_LOOSE = frozenset({"image/bmp", "image/svg+xml", "image/vnd.microsoft.icon", "image/x-icon"})
"""Types of those families that are not."""


def is_packed(kind: str) -> bool:
    """Whether compressing this type again saves nothing. ``kind``: lower case, without parameters."""
    return kind in _PACKED or (kind.startswith(_FAMILIES) and kind not in _LOOSE)
