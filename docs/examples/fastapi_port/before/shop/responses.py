"""Rows as comma-separated values."""

import csv
import io
from typing import Any

from fastapi.responses import Response


class CSVResponse(Response):
    media_type = "text/csv"

    def render(self, content: list[dict[str, Any]]) -> bytes:
        text = io.StringIO()
        writer = csv.DictWriter(text, content[0] if content else [])
        writer.writeheader()
        writer.writerows(content)
        return text.getvalue().encode()
