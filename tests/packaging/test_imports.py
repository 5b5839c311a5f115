"""Importing the framework is part of its price: what it loads, and what it exports."""

import subprocess
import sys

import lambdaframe
import lambdaframe_adapters

HEAVY = {
    "aioboto3",
    "aiobotocore",
    "boto3",
    "botocore",
    "email",
    "http.client",
    "jinja2",
    "opentelemetry",
    "pydantic",
    "redis",
    "starlette",
    "typer",
    "uvicorn",
}


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter loads for this statement, as ``-X importtime`` tells them."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", statement], capture_output=True, text=True, check=True
    )
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


def heavy(modules: set[str]) -> set[str]:
    return {name for name in HEAVY if name in modules or any(module.startswith(f"{name}.") for module in modules)}


def test_the_probe_sees_what_is_loaded() -> None:
    assert heavy(loaded_by("import http.client")) == {"email", "http.client"}


def test_importing_the_framework_loads_nothing_heavy() -> None:
    loaded = loaded_by("import lambdaframe")
    assert "lambdaframe.app" in loaded
    assert heavy(loaded) == set()


def test_importing_the_adapters_loads_nothing_heavy() -> None:
    assert heavy(loaded_by("import lambdaframe_adapters")) == set()


EXPORTS = [
    "App",
    "BackgroundTasks",
    "Body",
    "CORSMiddleware",
    "Change",
    "CompressionMiddleware",
    "Cookie",
    "Depends",
    "DropRecordError",
    "Dropped",
    "EventBridgeEvent",
    "EventSourceResponse",
    "File",
    "FileResponse",
    "FirehoseResult",
    "Form",
    "GZipMiddleware",
    "HTMLResponse",
    "HTTPException",
    "Header",
    "Invocation",
    "JSONResponse",
    "KafkaRecord",
    "LogEvent",
    "Middleware",
    "Ok",
    "Path",
    "PermanentError",
    "PlainTextResponse",
    "ProcessingFailed",
    "Query",
    "Record",
    "RecordStream",
    "RedirectResponse",
    "Request",
    "Response",
    "Router",
    "S3Object",
    "SNSMessage",
    "Security",
    "ServerSentEvent",
    "StreamingResponse",
    "UploadFile",
    "bind",
    "bound",
    "current_invocation",
    "get_logger",
    "logger",
    "status",
    "unbind",
]


def test_the_framework_exports_what_is_documented_and_every_name_is_there() -> None:
    assert sorted(lambdaframe.__all__) == EXPORTS
    assert {name: getattr(lambdaframe, name) for name in EXPORTS}
    assert set(EXPORTS) <= set(dir(lambdaframe))


def test_the_adapters_export_what_is_documented() -> None:
    assert sorted(lambdaframe_adapters.__all__) == ["LambdaHandler", "detect"]
    assert callable(lambdaframe_adapters.LambdaHandler)


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(lambdaframe, "Lambda")
