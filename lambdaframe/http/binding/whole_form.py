"""Forms that are read to their end: a ``multipart/form-data`` body without its last boundary is refused.

Starlette takes it and drops the part that was cut off; a file of it stays open until it is collected as garbage.
https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1
"""

from contextlib import aclosing
from typing import Any

from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from lambdaframe.errors import HTTPException


class _WholeForm(MultiPartParser):
    """Starlette's parser, which also notices whether the last boundary came."""

    _awaited = False

    def on_part_begin(self) -> None:
        self._awaited = True
        super().on_part_begin()

    def on_end(self) -> None:
        self._awaited = False

    async def parse(self) -> FormData:
        form = await super().parse()
        if self._awaited:
            for file in self._files_to_close_on_error:
                file.close()
            raise MultiPartException("The form ends before its last boundary.")
        return form


class FormRequest(Request):
    """A request whose form is read whole."""

    async def _get_form(self, **limits: Any) -> FormData:
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if self._form is None and kind == "multipart/form-data":
            try:
                async with aclosing(self.stream()) as stream:
                    self._form = await _WholeForm(self.headers, stream, **limits).parse()
            except MultiPartException as exc:
                raise HTTPException(400, exc.message) from exc
        return await super()._get_form(**limits)
