"""The application. ``uvicorn shop.main:app --reload`` serves it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

from .database import TABLES, connect
from .errors import ShopError
from .middleware import count_and_time
from .repository import Users
from .routers import api
from .schemas import Role
from .security import hash_password
from .settings import Settings, get_settings


def prepare(settings: Settings) -> None:
    """The tables, and an admin."""
    settings.data.mkdir(exist_ok=True)
    with closing(connect(settings.data)) as session, session:
        session.executescript(TABLES)
        users = Users(session)
        if users.by_email(settings.admin_email) is None:
            password_hash = hash_password(settings.admin_password.get_secret_value())
            users.add(settings.admin_email, "Admin", password_hash, role=Role.ADMIN)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    await asyncio.to_thread(prepare, get_settings())
    app.state.requests = 0
    yield


app = FastAPI(
    title="Shop",
    version="1.4.0",
    summary="Second-hand books, games and records.",
    openapi_tags=[{"name": "items", "description": "What is for sale."}],
    lifespan=lifespan,
)

app.add_middleware(
    CORSMiddleware,
    allow_origins=["https://shop.example"],
    allow_methods=["*"],
    allow_headers=["authorization"],
    allow_credentials=True,
    expose_headers=["x-request-id"],
)
app.middleware("http")(count_and_time)


@app.exception_handler(ShopError)
async def refuse(request: Request, error: ShopError) -> JSONResponse:
    return JSONResponse({"error": error.code, "message": str(error)}, error.status_code)


@app.get("/health", include_in_schema=False)
async def health(request: Request) -> dict[str, str | int]:
    return {"status": "up", "requests": request.app.state.requests}


app.include_router(api)
app.mount("/static", StaticFiles(directory=Path(__file__).with_name("static")), name="static")
