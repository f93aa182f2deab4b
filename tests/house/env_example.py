"""Writes .env.example: `python -m tests.house.env_example > .env.example`."""

import textwrap
from pathlib import Path

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from tests.house.sources import settings_classes


def documented() -> dict[str, tuple[str, str, str]]:
    """Variable -> (module of its class, description, default as it would be written)."""
    variables: dict[str, tuple[str, str, str]] = {}
    for kind in settings_classes():
        prefix = str(kind.model_config.get("env_prefix", ""))
        for name, field in kind.model_fields.items():
            variable = f"{prefix}{name}".upper()
            variables.setdefault(variable, (kind.__module__, field.description or "", _written(field.default)))
    return variables


def _written(default: object) -> str:
    match default:
        case None:
            return ""
        case bool():
            return str(default).lower()
        case SecretStr():
            return default.get_secret_value()
        case str() | int() | float() | Path():
            return str(default)
        case _:
            return "" if default is PydanticUndefined else str(default)


def render() -> str:
    """The whole file; every line is a comment, so that a copy changes nothing until it is edited."""
    lines = ["# Every setting, with its default. Copy to .env and take the # away where you want another value."]
    section = ""
    for variable, (module, description, default) in documented().items():
        if module != section:
            section = module
            lines += ["", f"## {module.removesuffix('.settings')}"]
        lines += ["", *textwrap.wrap(description, 110, initial_indent="# ", subsequent_indent="# ")]
        lines.append(f"#{variable}={default}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(render(), end="")
