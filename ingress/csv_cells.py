"""Rows as CSV (RFC 4180) that a spreadsheet shows and does not run. Pure."""

import csv
import io
from collections.abc import Iterable, Sequence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet may take for a formula, also where it is written in full width (OWASP, "CSV Injection")."""


def csv_lines(rows: Iterable[Sequence[str | int]]) -> bytes:
    """The rows as lines, in UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def cell(value: str | int) -> str | int:
    """The value; a text that would be run has an apostrophe in front, which spreadsheets hide."""
    if isinstance(value, str) and value.lstrip(" \ufeff").startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
