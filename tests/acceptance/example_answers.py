"""Whether an answer is like the one that the document quotes: the same, but for ids, moments and measured numbers."""

import re
from collections.abc import Iterator
from typing import Any

ID = re.compile(r"(bkg|dlt|evt|key|lay|req|rsv|shw|ven|whk)_[0-9a-f]{10,}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
RANDOM = frozenset(
    {"api_key", "pay_at", "request_id", "reservation_token", "secret", "sha256", "shown_prefix", "token"}
)
MEASURED = frozenset({"attempts", "mean_ms", "median_s_to_book", "most_ms", "ms", "next_cursor", "request_log_waiting"})
VARIES = RANDOM | MEASURED | {"user_agent"}
"""Fields that differ from run to run: of these only the kind is compared."""
SOMETIMES = {"last_error", "last_status"}
"""Fields that come with the first attempt at something."""


def at_pointer(value: Any, pointer: str) -> Any:
    """What a JSON pointer leads to; None where there is nothing."""
    for part in pointer.removeprefix("/").split("/"):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (LookupError, TypeError):
            return None
    return value


class Likeness:
    """Learns what the ids of the document are called here. `known`: example -> real."""

    def __init__(self, known: dict[str, str]) -> None:
        self.known = known

    def real(self, value: Any) -> Any:
        """`value` with real ids."""
        return _replaced(value, self.known)

    def example(self, value: Any) -> Any:
        """`value` with the document's ids."""
        return _replaced(value, {real: example for example, real in self.known.items()})

    def differences(self, example: Any, real: Any) -> list[str]:
        """What is not alike; new ids are learnt where all is."""
        learnt = dict(_ids(example, real)) | self.known
        found = list(_differences(_replaced(example, learnt), real, ""))
        if not found:
            self.known = learnt
        return found


def _ids(example: Any, real: Any) -> Iterator[tuple[str, str]]:
    """Ids that stand at one place on both sides."""
    if isinstance(example, dict) and isinstance(real, dict):
        for name in example.keys() & real.keys():
            yield from _ids(example[name], real[name])
    elif isinstance(example, list) and isinstance(real, list):
        for one, other in zip(example, real, strict=False):
            yield from _ids(one, other)
    elif isinstance(example, str) and isinstance(real, str) and ID.fullmatch(example) and ID.fullmatch(real):
        yield example, real


def _differences(example: Any, real: Any, where: str) -> Iterator[str]:
    if isinstance(example, dict) and isinstance(real, dict):
        if alone := (example.keys() ^ real.keys()) - SOMETIMES:
            yield f"{where}: {sorted(alone)} stand on one side only"
        for name in example.keys() & real.keys():
            yield from _differences(example[name], real[name], f"{where}/{name}")
    elif isinstance(example, list) and isinstance(real, list):
        if len(example) != len(real):
            yield f"{where}: {len(real)} instead of {len(example)}"
        for number, (one, other) in enumerate(zip(example, real, strict=False)):
            yield from _differences(one, other, f"{where}/{number}")
    elif type(example) is not type(real) or not _alike(example, real, where.rpartition("/")[2]):
        yield f"{where}: {real!r} instead of {example!r}"


def _alike(example: Any, real: Any, name: str) -> bool:
    if name in VARIES or name in SOMETIMES:
        return True
    return bool(_without_moments(example) == _without_moments(real) if isinstance(example, str) else example == real)


def _without_moments(text: str) -> str:
    return MOMENT.sub("a moment", text)


def _replaced(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _replaced(each, names) for name, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, names) for each in value]
    if isinstance(value, str):
        for name in sorted(names, key=len, reverse=True):
            value = value.replace(name, names[name])
    return value
