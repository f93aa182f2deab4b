"""A venue's layout: what can be sold, where it stands and what it costs. Immutable once stored.

Two forms: the pydantic body that people send (`LayoutBody`, in `bodies.py`), and `Layout` (`model.py`), the compact
form that is stored, hashed (a show names the digest) and given to the allocator. `building.py` makes the one of the
other and says what is wrong with it; `warnings.py` says what is odd.
"""

from ticketing.layout.bodies import (
    ROWS_WITH_SEATS,
    AreaBody,
    Body,
    CanvasBody,
    CategoryBody,
    Label,
    LayoutBody,
    Price,
    RowBody,
    SeatBody,
    SectionBody,
    TableBody,
)
from ticketing.layout.building import LayoutError, build_layout, row_letters
from ticketing.layout.model import (
    NO_SEAT,
    SEAT_PITCH,
    SEAT_SIZE,
    Area,
    Bookable,
    Category,
    Layout,
    Row,
    Seat,
    Shape,
    Table,
    decode_layout,
    encode_layout,
)
from ticketing.layout.warnings import layout_warnings

__all__ = [
    "NO_SEAT",
    "ROWS_WITH_SEATS",
    "SEAT_PITCH",
    "SEAT_SIZE",
    "Area",
    "AreaBody",
    "Body",
    "Bookable",
    "CanvasBody",
    "Category",
    "CategoryBody",
    "Label",
    "Layout",
    "LayoutBody",
    "LayoutError",
    "Price",
    "Row",
    "RowBody",
    "Seat",
    "SeatBody",
    "SectionBody",
    "Shape",
    "Table",
    "TableBody",
    "build_layout",
    "decode_layout",
    "encode_layout",
    "layout_warnings",
    "row_letters",
]
