"""Which language somebody is spoken to in, and how a page is filled with it."""

from pathlib import Path

import pytest

from runtime.localised import LANGUAGES, fill, in_every_language, preferred, read_words


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


def test_a_value_is_escaped_and_a_mark_without_one_is_a_mistake() -> None:
    assert fill("<p>{{name}}</p>", {"name": 'a "<b>" & c'}) == "<p>a &quot;&lt;b&gt;&quot; &amp; c</p>"
    with pytest.raises(KeyError):
        fill("{{nobody}}", {})


def test_a_page_is_whole_in_every_language_but_for_what_is_filled_in_later(tmp_path: Path) -> None:
    for language in LANGUAGES:
        (tmp_path / f"{language}.js").write_text(f'export default {{"hello": "hello in {language}"}};\n')
    pages = in_every_language('<html lang="{{language}}" dir="{{direction}}">{{hello}} {{show}}', [tmp_path])
    assert pages["ar"] == '<html lang="ar" dir="rtl">hello in ar {{show}}'
    assert fill(pages["de"], {"show": "shw_1"}) == '<html lang="de" dir="ltr">hello in de shw_1'


def test_a_file_of_words_has_texts_alone(tmp_path: Path) -> None:
    (tmp_path / "en.js").write_text('export default {"a": 1};')
    with pytest.raises(ValueError, match=r"en\.js"):
        read_words(tmp_path / "en.js")
