"""What clients were told, judged by itself and against what the servers hold. Pure: lines and rows in, violations out.

The format is `onsale/histories.py`, told in `docs/histories.md`. Kept in memory: a few words for each key, each id and
each read of the history.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from onsale.histories import Operation, Result, decode_operation
from onsale.verify.findings import Check, Findings
from ticketing.messages import AnyOutcome, Refusal
from ticketing.vocabulary import (
    RESERVATION_EDGES,
    Malformed,
    ReservationStatus,
    parse_booking,
    parse_request,
    parse_reservation,
    parse_show,
    request_text,
    reservation_text,
)

LEADS_TO = {
    "hold": ReservationStatus.HELD,
    "extend": ReservationStatus.HELD,
    "confirm": ReservationStatus.BOOKED,
    "release": ReservationStatus.RELEASED,
    "cancel": ReservationStatus.CANCELLED,
}
"""Where a reservation stands once the operation is done."""


def _reachable(status: str) -> frozenset[str]:
    found = {status}
    waiting = [status]
    while waiting:
        following = RESERVATION_EDGES[waiting.pop()] - found
        found |= following
        waiting += following
    return frozenset(found)


STATUSES_AFTER = {op: _reachable(status) for op, status in LEADS_TO.items()}
"""Where it can stand, whatever came later."""
KEYED_ALONE = frozenset({"hold", "confirm"})
"""Operations whose key means one request of one client and show: the others' keys count for each reservation alone."""

Place = tuple[int, int, int]
"""`(part, log_gen, offset)` of a request."""
Reserved = tuple[int, bytes]
"""`(show, reservation)`."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a client was told of a reservation."""

    line: int
    client: str
    op: str


@dataclass(frozen=True, slots=True)
class Read:
    """What a client saw."""

    line: int
    invoke_ms: float
    end_ms: float
    seq: int


class ClientHistory:
    """Reads a history line by line, then is shown what the servers hold."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.operations = 0
        self.waiting = 0
        """Requests that were not decided when the tables were read."""
        self.claims: dict[Reserved, list[Claim]] = {}
        self.requests: dict[Place, list[tuple[int, Result]]] = {}
        self._granted: dict[tuple[str, str, str, int], tuple[int, str]] = {}
        self._reads: dict[tuple[str, int], list[Read]] = defaultdict(list)

    def read(self, number: int, line: bytes) -> None:
        """One line of the file, counted from 1. Empty ones are passed over."""
        if not line.strip():
            return
        try:
            operation = decode_operation(line)
            if operation.end_ms < operation.invoke_ms:
                raise Malformed("it ends before it begins")
            self._take(number, operation)
        except (msgspec.DecodeError, Malformed) as error:
            self.findings.add(Check.HISTORY_FORM, f"line {number}", str(error))
        self.operations += 1

    def _take(self, number: int, operation: Operation) -> None:
        ids = operation.ids
        show = parse_show(ids.show) if ids.show else 0
        reserved = parse_reservation(ids.reservation) if ids.reservation else None
        booked = parse_booking(ids.booking) if ids.booking else None
        request = parse_request(ids.request) if ids.request else None
        if request is not None:
            self.requests.setdefault(request, []).append((number, operation.result))
        if operation.result is not Result.OK:
            return
        if operation.op in STATUSES_AFTER:
            for one in {reserved, booked} - {None}:
                assert one is not None
                self.claims.setdefault(one, []).append(Claim(number, operation.client, operation.op))
        if reserved is not None and booked is not None and reserved != booked:
            said = f"booking {ids.booking} is of another reservation than {ids.reservation}"
            self.findings.add(Check.SAME_KEY, f"line {number}", said)
        thing = booked or reserved
        if operation.key and thing is not None and operation.op in KEYED_ALONE:
            self._judge_key(number, operation, thing)
        if operation.seq is not None and show:
            read = Read(number, operation.invoke_ms, operation.end_ms, operation.seq)
            self._reads[operation.client, show].append(read)

    def _judge_key(self, number: int, operation: Operation, thing: Reserved) -> None:
        show, text = thing[0], reservation_text(*thing)
        line, first = self._granted.setdefault((operation.client, operation.op, operation.key, show), (number, text))
        if first != text:
            said = f"{operation.op} with key {operation.key} got {text}, and {first} in line {line}"
            self.findings.add(Check.SAME_KEY, f"line {number} client {operation.client}", said)

    def judge_reads(self) -> None:
        """Once all lines are read: a read that began after another had ended must not see an older show."""
        for (client, _), reads in self._reads.items():
            ended = sorted(reads, key=lambda read: read.end_ms)
            done, newest = 0, None
            for read in sorted(reads, key=lambda read: read.invoke_ms):
                # Two that overlap may have been answered in either order.
                while done < len(ended) and ended[done].end_ms < read.invoke_ms:
                    if newest is None or ended[done].seq > newest.seq:
                        newest = ended[done]
                    done += 1
                if newest is not None and read.seq < newest.seq:
                    said = f"saw seq {read.seq}, after seq {newest.seq} in line {newest.line}"
                    self.findings.add(Check.READS_FORWARD, f"line {read.line} client {client}", said)

    def judge_statuses(self, wanted: Iterable[Reserved], statuses: dict[Reserved, str]) -> None:
        """`statuses`: what the table says of `wanted`; one that it does not have is missing."""
        for one in wanted:
            status = statuses.get(one)
            for claim in self.claims[one]:
                if status is None or status not in STATUSES_AFTER[claim.op]:
                    now = f"is {status}" if status else "is not there"
                    said = f"was told that its {claim.op} of {reservation_text(*one)} is done, which {now}"
                    self.findings.add(Check.ACKNOWLEDGED, f"line {claim.line} client {claim.client}", said)

    def judge_request(self, place: Place, outcomes: Sequence[AnyOutcome]) -> None:
        """`outcomes`: all that answer the request, now that it must have been decided."""
        name = request_text(*place)
        for line, result in self.requests[place]:
            where = f"line {line} {name}"
            if len(outcomes) != 1:
                self.findings.add(Check.REQUEST_OUTCOME, where, f"has {len(outcomes)} outcomes")
                continue
            refused = isinstance(outcomes[0], Refusal)
            if (result is Result.OK and refused) or (result is Result.FAIL and not refused):
                said = f"the client was told {result}, the outcome is {type(outcomes[0]).__name__}"
                self.findings.add(Check.REQUEST_OUTCOME, where, said)

    def judge_waiting(self, place: Place) -> None:
        """The request still waits in the log: nobody can know its verdict, but it counts as acknowledged."""
        self.waiting += 1
        for line, result in self.requests[place]:
            if result is not Result.UNKNOWN:
                said = f"the client was told {result}, and it is not decided yet"
                self.findings.add(Check.REQUEST_OUTCOME, f"line {line} {request_text(*place)}", said)
