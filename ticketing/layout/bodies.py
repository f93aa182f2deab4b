"""A layout as people send it: in full, or in one of the short forms."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ticketing.layout.model import SEAT_SIZE, Bookable, Shape
from ticketing.vocabulary import SEATS_PER_SHOW_MAX

TABLE_SIZE = 80.0
"""Width and height of a table that says nothing of its own, in canvas units."""
SEATS_PER_TABLE_MAX = 100

Label = Annotated[
    str,
    Field(
        min_length=1,
        max_length=60,
        pattern=r"^[^\x00-\x1f/]+$",
        # For schemas: blanks at the ends are taken away, and something must be left.
        json_schema_extra={"pattern": r"^[^\x00-\x1f/]*[^\x00-\x20\x7f-\xa0\s/][^\x00-\x1f/]*$"},
    ),
]
Price = Annotated[int, Field(ge=0, le=10**9, description="minor units of the show's currency")]
Place = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Size = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
Degrees = Annotated[float, Field(ge=-360, le=360, allow_inf_nan=False, description="clockwise")]


class Body(BaseModel):
    """What people send: unknown fields are an error, because a misspelt one would be lost in silence."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class CategoryBody(Body):
    name: Label
    price: Price
    colour: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")] = "#4C78A8"
    rows: list[Annotated[int, Field(ge=1)]] = Field(
        default=[], description="in the short form: which rows are of this category; none: all the others"
    )


class SeatBody(Body):
    label: Label
    x: Place
    y: Place
    category: Label | None = Field(default=None, description="default: that of the row or the table")
    number: Annotated[int, Field(ge=0, le=10**6, description="default: its place in the row")] | None = None
    rotation: Degrees = 0.0
    width: Size = SEAT_SIZE
    height: Size = SEAT_SIZE
    accessible: bool = False
    companion_of: Label | None = Field(default=None, description="the accessible seat that it goes with")


class RowBody(Body):
    label: Label
    category: Label | None = None
    seats: Annotated[list[SeatBody], Field(min_length=1)]


class SectionBody(Body):
    name: Label
    rows: list[RowBody]


class TableBody(Body):
    """A table: its seats one by one, or only how many, which are then numbered and set around it."""

    label: Label
    x: Place
    y: Place
    seats: Annotated[int, Field(ge=1, le=SEATS_PER_TABLE_MAX)] | Annotated[
        list[SeatBody], Field(min_length=1, max_length=SEATS_PER_TABLE_MAX)
    ]  # fmt: skip
    category: Label | None = None
    section: Label = "tables"
    bookable: Bookable = Bookable.WHOLE
    shape: Shape = Shape.ROUND
    rotation: Degrees = 0.0
    width: Size = TABLE_SIZE
    height: Size = TABLE_SIZE


class AreaBody(Body):
    label: Label
    category: Label
    capacity: Annotated[int, Field(ge=0, le=SEATS_PER_SHOW_MAX)]
    x: Place = 0.0
    y: Place = 0.0
    width: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    height: Annotated[float, Field(ge=0, le=1e6)] = 0.0


class CanvasBody(Body):
    width: Annotated[float, Field(gt=0, le=1e6)] = 1200.0
    height: Annotated[float, Field(gt=0, le=1e6)] = 800.0


ROWS_WITH_SEATS: dict[str, Any] = {
    "anyOf": [
        {
            "properties": {"rows": {"type": "integer"}, "seats_per_row": {"type": "integer"}},
            "required": ["rows", "seats_per_row"],
        },
        {"properties": {"rows": {"type": "null"}, "seats_per_row": {"type": "null"}}},
    ]
}
"""Both or none, for the schema."""


class LayoutBody(Body):
    """A layout in full (sections of rows of seats, tables, areas sold by count) or in short (rows times seats, a
    capacity)."""

    model_config = ConfigDict(json_schema_extra={"allOf": [ROWS_WITH_SEATS]})

    name: Label = "layout"
    canvas: CanvasBody = CanvasBody()
    categories: Annotated[list[CategoryBody], Field(min_length=1, max_length=200)]
    sections: list[SectionBody] = []
    tables: Annotated[list[TableBody], Field(max_length=10_000)] = []
    areas: Annotated[list[AreaBody], Field(max_length=1000)] = []
    rows: Annotated[int, Field(ge=1, le=2000)] | None = None
    seats_per_row: Annotated[int, Field(ge=1, le=2000)] | None = None
    capacity: Annotated[int, Field(ge=1, le=SEATS_PER_SHOW_MAX)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_category_is_enough(cls, data: object) -> object:
        if isinstance(data, dict) and "categories" not in data:
            return {**data, "categories": [{"name": "standard", "price": 0}]}
        return data

    @model_validator(mode="after")
    def _rows_come_with_seats(self) -> Self:
        if (self.rows is None) != (self.seats_per_row is None):
            raise ValueError("rows and seats_per_row are given together")
        return self
