"""`/api/docs`: the OpenAPI document for reading, and for trying its calls. Pure.

Nothing comes from elsewhere. All that there is to read is in the page, without scripts; the one script that there is
(`docs/try.js`) puts a form beside each call.
"""

import hashlib
import json
import shlex
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

Schema = dict[str, Any]

STYLE = """
body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1f;background:#fff}
body{overflow-wrap:anywhere}h2{margin-top:2.5rem;font-size:1.1rem}code{font-family:ui-monospace,monospace}
pre{font-size:.85rem;overflow:auto;max-height:24rem;padding:.5rem;border:1px solid #ddd}summary{cursor:pointer}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0}
form{padding:.5rem;border:1px solid #888}label{display:block;margin:.4rem 0}
input,textarea,select,button{font:inherit;color:inherit;background:transparent;border:1px solid #888;padding:.3rem}
input,textarea{display:block;width:100%;box-sizing:border-box;font-family:ui-monospace,monospace}button{cursor:pointer}
option{color:#1b1b1f;background:#fff}.key{padding:.5rem;border:1px solid #888}
tr{border-bottom:1px solid #ddd}a{color:#0b57d0}.who{color:#555}
@media(min-width:36rem){td:not(:last-child){overflow-wrap:normal}}
@media(max-width:36rem){table,tbody,tr,td:last-child{display:block}tr{padding:.4rem 0}td{display:inline}
ul{padding-left:1rem}}
@media(prefers-color-scheme:dark){body{color:#e6e6ea;background:#16161a}a{color:#8ab4f8}.who{color:#aaa}tr{border-color:#444}}
"""
SCRIPT_PATH = "/api/docs.js"
_STYLE_HASH = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""What a browser may load for the page: the style that it brings along, and its script, which may ask this origin."""


def docs_page(document: Schema) -> bytes:
    """The page, in UTF-8."""
    info = document["info"]
    title = f"{escape(info['title'])} {escape(info['version'])}"
    calls = [(path, method, call) for path, methods in document["paths"].items() for method, call in methods.items()]
    pieces = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f'<script type="module" src="{SCRIPT_PATH}"></script></head><body><header><h1>{title}</h1>'
        f"<p>{escape(info['description'])}</p>"
        '<p>The same for programs: <a href="/api/openapi.json">openapi.json</a></p></header>'
        '<nav aria-label="Calls"><ul>',
        *[
            f'<li><a href="#{escape(call["operationId"])}"><code>{method.upper()} {escape(path)}</code></a></li>'
            for path, method, call in calls
        ],
        "</ul></nav><main>",
    ]
    for path, method, call in calls:
        pieces += _call(path, method, call)
    pieces.append("<h1>Shapes</h1>")
    for name, schema in sorted(document["components"]["schemas"].items()):
        pieces += _shape(name, schema)
    pieces.append("</main></body></html>")
    return "".join(pieces).encode()


def _call(path: str, method: str, call: Schema) -> Iterator[str]:
    yield f'<h2 id="{escape(call["operationId"])}"><code>{method.upper()} {escape(path)}</code></h2>'
    yield f"<p>{escape(call['summary'])}"
    security = call.get("security", [])
    if security:
        yield f' <span class="who">({"signed in or not" if {} in security else "signed in"})</span>'
    yield "</p>"
    rows = [
        (escape(it["name"]), it["in"] + (", needed" if it["required"] else ""), _told(it["schema"], it))
        for it in call["parameters"]
    ]
    if "requestBody" in call:
        body = call["requestBody"]
        needed = ", needed" if body["required"] else ""
        rows.append(("", f"body{needed}", _kind(body["content"]["application/json"]["schema"])))
    yield from _rows(rows)
    yield from _rows([(status, "answer", _answer(it)) for status, it in call["responses"].items()])
    for name in call.get("x-examples", {}):
        yield from _example(path, method, call, name)
    yield f'<div data-call="{escape(path)} {method}"></div>'


def _example(path: str, method: str, call: Schema, name: str) -> Iterator[str]:
    """What to type, and what it is answered. `$ONSALE` is where onsale is, `$KEY` what one calls with."""
    how = call["x-examples"][name]
    given = {
        (it["in"], it["name"]): it["examples"][name]["value"]
        for it in call["parameters"]
        if name in it.get("examples", {})
    }
    target = path.format_map(
        {field: quote(value, safe="") for (place, field), value in given.items() if place == "path"}
    )
    query = urlencode(
        {field: value if isinstance(value, str) else json.dumps(value)
         for (place, field), value in given.items() if place == "query"}
    )  # fmt: skip
    words = [f'curl -X {method.upper()} "$ONSALE{target}{f"?{query}" if query else ""}"']
    if how["as"] not in ("nobody", "till"):
        words.append('-H "Authorization: Bearer $KEY"')
    words += [f"-H {shlex.quote(f'{field}: {value}')}" for (place, field), value in given.items() if place == "header"]
    sent = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("examples", {})
    if name in sent:
        words += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(json.dumps(sent[name]['value']))}"]
    told = [
        kind["examples"][name]
        for kind in call["responses"][str(how["status"])].get("content", {}).values()
        if name in kind.get("examples", {})
    ]
    title = told[0]["summary"] if told else name
    yield f'<details><summary>{escape(title)} <span class="who">({escape(how["as"])}, {how["status"]})</span></summary>'
    yield f"<pre>{escape(' '.join(words))}</pre>"
    for it in told:
        text = it["value"] if isinstance(it["value"], str) else json.dumps(it["value"], indent=1, ensure_ascii=False)
        yield f"<pre>{escape(text)}</pre>"
    yield "</details>"


def _answer(response: Schema) -> str:
    kinds = [_kind(content["schema"]) for content in response.get("content", {}).values()]
    return "<br>".join([escape(response["description"]), *kinds])


def _shape(name: str, schema: Schema) -> Iterator[str]:
    yield f'<h2 id="{escape(_anchor(name))}"><code>{escape(name)}</code></h2>'
    if "description" in schema:
        yield f"<p>{escape(schema['description'])}</p>"
    needed = set(schema.get("required", ()))
    fields = schema.get("properties", {})
    yield from _rows([(escape(it), "needed" if it in needed else "", _told(fields[it], fields[it])) for it in fields])


def _rows(rows: list[tuple[str, str, str]]) -> Iterator[str]:
    if rows:
        yield "<table>"
        for name, place, told in rows:
            yield f"<tr><td><code>{name}</code></td><td>{place}</td><td>{told}</td></tr>"
        yield "</table>"


def _told(schema: Schema, described: Schema) -> str:
    description = described.get("description") or schema.get("description")
    return _kind(schema) + (f": {escape(description)}" if description else "")


def _kind(schema: Schema) -> str:
    """What a value is, with links to the shapes that it is made of."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#{escape(_anchor(name))}"><code>{escape(name)}</code></a>'
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(_kind(one) for one in schema[several])
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    kind = schema.get("type", "anything")
    named = escape(" or ".join(kind) if isinstance(kind, list) else str(kind))
    if isinstance(schema.get("items"), dict):
        return f"list of {_kind(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"{named} of {_kind(schema['additionalProperties'])}"
    return named


def _anchor(shape: str) -> str:
    return f"shape-{shape}"
