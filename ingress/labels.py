"""Places named in a query by their labels."""

from typing import Annotated
from urllib.parse import unquote_plus

from pydantic import BaseModel, Field

from ingress.asgi import Request


class SeatsNamed(BaseModel):
    """`seats`: labels with commas between them (a comma in a label: %2C), or the field once for each; none: all."""

    seats: Annotated[str | None, Field(max_length=7_000)] = None


def seats_named(request: Request) -> list[str]:
    """The labels in the field `seats`. The query is taken as it was sent: decoded, a comma could be either kind."""
    pairs = [pair.partition("=") for pair in request.query_string.decode("latin-1").split("&")]
    given = [value for name, _, value in pairs if name == "seats"]
    return [unquote_plus(label) for value in given for label in value.split(",") if label]
