"""What differs between a laptop, the tests and production: environment variables that begin with ``SHOP_``."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel, SecretStr


class Settings(BaseModel):
    data: Path = Path("data")
    secret: SecretStr = SecretStr("not a secret: set SHOP_SECRET")
    token_seconds: int = 3600
    admin_email: str = "admin@shop.example"
    admin_password: SecretStr = SecretStr("change me")
    max_picture_bytes: int = 100_000
    registration_open: bool = True


@lru_cache
def get_settings() -> Settings:
    given = {name.lower().removeprefix("shop_"): value for name, value in os.environ.items() if name[:5] == "SHOP_"}
    return Settings.model_validate(given)


CurrentSettings = Annotated[Settings, Depends(get_settings)]
