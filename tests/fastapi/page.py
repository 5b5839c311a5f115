"""The checklist as a part of the documentation: a section for each part of FastAPI's.

``python -m tests.fastapi.page`` writes it; a test sees to it that the page agrees with what is tested.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path

from tests.fastapi.checklist import Case, Check

PAGE = Path(__file__).parents[2] / "docs" / "pages" / "fastapi.md"
MODULES = sorted(path.stem for path in (Path(__file__).parent / "cases").glob("*.py"))
BEGIN, END = "<!-- checklist -->\n", "<!-- /checklist -->\n"

PARTS: Mapping[str, Sequence[str]] = {
    "Requests": (
        "First Steps",
        "Path Parameters",
        "Path Parameters and Numeric Validations",
        "Query Parameters",
        "Query Parameters and String Validations",
        "Query Parameter Models",
        "Cookie Parameters",
        "Cookie Parameter Models",
        "Header Parameters",
        "Header Parameter Models",
        "Using the Request Directly",
    ),
    "Bodies": (
        "Request Body",
        "Body - Multiple Parameters",
        "Body - Fields and Nested Models",
        "Declare Request Example Data",
        "Extra Data Types",
        "Using Dataclasses",
        "JSON with Bytes as Base64",
        "Strict Content-Type Checking",
        "Form Data",
        "Form Models",
        "Request Files",
        "Request Forms and Files",
        "Request Body Limits",
    ),
    "Responses": (
        "Response Model - Return Type",
        "Extra Models",
        "Response Status Code",
        "Response Cookies, Headers and Changed Status Codes",
        "JSON Compatible Encoder",
        "Body - Updates",
        "Custom Response - HTML, Stream, File, others",
        "Stream JSON Lines",
        "Stream Data",
        "Server-Sent Events",
        "Background Tasks",
        "Templates",
    ),
    "Errors": ("Handling Errors",),
    "Dependencies": (
        "Dependencies",
        "Dependencies in Decorators, Routers and Applications",
        "Dependencies with yield",
        "Advanced Dependencies",
        "Settings and Environment Variables",
    ),
    "Security": (
        "Security - First Steps",
        "Simple OAuth2 with Password and Bearer",
        "OAuth2 Scopes",
        "HTTP Basic Auth",
        "Security - Other Schemes",
    ),
    "The application": (
        "Bigger Applications",
        "Sub Applications - Mounts",
        "Behind a Proxy",
        "Static Files",
        "Frontend",
        "Middleware",
        "Advanced Middleware",
        "CORS",
        "Lifespan Events",
        "SQL (Relational) Databases",
        "WebSockets",
        "Including WSGI",
        "Custom Request and APIRoute class",
        "OpenTelemetry",
    ),
    "OpenAPI": (
        "Path Operation Configuration",
        "Path Operation Advanced Configuration",
        "Additional Responses in OpenAPI",
        "Metadata and Docs URLs",
        "Separate OpenAPI Schemas for Input and Output or Not",
        "Extending OpenAPI",
        "Conditional OpenAPI",
        "OpenAPI Callbacks",
        "OpenAPI Webhooks",
        "Generating SDKs",
        "Configure Swagger UI",
    ),
    "Tests": ("Testing", "Testing Dependencies with Overrides"),
}


def cases() -> Iterator[tuple[str, str, Case]]:
    """Each case with its module's name and its own."""
    for module in MODULES:
        for name, value in list(vars(import_module(f"tests.fastapi.cases.{module}")).items()):
            if isinstance(value, Case):
                yield module, name, value


def written() -> str:
    """The part of the page between the markers: what differs as a table, then what is the same, by chapter."""
    checks: dict[str, list[Check]] = {}
    for _, _, case in cases():
        checks.setdefault(case.chapter, []).extend(case.checks)
    listed = [chapter for chapters in PARTS.values() for chapter in chapters]
    assert sorted(listed) == sorted(checks), set(listed) ^ set(checks)
    count = Counter(check.verdict for found in checks.values() for check in found)
    told = ", ".join(f"{count[verdict]} {verdict}" for verdict in ("same", "different", "not offered"))
    lines = [
        f"{count.total()} behaviours: {told}.",
        "",
    ]
    for part, chapters in PARTS.items():
        lines += [f"### {part}", ""]
        lines += _differences([(chapter, check) for chapter in chapters for check in checks[chapter]])
        for chapter in chapters:
            same = [check.behaviour for check in checks[chapter] if check.verdict == "same"]
            lines += [f"Same, **{chapter}**:", "", *(f"- {behaviour}" for behaviour in same), ""] if same else []
    return "\n".join(lines)


def _differences(checks: Sequence[tuple[str, Check]]) -> list[str]:
    rows = [
        f"| {chapter} | {_cell(check.behaviour)} | *{check.verdict}*: {_cell(check.because)} |"
        for chapter, check in checks
        if check.verdict != "same"
    ]
    return ["| chapter | FastAPI | here |", "| --- | --- | --- |", *rows, ""] if rows else []


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def split(text: str) -> tuple[str, str, str]:
    """The page's text before, between and after the markers."""
    before, begin, rest = text.partition(BEGIN)
    between, end, after = rest.partition(END)
    assert begin, "The page has no place for the checklist."
    assert end, "The checklist's place on the page has no end."
    return before + begin, between, end + after


if __name__ == "__main__":
    before, _, after = split(PAGE.read_text())
    PAGE.write_text(before + written() + after)
