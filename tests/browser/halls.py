"""Halls that have something of everything, to look at."""

import math
from typing import Any

CATEGORIES = [
    {"name": "Parkett", "price": 9500, "colour": "#2f6fb5"},
    {"name": "Rang", "price": 6500, "colour": "#3f8f5f"},
    {"name": "Tische", "price": 12000, "colour": "#a8552f"},
    {"name": "Stehplatz", "price": 3500, "colour": "#7a4fa0"},
]
PITCH = 30.0
LONG_NAME = "Die außerordentlich lang angekündigte Sonderveranstaltung zum Jahresende"


def theatre() -> dict[str, Any]:
    """413 places: a curved stalls with accessible seats, a balcony, tables before the stage, a floor."""
    centre = 600.0
    return {
        "name": "theatre",
        "canvas": {"width": 1200, "height": 980},
        "categories": CATEGORIES,
        "sections": [
            {"name": "Parkett", "rows": [_curved_row(row, centre) for row in range(10)]},
            {"name": "Rang", "rows": [_straight_row(row, centre) for row in range(4)]},
        ],
        "tables": [
            {"label": f"T{n + 1}", "x": 330 + 180 * n, "y": 120, "seats": 4, "category": "Tische", "bookable": kind}
            for n, kind in enumerate(("whole", "both", "seats", "whole"))
        ],
        "areas": [
            {
                "label": label,
                "category": "Stehplatz",
                "capacity": capacity,
                "x": x,
                "y": 60,
                "width": 180,
                "height": 140,
            }
            for label, capacity, x in (("Floor", 60, 40), ("Gallery", 20, 980))
        ],
    }


def _curved_row(row: int, centre: float) -> dict[str, Any]:
    label, radius, count = chr(ord("A") + row), 420 + 36.0 * row, 16 + row
    seats = []
    for n in range(count):
        angle = (n - (count - 1) / 2) * PITCH / radius
        seat: dict[str, Any] = {
            "label": f"{label}-{n + 1}",
            "x": round(centre + radius * math.sin(angle), 1),
            "y": round(radius * math.cos(angle) - 170, 1),
            "rotation": round(-math.degrees(angle), 1),
        }
        if row == 9 and n in {0, count - 1}:
            seat["accessible"] = True
        if row == 9 and n in {1, count - 2}:
            seat["companion_of"] = f"{label}-{1 if n == 1 else count}"
        seats.append(seat)
    return {"label": label, "category": "Parkett", "seats": seats}


def _straight_row(row: int, centre: float) -> dict[str, Any]:
    label, count = f"R{row + 1}", 28
    seats = [
        {"label": f"{label}-{n + 1}", "x": centre + (n - (count - 1) / 2) * PITCH, "y": 790 + 36.0 * row}
        for n in range(count)
    ]
    return {"label": label, "category": "Rang", "seats": seats}
