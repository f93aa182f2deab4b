"""A browser without scripts: it follows forms and links as they stand on the page, and keeps its cookies."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode

import httpx


@dataclass
class Form:
    """`fields`: what is sent when nothing was changed; `buttons`: by their name, the values they may send."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, list[str]] = field(default_factory=dict)


class Page(HTMLParser):
    """What a reader without scripts gets of a page."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.status = answer.status_code
        self.html = answer.text
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.refresh = ""
        self.texts: dict[str, str] = {}
        self.title = self.text = ""
        self._within: list[tuple[str, str]] = []
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if tag == "form":
            assert found["method"] == "post"
            self.forms.append(Form(found["action"]))
        elif tag == "input" and (found.get("type") != "radio" or "checked" in found):
            self.forms[-1].fields[found["name"]] = found.get("value", "")
        elif tag == "button" and "name" in found:
            self.forms[-1].buttons.setdefault(found["name"], []).append(found["value"])
        elif tag == "meta" and found.get("http-equiv") == "refresh":
            self.refresh = found["content"]
        elif tag == "a" and "id" in found:
            self.links[found["id"]] = found["href"]
        if tag not in {"meta", "link", "input", "br", "img"}:
            self._within.append((tag, found.get("id") or found.get("class", "")))

    def handle_endtag(self, tag: str) -> None:
        while self._within and self._within.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self._within:
            return
        tag, name = self._within[-1]
        if tag == "title":
            self.title = data
        self.texts[name] = self.texts.get(name, "") + data
        self.text += data

    @property
    def acts(self) -> list[str]:
        """What can be done here."""
        return [form.action.rpartition("/")[2] for form in self.forms]

    def form(self, act: str) -> Form:
        """The form that does this."""
        return next(form for form in self.forms if form.action.endswith(f"/{act}"))


class Browser:
    """One person's, at one address."""

    def __init__(self, http: httpx.AsyncClient, path: str, address: str = "") -> None:
        self._http = http
        self.path = path
        self.headers = {"accept": "text/html", "accept-language": "en"} | (
            {"x-forwarded-for": address} if address else {}
        )
        self.cookies: dict[str, str] = {}
        self.heard: list[str] = []

    async def look(self, more: str = "") -> Page:
        return Page(await self._ask("GET", self.path + more))

    async def send(self, form: Form, **changes: str) -> Page:
        """Send a form, and follow to where it leads."""
        return await self.post(form.action, form.fields | changes)

    async def post(self, path: str, fields: dict[str, str]) -> Page:
        answer = await self._ask("POST", path, urlencode(fields))
        if answer.status_code == 303:
            answer = await self._ask("GET", answer.headers["location"])
        return Page(answer)

    async def _ask(self, method: str, path: str, content: str | None = None) -> httpx.Response:
        headers = dict(self.headers)
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if content is not None:
            headers["content-type"] = "application/x-www-form-urlencoded"
        self._http.cookies.clear()
        answer = await self._http.request(method, path, headers=headers, content=content)
        assert answer.headers["cache-control"] == "no-store"
        for line in answer.headers.get_list("set-cookie"):
            self.heard.append(line)
            name, _, value = line.partition(";")[0].partition("=")
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value.strip('"')
        return answer
