"""Settings: each has the prefix, a description, and a line in .env.example; nothing else has one."""

import re

from tests.house.env_example import documented
from tests.house.sources import ROOT, settings_classes


def test_every_setting_is_in_the_example_and_nothing_else_is() -> None:
    written = set(re.findall(r"(?m)^#?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text()))
    assert written == set(documented()), "python -m tests.house.env_example > .env.example"


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, (_, description, _) in documented().items() if not description] == []


def test_every_class_of_settings_has_the_prefix() -> None:
    assert {kind.__name__: kind.model_config.get("env_prefix") for kind in settings_classes()} == {
        kind.__name__: "ONSALE_" for kind in settings_classes()
    }
