"""What an allocator tells everybody once a second about its shows, and about partitions that take no writes."""

from dataclasses import dataclass

from allocator.service import Desk
from ticketing.messages import PartitionStatusNow, ShowStatusNow


@dataclass(frozen=True, slots=True)
class OfficeNow:
    """How an office stands."""

    is_reachable: bool
    log_answers: bool
    parts: int
    owned: int
    refused: int
    lag_records: int
    lag_ms: int


def show_statuses(desk: Desk, log_end: int, now_ms: int) -> list[ShowStatusNow]:
    """One for each show of the partition; `log_end`: the offset that its next command will get."""
    statuses = []
    for show, stock in list(desk.state.shows.items()):
        taken = len(stock.owners) + sum(stock.area_taken)
        booked = stock.seats_booked + sum(stock.area_booked)
        statuses.append(
            ShowStatusNow(
                show=show,
                part=desk.part,
                at_ms=now_ms,
                status=stock.status,
                seq=stock.seq,
                available=stock.layout.places - taken,
                held=taken - booked - stock.seats_blocked,
                booked=booked,
                lag_records=max(0, log_end - desk.position.next_offset),
                lag_ms=desk.lag_ms,
                currency=stock.terms.currency,
                tiers=desk.tiers.of(stock),
            )
        )
    return statuses


class Refusals:
    """The partitions on which the store took no writes when they were last tried.

    A partition leaves when a batch was written, when there was nothing to write, or when somebody else has it.
    """

    def __init__(self) -> None:
        self.reasons: dict[int, str] = {}
        self._ended: set[int] = set()

    def begin(self, part: int, reason: str) -> None:
        """A write was refused."""
        self.reasons[part] = reason

    def end(self, part: int) -> None:
        """It is not so any more, or not for us to say."""
        if self.reasons.pop(part, None) is not None:
            self._ended.add(part)

    def statuses(self, now_ms: int) -> list[PartitionStatusNow]:
        """What is to be told now: each that lasts, and once each that has ended."""
        told = [(part, False) for part in self.reasons] + [(part, True) for part in self._ended - self.reasons.keys()]
        self._ended.clear()
        return [PartitionStatusNow(part=part, at_ms=now_ms, takes_writes=well) for part, well in told]
