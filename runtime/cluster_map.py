"""Which partition is in which cluster of Postgres, as the setting `ONSALE_POSTGRES_CLUSTERS` says."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

PART_MAX = 1023
_ENTRY = re.compile(r"(?P<parts>\d+(-\d+)?(,\d+(-\d+)?)*)=(?P<url>postgres(ql)?://[^\s/]+/\S+)")


@dataclass(frozen=True, slots=True)
class ClusterMap:
    """`urls`: the clusters; the first has every partition that `elsewhere` does not name, and all that belongs to no
    partition. `elsewhere`: partition -> number of its cluster, from 1 on."""

    urls: tuple[str, ...]
    elsewhere: Mapping[int, int] = field(default_factory=dict)

    def number_of(self, part: int) -> int:
        """The cluster of a partition; 0 is the first."""
        return self.elsewhere.get(part, 0)

    def has(self, number: int) -> Callable[[int], bool]:
        """Whether a partition is in that cluster, as a question to ask."""
        return lambda part: self.number_of(part) == number

    def parts_of(self, number: int) -> frozenset[int]:
        """The partitions that are named for a cluster other than the first."""
        return frozenset(part for part, cluster in self.elsewhere.items() if cluster == number)


def read_cluster_map(first_url: str, text: str) -> ClusterMap:
    """The map that `text` says: `PARTITIONS=URL`, spaces between clusters; partitions as in `3,12-23`.

    The same URL twice is the same cluster. Raises ValueError, without the URL, which holds a password.
    """
    urls, elsewhere = [first_url], dict[int, int]()
    for entry in text.split():
        found = _ENTRY.fullmatch(entry)
        if found is None:
            raise ValueError(
                "each cluster is PARTITIONS=URL, as in 12-23=postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
            )
        url = found["url"]
        if url == first_url:
            raise ValueError(f"partitions {found['parts']}: the first cluster has whatever is not named")
        if url not in urls:
            urls.append(url)
        for part in _each_part(found["parts"]):
            if part in elsewhere:
                raise ValueError(f"partition {part} is named twice")
            elsewhere[part] = urls.index(url)
    return ClusterMap(tuple(urls), elsewhere)


def _each_part(text: str) -> list[int]:
    parts: list[int] = []
    for piece in text.split(","):
        first, _, last = piece.partition("-")
        if not int(first) <= int(last or first) <= PART_MAX:
            raise ValueError(f"partitions {piece}: from the lower to the higher, at most {PART_MAX}")
        parts += range(int(first), int(last or first) + 1)
    return parts
