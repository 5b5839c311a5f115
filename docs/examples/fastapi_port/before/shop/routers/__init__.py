"""All of the API, below ``/api``."""

from fastapi import APIRouter

from . import admin, auth, items, orders, preferences, users

api = APIRouter(prefix="/api")
api.include_router(auth.router)
api.include_router(users.router)
api.include_router(items.router)
api.include_router(orders.router)
api.include_router(preferences.router)
api.include_router(admin.router)
