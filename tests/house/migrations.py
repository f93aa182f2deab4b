"""What an expanding migration may not say: the rooms of the release before must go on over what it leaves behind."""

import re

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_QUOTED = re.compile(r"(\$\w*\$).*?\1|'(?:[^']|'')*'", re.DOTALL)
"""Bodies of functions and texts: what is said in them is done later, by whoever calls."""

FORBIDDEN = {
    r"\bDROP\b(?!\s+NOT\s+NULL\b)": "takes something away",
    r"\bRENAME\b": "renames",
    r"\bSET\s+NOT\s+NULL\b": "refuses what older rooms write",
    r"\bALTER\s+(?:COLUMN\s+)?\w+\s+(?:SET\s+DATA\s+)?TYPE\b": "changes a type",
    r"\bADD\s+COLUMN\b(?:(?!,|\bDEFAULT\b|;).)*\bNOT\s+NULL\b(?:(?!,|\bDEFAULT\b|;).)*(?=,|;|\Z)": (
        "adds a column that older rooms do not fill"
    ),
    r"\bADD\s+(?:CONSTRAINT\s+\w+\s+)?(?:CHECK|UNIQUE|FOREIGN|PRIMARY|EXCLUDE)\b": "refuses what older rooms write",
    r"\bCREATE\s+UNIQUE\s+INDEX\b": "refuses what older rooms write",
    r"\bREVOKE\b(?!.*\bFROM\s+PUBLIC\b)": "takes a right away",
    r"\bTRUNCATE\b|\bDELETE\s+FROM\b": "takes rows away",
}
IS_CONTRACT = re.compile(r"\d{4}_contract_\w+\.sql")
"""Takes away what no supported release uses any more."""


def against(name: str, text: str) -> list[str]:
    """What in the migration is against the rooms of the release before; nothing in one that contracts."""
    if IS_CONTRACT.fullmatch(name):
        return []
    found = []
    for raw in _QUOTED.sub("''", _COMMENT.sub("", text)).split(";"):
        statement = " ".join(raw.split())
        found += [
            f"{name} {why}: {statement[:80]}"
            for pattern, why in FORBIDDEN.items()
            if re.search(pattern, statement, re.IGNORECASE)
        ]
    return found
