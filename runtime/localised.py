"""Pages in several languages: a template with marks in it, and for each language a file of words. Pure.

A file of words is a module that a browser can import (`export default {…};`) with JSON between its first brace and its
last, so that page and script have one source.
"""

import html
import json
import re
from collections.abc import Iterable, Mapping
from importlib.resources.abc import Traversable

LANGUAGES = ("en", "de", "es", "fr", "ja", "ar")
"""The first is spoken to whoever asks for none of them."""
RIGHT_TO_LEFT = frozenset({"ar"})
COOKIE = "lang"
_MARK = re.compile(r"\{\{([a-z][a-z0-9_.]*)\}\}")
_RANGE = re.compile(r"\s*([A-Za-z*]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?))?\s*")
RANGES_MAX = 20


def read_words(file: Traversable) -> dict[str, str]:
    """Key -> text. Raises ValueError for what is no file of words."""
    text = file.read_text()
    words = json.loads(text[text.index("{") : text.rindex("}") + 1])
    if not all(isinstance(word, str) for word in words.values()):
        raise ValueError(f"{file.name} has something that is no text")
    return dict(words)


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with each mark replaced by its value, escaped. Raises KeyError for a mark without one."""
    return _MARK.sub(lambda mark: html.escape(values[mark[1]]), template)


def in_every_language(template: str, sets: Iterable[Traversable]) -> dict[str, str]:
    """Language -> the page, from folders that have a file of words for each; later folders override earlier ones.

    Marks that no folder has a word for stay as they are, for `fill` to be filled in later.
    """
    folders = list(sets)
    pages = {}
    for language in LANGUAGES:
        words = {key: word for folder in folders for key, word in read_words(folder / f"{language}.js").items()}
        words |= {"language": language, "direction": "rtl" if language in RIGHT_TO_LEFT else "ltr"}
        pages[language] = fill(template, words | {mark: f"{{{{{mark}}}}}" for mark in _missing(template, words)})
    return pages


def _missing(template: str, words: Mapping[str, str]) -> set[str]:
    return set(_MARK.findall(template)) - words.keys()


def preferred(*, asked: str | None, kept: str | None, accepted: str) -> str:
    """The language to speak: what the address asks for, else what was chosen before, else what the browser accepts.

    `accepted` is an Accept-Language header (RFC 9110 section 12.5.4), of which the first 20 ranges count.
    """
    for choice in (asked, kept):
        if choice in LANGUAGES:
            return str(choice)
    best, weight = LANGUAGES[0], 0.0
    for text in accepted.split(",")[:RANGES_MAX]:
        found = _RANGE.fullmatch(text)
        if found is not None and found[1].lower() in LANGUAGES and float(found[2] or 1) > weight:
            best, weight = found[1].lower(), float(found[2] or 1)
    return best
