"""Stories that are told in each language."""

import pytest

from runtime.localised import LANGUAGES

AXE_IN = ("en", "ar")
"""What axe looks for is no matter of words: it looks at each page light and dark, from left and from right."""

in_each_language = pytest.mark.parametrize(
    "language", [pytest.param(it, marks=() if it in AXE_IN else pytest.mark.thorough) for it in LANGUAGES]
)
