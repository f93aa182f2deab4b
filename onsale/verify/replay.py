"""The commands of one partition decided once more, and compared with what was recorded, outcome by outcome.

Pure: batches and records in, violations out. It runs the allocator's own `decide` and `evolve` over a state that it
builds from nothing. What is no function of the log is taken from the record: where batches begin and end, when they
were decided (`decided_at_ms`), and which commands were rejected by force because the store could not keep them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from allocator.answer import Moment, log_time
from allocator.draft import Draft, Record
from allocator.errors import MemoryDiffers
from allocator.netting import unpack_verdicts
from allocator.ports import LogRecord
from allocator.seating import asks_about_all, decide
from allocator.stock import PartitionState
from onsale.verify.findings import Check, Findings
from onsale.verify.history import LoggedBatch
from ticketing import messages
from ticketing.layout import Layout
from ticketing.messages import AnyCommand, AnyOutcome, CommandRejected, Refusal, ReservationOutcome
from ticketing.vocabulary import LIVE_STATUSES, reservation_text

FORCED = "data_refused"
DeadLetters = dict[tuple[int, int], tuple[str, bytes]]
"""`(log_gen, offset)` -> the code, and the sha256 of the record as it stood in the log."""
Layouts = Mapping[tuple[str, bytes], Layout]
"""By id and sha256."""


@dataclass
class Kept:
    """What the tables keep of commands that the log has lost: enough to go on after them."""

    openings: dict[int, messages.OpenShow] = field(default_factory=dict)
    fingerprints: dict[tuple[int, bytes], bytes] = field(default_factory=dict)
    """`(show, reservation)` -> fingerprint of the hold that it came from."""
    verdicts: dict[tuple[int, bytes, bytes], bytes] = field(default_factory=dict)
    """`(show, reservation, command key)` -> fingerprint, of the last commands that changed the reservation."""

    orders: dict[tuple[int, bytes], bytes] = field(default_factory=dict)
    """`(show, command key)` -> fingerprint, of the last orders of the show's operators."""

    def remember_orders(self, show: int, orders: bytes) -> None:
        """The column of one row of table `show`."""
        with suppress(msgspec.DecodeError):
            for key, fingerprint, _ in unpack_verdicts(orders):
                self.orders[show, key] = fingerprint

    def remember(self, show: int, reservation: bytes, fingerprint: bytes, recent: bytes) -> None:
        """The columns of one row of table `reservation`."""
        self.fingerprints[show, reservation] = fingerprint
        with suppress(msgspec.DecodeError):
            for key, verdict, _ in unpack_verdicts(recent):
                self.verdicts[show, reservation, key] = verdict


class PartReplay:
    """One partition from its first batch on. Each batch is either decided again or, where that cannot be, adopted.

    `layouts`: those of the partition's shows. `only_show`: decide this show's commands alone; all others only move
    the log's time (what a show decides depends on nothing else of theirs).
    """

    def __init__(self, part: int, findings: Findings, layouts: Layouts, only_show: int | None = None) -> None:
        self.findings = findings
        self.only_show = only_show
        self.gone: frozenset[int] = frozenset()
        """Shows whose log was removed: what is still asked about them cannot be decided again."""
        self.commands = 0
        """How many were decided again."""
        self.state = PartitionState(part)
        self.state.layouts.update(layouts)
        self._ended: dict[tuple[int, bytes], Record] = {}

    def decide_again(self, batch: LoggedBatch, records: Sequence[LogRecord], dead: DeadLetters) -> str:
        """Compare the whole batch; `records` are those of its offsets, all of them.

        Returns why nothing after this batch can be compared: empty as long as it can.
        """
        recorded = _by_offset(batch)
        draft = Draft(batch.first_offset)
        for record in records:
            where = f"{batch.name} offset {record.offset}"
            expected = recorded.get(record.offset, [])
            rejected = expected[0].code if len(expected) == 1 and isinstance(expected[0], CommandRejected) else ""
            letter = dead.get((batch.log_gen, record.offset))
            command = _read(record)
            if command is not None and rejected != FORCED:
                now_ms = log_time(self.state.last_now_ms, record.timestamp_ms, command.sent_at_ms)
                self.state.last_now_ms = now_ms
            if command is None and self.only_show is not None or command is not None and self._leaves_out(command.show):
                continue
            self.commands += 1
            decided, code = self._decide(batch, record, command, forced=rejected == FORCED)
            if decided != expected:
                self.findings.add(Check.REPLAY, where, _difference(expected, decided))
            if letter != ((code, hashlib.sha256(record.value).digest()) if code else None):
                self.findings.add(Check.DEAD_LETTER, where, _about_letter(code, letter))
            # Go on from what was recorded: that is what all later decisions were made over.
            stopped = self._happen(None if code else command, expected, draft)
            if stopped:
                self.findings.add(Check.REPLAY, where, stopped)
                return stopped
        self._keep(draft)
        return ""

    def adopt(self, batch: LoggedBatch, kept: Kept) -> str:
        """Let a batch happen as it was recorded, without its commands. Returns as `decide_again` does."""
        draft = Draft(batch.first_offset)
        for outcomes in _by_offset(batch).values():
            for outcome in outcomes:
                self.state.last_now_ms = max(self.state.last_now_ms, outcome.at_ms)
                if self._leaves_out(outcome.show):
                    continue
                stopped = self._happen(self._stand_in(outcome, kept), [outcome], draft)
                if stopped:
                    return stopped
        self._keep(draft)
        return ""

    def _leaves_out(self, show: int) -> bool:
        return show in self.gone or self.only_show not in {None, show}

    def _decide(
        self, batch: LoggedBatch, record: LogRecord, command: AnyCommand | None, *, forced: bool
    ) -> tuple[list[AnyOutcome], str]:
        """The outcomes, and the code of the dead letter where the command is one."""
        code = FORCED if forced else "malformed"
        if command is not None and not forced:
            for reservation in asks_about_all(command):
                self._recall(command.show, reservation)
            try:
                return decide(
                    self.state, command, Moment(self.state.last_now_ms, batch.decided_at_ms, record.offset)
                ), ""
            except Exception:  # noqa: BLE001 -- as in the service: a bug of the decision is an outcome
                code = "internal_error"
        stock = self.state.shows.get(command.show) if command else None
        rejected = CommandRejected(
            show=command.show if command else 0,
            seq=stock.seq if stock else 0,
            at_ms=self.state.last_now_ms,
            offset=record.offset,
            key=command.key if command else b"",
            account=command.account if command else "",
            code=code,
        )
        return [rejected], code

    def _happen(self, command: messages.Command | None, outcomes: list[AnyOutcome], draft: Draft) -> str:
        try:
            for outcome in outcomes:
                if isinstance(outcome, ReservationOutcome):
                    self._recall(outcome.show, outcome.reservation.id)
                self.state.evolve(command, outcome, draft)
        except (LookupError, AssertionError, MemoryDiffers) as error:
            return f"what was recorded cannot have happened: {_told(outcomes)} ({error!r})"
        return ""

    def _stand_in(self, outcome: AnyOutcome, kept: Kept) -> messages.Command | None:
        """A command that changes the state as the lost one did."""
        if isinstance(outcome, messages.ShowOpened):
            opening = kept.openings.get(outcome.show)
            # The row has the terms as they are now.
            return opening and msgspec.structs.replace(opening, policy=outcome.policy, prices=outcome.prices)
        fingerprint, keyed = b"", False
        if isinstance(outcome, ReservationOutcome):
            reservation = outcome.reservation.id
            stock = self.state.shows.get(outcome.show)
            known = stock is not None and (reservation in stock.live or reservation in stock.ended)
            if known:
                verdict = kept.verdicts.get((outcome.show, reservation, outcome.key))
                fingerprint, keyed = verdict or b"", verdict is not None
            else:
                fingerprint = kept.fingerprints.get((outcome.show, reservation), b"")
        elif isinstance(outcome, messages.ManyHeld):
            fingerprint = kept.fingerprints.get((outcome.show, outcome.reservations[0].id), b"")
        elif (outcome.show, outcome.key) in kept.orders:
            fingerprint, keyed = kept.orders[outcome.show, outcome.key], True
        return messages.Command(
            show=outcome.show,
            key=outcome.key,
            sent_at_ms=outcome.at_ms,
            account=outcome.account,
            fingerprint=fingerprint,
            keyed=keyed,
        )

    def _recall(self, show: int, reservation: bytes | None) -> None:
        """Have an ended reservation at hand, as the service has read its row before it decides."""
        stock = self.state.shows.get(show)
        if reservation is not None and stock is not None and stock.is_forgotten(reservation):
            record = self._ended.get((show, reservation))
            if record is not None:
                stock.recall(record)

    def _keep(self, draft: Draft) -> None:
        for show, touched in draft.shows.items():
            for reservation, (_, record) in touched.reservations.items():
                if record.reservation.status not in LIVE_STATUSES:
                    self._ended[show, reservation] = record


def _by_offset(batch: LoggedBatch) -> dict[int, list[AnyOutcome]]:
    """Raises `Undecodable`."""
    found: dict[int, list[AnyOutcome]] = {}
    for outcome in messages.decode_outcomes(batch.payload):
        found.setdefault(outcome.offset, []).append(outcome)
    return found


def _read(record: LogRecord) -> AnyCommand | None:
    try:
        return messages.decode_command(record.value)
    except messages.Undecodable:
        return None


def _difference(recorded: list[AnyOutcome], decided: list[AnyOutcome]) -> str:
    said = f"recorded {_told(recorded)}; decided again {_told(decided)}"
    for old, new in zip(recorded, decided, strict=False):
        if type(old) is type(new):
            # A reservation's own fields say more than "the reservation differs".
            old_fields, new_fields = (_flat(msgspec.structs.asdict(one)) for one in (old, new))
            differing = [
                f"{name} {old_fields.get(name)!r} or {new_fields.get(name)!r}"
                for name in old_fields | new_fields
                if old_fields.get(name) != new_fields.get(name)
            ]
            if differing:
                return f"{said}; they differ in {', '.join(differing)}"
    return said


def _flat(fields: dict[str, object]) -> dict[str, object]:
    reservation = fields.pop("reservation", None)
    if isinstance(reservation, messages.Reservation):
        fields |= {f"reservation.{name}": value for name, value in msgspec.structs.asdict(reservation).items()}
    return fields


def _told(outcomes: Sequence[AnyOutcome]) -> str:
    return " and ".join(map(_in_words, outcomes)) or "nothing"


def _in_words(outcome: AnyOutcome) -> str:
    words = [type(outcome).__name__]
    if isinstance(outcome, ReservationOutcome):
        words.append(reservation_text(outcome.show, outcome.reservation.id))
    if isinstance(outcome, Refusal):
        words.append(outcome.code)
    if outcome.repeat:
        words.append("(repeat)")
    return " ".join(words)


def _about_letter(code: str, letter: tuple[str, bytes] | None) -> str:
    if letter is None:
        return f"is rejected as {code}, and there is no dead letter of it"
    if not code:
        return f"is a dead letter ({letter[0]}), and could be decided"
    if letter[0] != code:
        return f"is rejected as {code}, and a dead letter as {letter[0]}"
    return f"is rejected as {code}, and the dead letter holds another record"
