"""An async-first, ASGI-style microframework for AWS Lambda.

Names that not every application needs are loaded when they are first used: an import costs a cold start little.
"""

from typing import TYPE_CHECKING, Any

from lambdaframe.app import App
from lambdaframe.errors import DropRecordError, HTTPException, PermanentError
from lambdaframe.http.binding.parameters import Body, Cookie, Depends, File, Form, Header, Path, Query, Security
from lambdaframe.http.routing.router import Router
from lambdaframe.invocation import Invocation, current_invocation
from lambdaframe.logging import bind, bound, get_logger, logger, unbind

if TYPE_CHECKING:
    from starlette import status
    from starlette.background import BackgroundTasks
    from starlette.middleware import Middleware
    from starlette.middleware.cors import CORSMiddleware
    from starlette.middleware.gzip import GZipMiddleware
    from starlette.requests import Request
    from starlette.responses import (
        FileResponse,
        HTMLResponse,
        PlainTextResponse,
        RedirectResponse,
        Response,
        StreamingResponse,
    )

    from lambdaframe.http.answers.json_response import JSONResponse
    from lambdaframe.http.answers.sse import EventSourceResponse, ServerSentEvent
    from lambdaframe.http.binding.uploads import UploadFile
    from lambdaframe.http.middleware.compression import CompressionMiddleware
    from lambdaframe.records.change import Change
    from lambdaframe.records.envelopes import EventBridgeEvent, LogEvent, S3Object, SNSMessage
    from lambdaframe.records.firehose import Dropped, FirehoseResult, Ok, ProcessingFailed
    from lambdaframe.records.kafka import KafkaRecord
    from lambdaframe.records.record import Record
    from lambdaframe.records.stream import RecordStream

_LAZY = {
    "BackgroundTasks": "starlette.background",
    "CORSMiddleware": "starlette.middleware.cors",
    "Change": "lambdaframe.records.change",
    "CompressionMiddleware": "lambdaframe.http.middleware.compression",
    "Dropped": "lambdaframe.records.firehose",
    "EventBridgeEvent": "lambdaframe.records.envelopes",
    "EventSourceResponse": "lambdaframe.http.answers.sse",
    "FileResponse": "starlette.responses",
    "FirehoseResult": "lambdaframe.records.firehose",
    "GZipMiddleware": "starlette.middleware.gzip",
    "HTMLResponse": "starlette.responses",
    "JSONResponse": "lambdaframe.http.answers.json_response",
    "KafkaRecord": "lambdaframe.records.kafka",
    "LogEvent": "lambdaframe.records.envelopes",
    "Middleware": "starlette.middleware",
    "Ok": "lambdaframe.records.firehose",
    "PlainTextResponse": "starlette.responses",
    "ProcessingFailed": "lambdaframe.records.firehose",
    "Record": "lambdaframe.records.record",
    "RecordStream": "lambdaframe.records.stream",
    "RedirectResponse": "starlette.responses",
    "Request": "starlette.requests",
    "Response": "starlette.responses",
    "S3Object": "lambdaframe.records.envelopes",
    "SNSMessage": "lambdaframe.records.envelopes",
    "ServerSentEvent": "lambdaframe.http.answers.sse",
    "StreamingResponse": "starlette.responses",
    "UploadFile": "lambdaframe.http.binding.uploads",
    "status": "starlette.status",
}


def __getattr__(name: str) -> Any:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    loaded = import_module(module)
    value = globals()[name] = loaded if name == "status" else getattr(loaded, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


__all__ = [
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
