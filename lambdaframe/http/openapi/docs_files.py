"""The files that the documentation's page needs: Swagger UI's, from a PyPI package, and a few of ours.

Nothing of the package is imported: its files are read, and only those that have their name here.
"""

from collections.abc import Mapping
from pathlib import Path

from lambdaframe.http.middleware.accept import weights
from lambdaframe.invocation import current
from lambdaframe.types import Scope

PACKAGE = "flask_swagger_ui"
"""Holds Swagger UI's distribution, and a Flask blueprint that nobody needs here."""

REDIRECT = "oauth2-redirect"
"""Where an OAuth2 provider sends the browser back to: below the page's URL."""

_INITIALIZER = b"""\
"use strict";
const place = document.getElementById("swagger-ui");
const absolute = (url) => new URL(url, window.location.href).href;
const ui = SwaggerUIBundle({
  deepLinking: true,
  showExtensions: true,
  showCommonExtensions: true,
  ...JSON.parse(place.dataset.parameters),
  domNode: place,
  url: absolute(place.dataset.document),
  oauth2RedirectUrl: absolute(place.dataset.redirect),
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  validatorUrl: null,
});
if (place.dataset.oauth) {
  ui.initOAuth(JSON.parse(place.dataset.oauth));
}
"""

_STYLE = b"body { margin: 0; background: #fafafa; }\n"

_ICON = b"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f2937"/>\
<path d="M12 8 6 16l6 8M20 8l6 8-6 8" fill="none" stroke="#f59e0b" stroke-width="3" stroke-linecap="round" \
stroke-linejoin="round"/></svg>
"""

_REDIRECT_PAGE = b"""\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Authorized</title></head>
<body><script src="oauth2-redirect.js"></script></body></html>
"""

_JAVASCRIPT, _CSS, _HTML = "text/javascript; charset=utf-8", "text/css; charset=utf-8", "text/html; charset=utf-8"

_OURS: Mapping[str, tuple[str, bytes]] = {
    "initializer.js": (_JAVASCRIPT, _INITIALIZER),
    "page.css": (_CSS, _STYLE),
    "favicon.svg": ("image/svg+xml", _ICON),
    REDIRECT: (_HTML, _REDIRECT_PAGE),
}
_THEIRS: Mapping[str, str] = {
    "swagger-ui-bundle.js": _JAVASCRIPT,
    "swagger-ui.css": _CSS,
    "oauth2-redirect.js": _JAVASCRIPT,
}

MEDIA_TYPES: Mapping[str, str] = {**{name: kind for name, (kind, _) in _OURS.items()}, **_THEIRS}
"""Every file's, by name."""


class Files:
    """The files' contents, read at the first request; and their compressed forms, each made when it is asked for."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}
        self._digests: dict[str, str] = {}
        self._compressed: dict[str, bytes] = {}

    def load(self) -> bool:
        """Whether they are there. It blocks."""
        if self._contents:
            return True
        folder = _folder()
        if folder is None:
            return False
        from hashlib import sha256

        contents = {name: content for name, (_, content) in _OURS.items()}
        contents.update((name, (folder / name).read_bytes()) for name in _THEIRS)
        self._digests = {name: sha256(content).hexdigest()[:16] for name, content in contents.items()}
        self._contents = contents
        return True

    def digest(self, name: str) -> str:
        """Of a file's content, for its URL."""
        return self._digests[name]

    def content(self, name: str) -> bytes:
        """A file as it is."""
        return self._contents[name]

    def compressed(self, name: str) -> bytes:
        """In gzip's format. It takes some 50 ms for the largest."""
        if name not in self._compressed:
            from gzip import compress

            self._compressed[name] = compress(self._contents[name], 6, mtime=0)
        return self._compressed[name]


def _folder() -> Path | None:
    """Where the package's files are, None where it is not installed. Its code is not run."""
    from importlib.util import find_spec

    spec = find_spec(PACKAGE)
    places = spec.submodule_search_locations if spec is not None else None
    folders = [Path(place) / "dist" for place in places or ()]
    return next((folder for folder in folders if all((folder / name).is_file() for name in _THEIRS)), None)


def takes_gzip(scope: Scope) -> bool:
    """Whether the client does, and what is between lets it through.

    A REST API hands on what is binary only where it was told to for a type that the client accepts first: a script
    that is compressed would arrive as base64. It may be of any size there.
    """
    invocation = current.get(None)
    if invocation is not None and invocation.source == "rest_api":
        return False
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding").decode("latin-1")
    found = weights(accepted)
    return found.get("gzip", found.get("*", 0.0)) > 0
