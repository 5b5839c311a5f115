"""Forms, models of them, and files."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from typing import Annotated, Any

from fastapi import FastAPI, File, Form, Request, UploadFile
from pydantic import BaseModel

from tests.fastapi.checklist import case, document, get, not_offered, post, same

A = ("a.txt", b"alpha", "text/plain")
B = ("b.txt", b"beta", "text/plain")


class Login(BaseModel):
    username: str
    age: int = 0
    tags: list[str] = []


class StrictLogin(Login):
    model_config = {"extra": "forbid"}


@case(
    "Form Data",
    same(
        "`Form()` takes a field, from either kind of form.",
        post("/login", data={"username": "u", "n": "3"}),
        post("/login", data={"username": "u"}, files={"x": A}),
    ),
    same("A missing field is a 422.", post("/login", 422, data={"n": "1"}), post("/login", 422)),
    same("It is converted.", post("/login", 422, data={"username": "u", "n": "x"})),
    same("JSON is no form.", post("/login", 422, json={"username": "u"})),
    same(
        "An empty field counts as missing.",
        post("/login", 422, data={"username": ""}),
        post("/optional", data={"q": ""}),
    ),
    same("A list takes all fields of a name.", post("/list", data={"q": ["a", "b"]}), post("/list", 422, data={})),
    same("`alias` names the field.", post("/alias", data={"grant-type": "x"})),
    same("The media type is documented.", document(lambda doc: sorted(_content(doc, "/login")))),
    same("The Request's own form can be read.", post("/request", data={"a": "b"})),
)
def forms() -> FastAPI:
    app = FastAPI()

    @app.post("/login")
    async def login(username: Annotated[str, Form()], n: Annotated[int, Form()] = 1):
        return [username, n]

    @app.post("/optional")
    async def optional(q: Annotated[str | None, Form()] = None):
        return q

    @app.post("/list")
    async def lists(q: Annotated[list[str], Form()]):
        return q

    @app.post("/alias")
    async def alias(grant: Annotated[str, Form(alias="grant-type")]):
        return grant

    @app.post("/request")
    async def read(request: Request):
        return dict((await request.form()).items())

    return app


@case(
    "Form Models",
    same(
        "A model takes all fields.",
        post("/", data={"username": "u", "age": "3", "tags": ["a", "b"]}),
        post("/", data={"username": "u"}),
    ),
    same("Its mistakes are located by field.", post("/", 422, data={"age": "x"})),
    same("Extra fields can be forbidden.", post("/strict", 422, data={"username": "u", "more": "m"})),
)
def form_models() -> FastAPI:
    app = FastAPI()

    @app.post("/")
    async def login(data: Annotated[Login, Form()]):
        return data

    @app.post("/strict")
    async def strict(data: Annotated[StrictLogin, Form()]):
        return data

    return app


@case(
    "Request Files",
    same("`File()` with bytes is the content.", post("/bytes", files={"file": A})),
    same("UploadFile has name, type, size and headers.", post("/upload", files={"file": A})),
    same("It is read, sought and closed; `file` is a Python file.", post("/seek", files={"file": A})),
    same("A sync function may read its `file`.", post("/sync", files={"file": A})),
    same("A missing file is a 422.", post("/upload", 422), post("/bytes", 422)),
    same("bytes take a text field, too.", post("/bytes", data={"file": "text"})),
    same("A file may be optional.", post("/optional"), post("/optional", files={"file": A})),
    same("`File()` describes an UploadFile.", post("/described", files={"file": A})),
    same(
        "A list takes several.",
        post("/several", files=[("files", A), ("files", B)]),
        post("/several-bytes", files=[("files", A), ("files", B)]),
    ),
    same("The media type is documented.", document(lambda doc: sorted(_content(doc, "/upload")))),
    same("A text field is no UploadFile.", post("/upload", 422, data={"file": "text"}, files={"x": A})),
)
def files() -> FastAPI:
    app = FastAPI()

    @app.post("/bytes")
    async def content(file: Annotated[bytes, File()]):
        return file.decode()

    @app.post("/upload")
    async def upload(file: UploadFile):
        return [file.filename, file.content_type, file.size, (await file.read()).decode(), dict(file.headers)]

    @app.post("/seek")
    async def seek(file: UploadFile):
        await file.read(2)
        await file.seek(1)
        rest = await file.read()
        await file.close()
        return [rest.decode(), file.file.closed]

    @app.post("/sync")
    def sync(file: UploadFile):
        return file.file.read().decode()

    @app.post("/optional")
    async def optional(file: UploadFile | None = None):
        return file.filename if file else "none"

    @app.post("/described")
    async def described(file: Annotated[UploadFile, File(description="A file")]):
        return file.filename

    @app.post("/several")
    async def several(files: list[UploadFile]):
        return [file.filename for file in files]

    @app.post("/several-bytes")
    async def several_bytes(files: Annotated[list[bytes], File()]):
        return [len(file) for file in files]

    return app


@case(
    "Request Forms and Files",
    same(
        "Files and fields mix.",
        post("/", files={"file": A, "other": B}, data={"token": "t"}),
        post("/", 422, files={"file": A}),
    ),
)
def mixed() -> FastAPI:
    app = FastAPI()

    @app.post("/")
    async def create(
        file: Annotated[bytes, File()], other: Annotated[UploadFile, File()], token: Annotated[str, Form()]
    ):
        return [len(file), token, other.content_type]

    return app


@case(
    "Request Forms and Files",
    not_offered(
        "A form and a JSON body may be declared together, though no request can hold both.",
        get("/", see=lambda body: None),
        refused="a request has one body",
        because="It is an error at import.",
    ),
)
def form_and_body() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def read(): ...

    @app.post("/")
    async def create(login: Login, token: Annotated[str, Form()]): ...

    return app


def _content(doc: Any, path: str) -> Any:
    return doc["paths"][path]["post"]["requestBody"]["content"]
