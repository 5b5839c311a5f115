"""Forms and files. What FastAPI makes of the same form is the measure."""

import sys
from collections.abc import Callable
from typing import Annotated, Any

import httpx
import pytest
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile as StarletteUploadFile

from lambdaframe import App
from lambdaframe.errors import ConfigurationError, RequestValidationError
from lambdaframe.http.binding.binder import Binder
from lambdaframe.http.binding.parameters import Body, Depends, File, Form
from lambdaframe.http.binding.reading import read_dependant
from lambdaframe.http.binding.uploads import UploadFile
from lambdaframe.testing import TestClient
from tests.http.peer import NOTHING, Asked, Make, Marks, bind, ours, theirs


def form(fields: Any = None, files: Any = None) -> Asked:
    """A form as a browser sends it: multipart with files, else urlencoded."""
    request = httpx.Request("POST", "http://test", data=fields, files=files)
    return Asked(headers=list(request.headers.items()), body=request.read())


class Login(BaseModel):
    username: str
    scopes: list[str] = []
    remember: bool = False
    code: int = Field(0, alias="one-time-code")


class StrictLogin(Login):
    model_config = ConfigDict(extra="forbid")


def scalars(m: Marks) -> Callable[..., Any]:
    def handler(
        name: Annotated[str, m.Form()],
        age: Annotated[int, m.Form(ge=0, alias="years")] = 1,
        tags: Annotated[list[str], m.Form()] = ["x"],  # noqa: B006  it is copied
        note: Annotated[str | None, m.Form(max_length=3)] = None,
    ) -> None: ...

    return handler


def one_field(m: Marks) -> Callable[..., Any]:
    def handler(x: Annotated[int, m.Form()]) -> None: ...

    return handler


def model(m: Marks) -> Callable[..., Any]:
    def handler(login: Annotated[Login, m.Form()]) -> None: ...

    return handler


def strict_model(m: Marks) -> Callable[..., Any]:
    def handler(login: Annotated[StrictLogin, m.Form()]) -> None: ...

    return handler


def optional_model(m: Marks) -> Callable[..., Any]:
    def handler(login: Annotated[Login | None, m.Form()] = None, other: Annotated[str, m.Form()] = "") -> None: ...

    return handler


def upload(m: Marks) -> Callable[..., Any]:
    def handler(file: m.UploadFile, token: Annotated[str, m.Form()] = "") -> None: ...

    return handler


def uploads(m: Marks) -> Callable[..., Any]:
    def handler(
        files: Annotated[list[m.UploadFile], m.File()],
        photo: m.UploadFile | None = None,
        text: Annotated[m.UploadFile | str, m.File()] = "none",
        few: Annotated[list[m.UploadFile], m.File(max_length=1)] = [],  # noqa: B006  it is copied
    ) -> None: ...

    return handler


def contents(m: Marks) -> Callable[..., Any]:
    def handler(
        data: Annotated[bytes, m.File()],
        parts: Annotated[list[bytes], m.File()] = [],  # noqa: B006  it is copied
        maybe: Annotated[bytes | None, m.File(max_length=4)] = None,
    ) -> None: ...

    return handler


def twice(m: Marks) -> Callable[..., Any]:
    def handler(data: Annotated[bytes, m.File(alias="file")], file: m.UploadFile) -> None: ...

    return handler


def file_in_model(m: Marks) -> Callable[..., Any]:
    class WithFile(BaseModel):
        title: str
        file: m.UploadFile
        more: list[m.UploadFile] = []

    def handler(form: Annotated[WithFile, m.Form()]) -> None: ...

    return handler


def part(name: str, content: bytes, filename: str | None = None) -> tuple[str, tuple[str, bytes, str]]:
    return name, (f"{name}.txt" if filename is None else filename, content, "text/plain")


CASES: list[tuple[Make, Asked]] = [
    (scalars, form({"name": "n", "years": "5", "tags": ["a", "b"], "note": "abc"})),
    (scalars, form({"name": "né+ &", "years": ["1", "2"], "tags": "", "other": "x"})),
    (scalars, form({"name": "", "years": "", "note": ""})),
    (scalars, form({"years": "-1", "note": "abcd"})),
    (scalars, form({"years": "x"})),
    (scalars, form({"name": "n"}, [part("tags", b"a")])),
    (scalars, Asked(headers=[("content-type", "application/x-www-form-urlencoded")])),
    (scalars, Asked(headers=[("content-type", "application/x-www-form-urlencoded")], body=b"name=%FFa&&years=3&note")),
    (one_field, form({"x": "5"})),
    (one_field, form({"x": "five"})),
    (one_field, form({"y": "5"})),
    (one_field, form(None, [part("x", b"5")])),
    (scalars, form(None, [part("name", b"a"), part("years", b"5"), part("note", b"a")])),
    (model, form({"username": "u", "scopes": ["a", "b"], "remember": "on", "one-time-code": "7", "extra": "x"})),
    (model, form({"username": "", "remember": ""})),
    (model, form({"username": "u", "remember": "perhaps", "one-time-code": "x"})),
    (model, form({"username": "u"}, [part("scopes", b"a")])),
    (strict_model, form({"username": "u", "extra": ["x", "y"]})),
    (strict_model, form({"username": "u"})),
    (optional_model, form({"other": "x"})),
    (optional_model, form({"username": "u"})),
    (optional_model, form({"remember": "on"})),
    (upload, form({"token": "t"}, [part("file", b"hello")])),
    (upload, form({"token": "t"})),
    (upload, form({"file": "text"})),
    (upload, form({"file": ""})),
    (upload, form({"token": ""}, [part("file", b"")])),
    (uploads, form(None, [part("files", b"a"), part("files", b"b"), part("photo", b"c"), part("text", b"d")])),
    (uploads, form({"text": "abc", "files": ["x", "y"]}, [part("files", b"a")])),
    (uploads, form({"photo": "abc"}, [part("files", b"a"), part("few", b"a"), part("few", b"b")])),
    (uploads, form(None, [part("other", b"a")])),
    (
        contents,
        form(None, [part("data", b"\xff\x00"), part("parts", b"a"), part("parts", b"b"), part("maybe", b"1234")]),
    ),
    (contents, form({"data": "text", "parts": ["a", "b"]}, [part("maybe", b"12345")])),
    (contents, form(None, [part("other", b"1")])),
    (twice, form(None, [part("file", b"content")])),
    (file_in_model, form({"title": "t"}, [part("file", b"a"), part("more", b"b"), part("more", b"c")])),
    (file_in_model, form({"file": "text", "more": "text"})),
]


@pytest.mark.parametrize(("make", "asked"), CASES, ids=lambda value: getattr(value, "__name__", None))
def test_a_form_means_what_it_means_to_fastapi(make: Make, asked: Asked) -> None:
    assert ours(make, asked) == theirs(make, asked)


def test_no_file_was_chosen() -> None:
    """A browser sends a part without name and content."""
    body = (
        b'--b\r\ncontent-disposition: form-data; name="file"; filename=""\r\n'
        b"content-type: application/octet-stream\r\n\r\n\r\n--b--\r\n"
    )
    asked = Asked(headers=[("content-type", "multipart/form-data; boundary=b")], body=body)
    assert ours(upload, asked) == theirs(upload, asked) == [(["body", "file"], "missing", "Field required")]


def test_a_file_is_starlettes_and_can_be_read_though_its_bytes_were() -> None:
    def handler(file: StarletteUploadFile, data: Annotated[bytes, File(alias="file")]) -> None: ...

    assert bind(handler, form(None, [part("file", b"content")])) == {
        "file": ("file.txt", "text/plain", b"content"),
        "data": b"content",
    }
    with pytest.raises(RequestValidationError) as caught:
        bind(handler, form({"file": "text"}))
    assert [(error["loc"], error["type"]) for error in caught.value.errors()] == [(["body", "file"], "value_error")]


def test_a_large_file_is_read_from_disk() -> None:
    def handler(data: Annotated[bytes, File()]) -> None: ...

    content = b"x" * (2 << 20)
    assert bind(handler, form(None, [part("data", content)])) == {"data": content}


def test_a_request_without_a_form() -> None:
    assert ours(one_field, NOTHING) == theirs(one_field, NOTHING) == [(["body", "x"], "missing", "Field required")]


def test_a_form_and_a_body_do_not_go_together() -> None:
    def handler(name: Annotated[str, Form()], item: Annotated[dict[str, int], Body()]) -> None: ...

    with pytest.raises(ConfigurationError, match="JSON body"):
        read_dependant(handler, ())


def test_without_the_parser_a_form_is_refused_at_registration(monkeypatch: pytest.MonkeyPatch) -> None:
    def handler(name: Annotated[str, Form()]) -> None: ...

    monkeypatch.setitem(sys.modules, "python_multipart", None)
    with pytest.raises(ConfigurationError, match=r"lambdaframe\[forms\]"):
        Binder([read_dependant(handler, ()).fields])


def test_an_upload_file_describes_itself() -> None:
    class WithFile(BaseModel):
        file: UploadFile

    assert WithFile.model_json_schema()["properties"]["file"] == {
        "contentMediaType": "application/octet-stream",
        "title": "File",
        "type": "string",
    }


# Through an application


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = App()

    def title(title: Annotated[str, Form(min_length=2)]) -> str:
        return title.upper()

    @app.post("/photos")
    async def add_photo(
        photo: StarletteUploadFile, title: Annotated[str, Depends(title)], raw: Annotated[bytes, File(alias="photo")]
    ) -> dict[str, Any]:
        return {"name": photo.filename, "read": (await photo.read()).decode(), "raw": len(raw), "title": title}

    @app.post("/login")
    def login(login: Annotated[StrictLogin, Form()]) -> StrictLogin:
        return login

    return TestClient(app)


def test_a_file_and_a_field_of_a_dependency_come_from_one_form(client: TestClient) -> None:
    answer = client.post("/photos", data={"title": "sea"}, files={"photo": ("sea.txt", b"blue")})
    assert answer.json() == {"name": "sea.txt", "read": "blue", "raw": 4, "title": "SEA"}


def test_errors_of_all_functions_are_reported_together(client: TestClient) -> None:
    answer = client.post("/photos", data={"title": "s", "photo": "text"})
    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["errors"]] == [
        ["body", "title"],
        ["body", "photo"],
    ]


def test_a_form_model(client: TestClient) -> None:
    assert client.post("/login", data={"username": "u", "one-time-code": "7"}).json() == {
        "username": "u",
        "scopes": [],
        "remember": False,
        "one-time-code": 7,
    }
    bad = client.post("/login", data={"other": "u"})
    assert [(error["loc"], error["type"]) for error in bad.json()["errors"]] == [
        (["body", "username"], "missing"),
        (["body", "other"], "extra_forbidden"),
    ]


def test_a_form_that_is_none_holds_nothing(client: TestClient) -> None:
    answer = client.post("/login", json={"username": "u"})
    assert [error["loc"] for error in answer.json()["errors"]] == [["body", "username"]]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=b", b"--b\r\nno header\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\ncontent-disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
    ],
)
def test_a_malformed_form_is_a_400(client: TestClient, content_type: str, body: bytes) -> None:
    answer = client.post("/photos", headers={"content-type": content_type}, content=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
