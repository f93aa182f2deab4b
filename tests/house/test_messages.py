"""Messages: every kind that can be on the wire has an example kept for ever."""

import msgspec

from tests.house.sources import ROOT
from ticketing import messages

EXAMPLES = ROOT / "tests" / "contract" / "examples"


def kinds() -> set[str]:
    """The tag of every message that can be on the wire: not of those that others only grow from."""
    found = set()
    for name in messages.__all__:
        value = getattr(messages, name)
        if isinstance(value, type) and issubclass(value, msgspec.Struct):
            tag = value.__struct_config__.tag
            if tag is not None and not value.__subclasses__():
                found.add(str(tag))
    return found


def test_every_message_has_an_example() -> None:
    assert len(kinds()) > 30
    examples = {path.name.split(".")[0] for path in EXAMPLES.iterdir() if path.stat().st_size > 0}
    assert kinds() - examples == set()
