"""What is kept of shows for partners, and how far each has sold it: read from the stock's views."""

import msgspec

from ingress.stores import reaching_postgres
from runtime.clusters import Clusters
from ticketing.layout import Layout

Sold = tuple[int, int]
"""`(places held and booked, those of them that are booked)`"""

FIND_ALLOCATIONS = "SELECT allocations FROM show_state WHERE part = $1 AND show_id = $2"
TAKEN_BY = """
SELECT account, sum(cardinality(seats))::bigint AS seats,
       COALESCE(sum((SELECT sum(areas[n]) FROM generate_series(2, cardinality(areas), 2) AS n)), 0)::bigint AS places,
       COALESCE(sum(cardinality(seats)) FILTER (WHERE status = 'booked'), 0)::bigint AS seats_booked,
       COALESCE(sum((SELECT sum(areas[n]) FROM generate_series(2, cardinality(areas), 2) AS n))
                FILTER (WHERE status = 'booked'), 0)::bigint AS places_booked
FROM reservations
WHERE part = $1 AND show_id = $2 AND account = ANY($3) AND status IN ('held', 'paying', 'booked') GROUP BY account
"""
# By seat and area, since only the layout knows of which category they are.
PLACES_OF = """
WITH own AS (
    SELECT account, status = 'booked' AS booked, seats, areas FROM reservations
    WHERE part = $1 AND show_id = $2 AND account = ANY($3) AND status IN ('held', 'paying', 'booked')
)
SELECT account, booked, seat AS number, true AS is_seat, 1::bigint AS places FROM own, unnest(seats) AS seat
UNION ALL
SELECT account, booked, areas[n], false, sum(areas[n + 1]) FROM own, generate_series(1, cardinality(areas), 2) AS n
GROUP BY account, booked, areas[n]
"""


class ShareTable:
    """All raise StoreAway."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    async def allocations(self, part: int, show: int) -> dict[str, dict[str, int]] | None:
        """What is kept, by the partner's account and, behind a space, the category if it is of one: `share`, `borrow`,
        `give_back_at_ms`; None: the show was never opened."""
        with reaching_postgres():
            raw = await self._clusters.of(part).fetchval(FIND_ALLOCATIONS, part, show)
        return None if raw is None else msgspec.json.decode(raw, type=dict[str, dict[str, int]])

    async def taken_by(self, part: int, show: int, names: list[str], layout: Layout) -> dict[str, Sold]:
        """How far each of these shares is sold, by the same names; those of which nothing is are left out."""
        whole = [name for name in names if " " not in name]
        found: dict[str, Sold] = {}
        with reaching_postgres():
            if whole:
                rows = await self._clusters.of(part).fetch(TAKEN_BY, part, show, whole)
                found |= {it["account"]: (it[1] + it[2], it[3] + it[4]) for it in rows}
            if len(whole) < len(names):
                accounts = sorted({name.partition(" ")[0] for name in names if " " in name})
                rows = await self._clusters.of(part).fetch(PLACES_OF, part, show, accounts)
                for row in rows:
                    place = layout.seats[row["number"]] if row["is_seat"] else layout.areas[row["number"]]
                    name = f"{row['account']} {layout.categories[place.category].name}"
                    if name in names:
                        taken, booked = found.get(name, (0, 0))
                        places = int(row["places"])
                        found[name] = taken + places, booked + (places if row["booked"] else 0)
        return found
