"""The rows that tell all the others: the OpenAPI document for programs, and the page for reading and trying."""

import asyncio
import hashlib
from functools import cache
from importlib import resources
from typing import NamedTuple

import msgspec

from ingress.asgi import Response, cached
from ingress.docs_page import POLICY, SCRIPT_PATH, docs_page
from ingress.examples import read_examples
from ingress.openapi import Schema, document
from ingress.operations import Call, Operation

PAGE = "text/html; charset=utf-8"
SCRIPT = "text/javascript; charset=utf-8"
YAML = "application/yaml"


class OpenApiDocument(msgspec.Struct):
    """An OpenAPI document, as its own specification tells."""

    openapi: str


class Written(NamedTuple):
    """The document, as it is sent and for reading; `etag` is that of all its forms."""

    whole: Schema
    body: bytes
    page: bytes
    etag: str


def openapi_rows(rows: list[Operation]) -> list[Operation]:
    """The rows that tell all of them, themselves among them: for programs, and for reading.

    Written down when somebody first asks, beside the event loop: it takes as long as a few hundred holds.
    """

    async def read_openapi(call: Call) -> Response:
        done = await asyncio.to_thread(written)
        return cached(call.request, done.body, etag=done.etag, max_age_s=60)

    async def read_openapi_yaml(call: Call) -> Response:
        done, body = await asyncio.to_thread(lambda: (written(), as_yaml()))
        return cached(call.request, body, etag=done.etag, max_age_s=60, media_type=YAML)

    async def read_docs(call: Call) -> Response:
        done = await asyncio.to_thread(written)
        answer = cached(call.request, done.page, etag=done.etag, max_age_s=60, media_type=PAGE)
        answer.headers.append(("content-security-policy", POLICY))
        return answer

    async def read_docs_script(call: Call) -> Response:
        body, etag = script()
        return cached(call.request, body, etag=etag, max_age_s=60, media_type=SCRIPT)

    own = [
        Operation(
            "read_openapi", "GET", "/api/openapi.json", read_openapi, "This document",
            {200: OpenApiDocument, 304: None},
        ),
        Operation("read_openapi_yaml", "GET", "/api/openapi.yaml", read_openapi_yaml, "This document in YAML",
                  {200: OpenApiDocument, 304: None}, page=YAML),
        Operation("read_docs", "GET", "/api/docs", read_docs, "This document for reading", {200: None, 304: None},
                  page=PAGE),
        Operation("read_docs_script", "GET", SCRIPT_PATH, read_docs_script,
                  "The script of the page for reading, with which its calls are tried", {200: None, 304: None},
                  page=SCRIPT),
    ]  # fmt: skip

    @cache
    def script() -> tuple[bytes, str]:
        body = resources.files("ingress").joinpath("docs", "try.js").read_bytes()
        return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'

    @cache
    def written() -> Written:
        whole = document([*rows, *own], read_examples())
        body, page = msgspec.json.encode(whole), docs_page(whole)
        return Written(whole, body, page, f'"{hashlib.sha256(body + page).hexdigest()[:32]}"')

    @cache
    def as_yaml() -> bytes:
        # It takes a fifth of a second, which readers of JSON need not wait for.
        return msgspec.yaml.encode(written().whole)

    return own
