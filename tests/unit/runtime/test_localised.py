"""Which language somebody is spoken to in, and how a page is filled with it."""

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from runtime.localised import LANGUAGES, preferred, read_page, read_words


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("*", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("pt, ja;q=0.5, de;q=0.9", "de"),
        ("fr;q=0", "en"),
        ("fr;q=nonsense, es;q=0.1", "es"),
        (", ".join(["xx"] * 20 + ["de"]), "en"),
    ],
)
def test_the_browser_says_what_it_likes_best(accepted: str, language: str) -> None:
    assert preferred(asked=None, kept=None, accepted=accepted) == language


def test_what_was_chosen_goes_before_what_the_browser_likes() -> None:
    assert preferred(asked=None, kept="ja", accepted="de") == "ja"
    assert preferred(asked="fr", kept="ja", accepted="de") == "fr"
    assert preferred(asked="<script>", kept="no", accepted="de") == "de"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "frame.html").write_text(
        "<html lang={{ language }} dir={{ direction }}>{% block main %}{% endblock %}\n"
    )
    for name in ("common", "shop"):
        (tmp_path / "words" / name).mkdir(parents=True)
        for language in LANGUAGES:
            words = f'export default {{"{name}.hello": "hello & {name} in {language}"}};\n'
            (tmp_path / "words" / name / f"{language}.js").write_text(words)
    return tmp_path


def page_saying(folder: Path, text: str) -> Path:
    (folder / "page.html").write_text('{% extends "frame.html" %}{% block main %}' + text + "{% endblock %}")
    return folder


def test_a_page_says_its_words_and_what_it_is_given_in_its_frame(folder: Path) -> None:
    text = '{{ t("shop.hello") }}, {{ t("common.hello") }}, {{ show }}'
    page = read_page(page_saying(folder, text), "page.html", ["shop"])
    assert page.render("ar", show='"<b>"') == (
        "<html lang=ar dir=rtl>hello &amp; shop in ar, hello &amp; common in ar, &#34;&lt;b&gt;&#34;"
    )


def test_what_nobody_wrote_or_gave_is_a_mistake(folder: Path) -> None:
    with pytest.raises(KeyError, match=r"shop\.hello"):
        read_page(page_saying(folder, '{{ t("shop.hello") }}'), "page.html", []).render("en")
    with pytest.raises(UndefinedError, match="show"):
        read_page(page_saying(folder, "{{ show }}"), "page.html", []).render("en")


def test_a_file_of_words_has_texts_alone(tmp_path: Path) -> None:
    (tmp_path / "en.js").write_text('export default {"a": 1};')
    with pytest.raises(ValueError, match=r"en\.js"):
        read_words(tmp_path / "en.js")
