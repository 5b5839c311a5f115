"""A catalogue with Litestar, as one would write it for any server; the last line is all that Lambda needs."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias

from litestar import Litestar, Request, Response, asgi, delete, get, post, put
from litestar.background_tasks import BackgroundTask
from litestar.config.compression import CompressionConfig
from litestar.config.cors import CORSConfig
from litestar.datastructures import Cookie, State, UploadFile
from litestar.enums import MediaType
from litestar.exceptions import NotFoundException
from litestar.params import (
    CookieParameter,
    FromPath,
    FromQuery,
    JSONBody,
    MultipartBody,
    QueryParameter,
    URLEncodedBody,
)
from litestar.response import Redirect, Stream
from litestar.response.base import ASGIResponse
from litestar.serialization import encode_json
from litestar.types import Receive, Scope, Send
from msgspec import Meta

from lambdaframe_adapters import LambdaHandler

AnyRequest: TypeAlias = Request[Any, Any, State]


@dataclass(frozen=True)
class Article:
    name: Annotated[str, Meta(min_length=2)]
    price: Annotated[float, Meta(gt=0)]
    tags: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class Recommendation:
    to: str


@dataclass(frozen=True)
class Login:
    name: str


@dataclass(frozen=True)
class Catalogue:
    """Articles and what belongs to them, in memory."""

    articles: dict[int, Article] = field(default_factory=dict[int, Article])
    pictures: dict[int, tuple[str, bytes]] = field(default_factory=dict[int, tuple[str, bytes]])
    sent: list[str] = field(default_factory=list[str])

    def article(self, number: int) -> Article:
        """Raises UnknownArticleError."""
        if number not in self.articles:
            raise UnknownArticleError(number)
        return self.articles[number]


class UnknownArticleError(Exception):
    """The catalogue has no article of this number."""


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncGenerator[None]:
    app.state.catalogue = Catalogue()
    yield


def unknown_article(request: AnyRequest, error: UnknownArticleError) -> Response[Any]:
    return Response({"unknown": error.args[0]}, status_code=404, headers={"x-error": "unknown article"})


@get("/articles")
async def list_articles(
    state: State, tag: FromQuery[list[str] | None] = None, limit: Annotated[int, QueryParameter(ge=1, le=100)] = 100
) -> list[Article]:
    return [one for one in state.catalogue.articles.values() if set(tag or ()) <= set(one.tags)][:limit]


@post("/articles")
async def add_article(data: JSONBody[Article], state: State, request: AnyRequest) -> Response[Article]:
    number = len(state.catalogue.articles) + 1
    state.catalogue.articles[number] = data
    return Response(data, headers={"location": request.url_for("article", number=number)})


@get("/articles/{number:int}", name="article")
async def read_article(number: FromPath[int], state: State) -> Article:
    article: Article = state.catalogue.article(number)
    return article


@put("/articles/{number:int}")
async def replace_article(number: FromPath[int], data: JSONBody[Article], state: State) -> Article:
    state.catalogue.article(number)
    state.catalogue.articles[number] = data
    return data


@delete("/articles/{number:int}")
async def delete_article(number: FromPath[int], state: State) -> None:
    state.catalogue.article(number)
    del state.catalogue.articles[number]


@dataclass
class Upload:
    picture: UploadFile


@put("/articles/{number:int}/picture", status_code=204)
async def upload_picture(number: FromPath[int], data: MultipartBody[Upload], state: State) -> None:
    state.catalogue.article(number)
    state.catalogue.pictures[number] = (data.picture.content_type, await data.picture.read())


@get("/articles/{number:int}/picture")
async def download_picture(number: FromPath[int], state: State) -> Response[bytes]:
    if number not in state.catalogue.pictures:
        raise NotFoundException("There is no picture.", headers={"x-error": "no picture"})
    media_type, content = state.catalogue.pictures[number]
    disposition = "attachment; filename*=UTF-8''%C3%BC.png"
    return Response(content, media_type=media_type, headers={"content-disposition": disposition})


@post("/articles/{number:int}/recommend", status_code=202)
async def recommend(number: FromPath[int], data: JSONBody[Recommendation], state: State) -> Response[Recommendation]:
    text = f"{data.to}: {state.catalogue.article(number).name}"
    return Response(data, background=BackgroundTask(state.catalogue.sent.append, text))


@get("/sent")
async def sent(state: State) -> list[str]:
    texts: list[str] = state.catalogue.sent
    return texts


@post("/login")
async def login(data: URLEncodedBody[Login], request: AnyRequest) -> Redirect:
    name = Cookie("name", value=data.name, httponly=True, samesite="strict")
    return Redirect(
        request.url_for("whoami"), status_code=303, cookies=[name, Cookie("theme", value="dark", max_age=60)]
    )


@get("/whoami", name="whoami")
async def whoami(
    name: Annotated[str | None, CookieParameter(name="name")] = None,
    theme: Annotated[str, CookieParameter(name="theme")] = "light",
) -> list[str | None]:
    return [name, theme]


@get("/export")
async def export(state: State) -> Stream:
    async def lines() -> AsyncIterator[str]:
        yield "name;price\r\n"
        for article in state.catalogue.articles.values():
            for _ in range(50):
                yield f"{article.name};{article.price}\r\n"

    return Stream(lines(), media_type="text/csv; charset=utf-8")


@get("/files/{path:path}")
async def file(path: FromPath[str], request: AnyRequest) -> dict[str, Any]:
    return {"path": path, "url": str(request.url), "query": sorted(request.query_params.multi_items())}


@get("/broken", media_type=MediaType.TEXT)
async def broken() -> str:
    raise RuntimeError("the password is hunter2")


@asgi("/admin", is_mount=True, copy_scope=True)
async def admin(scope: Scope, receive: Receive, send: Send) -> None:
    request: AnyRequest = Request(scope)
    content = encode_json([request.url.path, str(request.base_url)])
    await ASGIResponse(body=content, media_type=MediaType.JSON)(scope, receive, send)


app = Litestar(
    [
        list_articles,
        add_article,
        read_article,
        replace_article,
        delete_article,
        upload_picture,
        download_picture,
        recommend,
        sent,
        login,
        whoami,
        export,
        file,
        broken,
        admin,
    ],
    lifespan=[lifespan],
    cors_config=CORSConfig(allow_origins=["https://shop.example"], allow_credentials=True, max_age=60),
    compression_config=CompressionConfig(backend="gzip", minimum_size=500),
    exception_handlers={UnknownArticleError: unknown_article},
)

handler = LambdaHandler(app)
