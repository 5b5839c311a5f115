"""What every request and every answer gets."""

import time
import uuid

from lambdaframe import Request, Response
from starlette.middleware.base import RequestResponseEndpoint


async def count_and_time(request: Request, call_next: RequestResponseEndpoint) -> Response:
    request.app.state.requests += 1
    started = time.perf_counter()
    response = await call_next(request)
    response.headers["x-request-id"] = request.headers.get("x-request-id") or str(uuid.uuid4())
    response.headers["x-process-time"] = f"{time.perf_counter() - started:.6f}"
    return response
