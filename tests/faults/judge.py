"""Compares what clients were told with what Postgres holds. Pure: values in, a verdict out.

What the tables say among themselves is `onsale verify`'s to judge; here it is whether they agree with the clients.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.history import Line
from ticketing import messages
from ticketing.messages import AnyOutcome
from ticketing.vocabulary import command_key, parse_request, parse_reservation, parse_show

EXAMPLES_MAX = 5


@dataclass(frozen=True)
class Tables:
    """What Postgres holds: each reservation's status, and each batch of outcomes by `(part, log_gen)`."""

    reservations: Mapping[tuple[int, bytes], str]
    outcomes: Mapping[tuple[int, int, int], Sequence[AnyOutcome]]
    """`(part, log_gen, offset)` -> the outcomes of the command that stands there."""


@dataclass
class Verdict:
    """Counts of requests; `wrong` says what must not be, with examples."""

    acknowledged: int = 0
    """Confirms that were answered 201."""
    lost: int = 0
    """Of these, those that are not booked."""
    doubled: int = 0
    """Reservations that nobody asked for, keys with two answers, requests with two outcomes."""
    gone: set[str] = field(default_factory=set)
    """Requests that were on the log (202) and have no outcome, whose keys got their verdicts elsewhere: that may be
    with a log that has lost its tail, and only then."""
    undecided: list[str] = field(default_factory=list)
    """Requests whose last word was unknown: the client had lost patience; what it was told till then, in words."""
    errors: int = 0
    """Answers 5xx other than 503."""
    wrong: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def note(self, what: str, example: str) -> None:
        """Something is wrong."""
        if len(self.wrong[what]) < EXAMPLES_MAX:
            self.wrong[what].append(example)


def judge(lines: Iterable[Line], tables: Tables, also_granted: Iterable[str] = ()) -> Verdict:
    """The verdict on a whole history; nothing may still be going on.

    `also_granted`: reservations that somebody else asked for, who does not write this history.
    """
    verdict = Verdict()
    attempts: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        attempts[line.op].append(line)
    for told in attempts.values():
        _judge_request(told, tables, verdict)
    _judge_places(attempts.values(), tables, verdict)
    _judge_rows(attempts.values(), tables, verdict, {parse_reservation(one) for one in also_granted})
    return verdict


def _judge_request(told: Sequence[Line], tables: Tables, verdict: Verdict) -> None:
    """One request with its repeats: one verdict, and what was granted is there."""
    for line in told:
        if line.status >= 500 and line.status != 503:
            verdict.errors += 1
            verdict.note("error", f"{line.kind} {line.status} {line.code}")
    verdicts = [line for line in told if line.event in {"ok", "fail"}]
    if not verdicts:
        verdict.undecided.append(_in_words(told))
        return
    first = verdicts[0]
    if {(line.event, line.reservation if line.event == "ok" else line.code) for line in verdicts} != {
        (first.event, first.reservation if first.event == "ok" else first.code)
    }:
        verdict.doubled += 1
        verdict.note("two answers to one key", f"{first.kind} {first.key}: {verdicts}")
    if first.event != "ok":
        return
    status = tables.reservations.get(parse_reservation(first.reservation))
    if first.kind == "confirm":
        verdict.acknowledged += 1
        if status != "booked":
            verdict.lost += 1
            verdict.note("acknowledged and not booked", f"{first.reservation} is {status}")
    elif status is None:
        verdict.note("granted and not there", f"{first.kind} {first.reservation}")


def _in_words(told: Sequence[Line]) -> str:
    """A request with its repeats, to be read by whoever wants to know why it took so long."""
    first = told[0]
    heard = [f"{line.at_s - first.at_s:.1f} s: {line.status or line.code}" for line in told if line.event != "invoke"]
    return f"{first.kind} {first.key} in {first.show}, {', '.join(heard)}"


def _judge_places(attempts: Iterable[Sequence[Line]], tables: Tables, verdict: Verdict) -> None:
    """Each place in the log that a client was told of has one outcome, and it is the one that the client heard."""
    heard: dict[str, set[str]] = defaultdict(set)
    retried: set[str] = set()
    for told in attempts:
        has_verdict = any(line.event in {"ok", "fail"} for line in told)
        for line in told:
            if line.request:
                heard[line.request].add(line.event)
                if has_verdict:
                    retried.add(line.request)
    for request, events in heard.items():
        part, log_gen, offset = parse_request(request)
        outcomes = tables.outcomes.get((part, log_gen, offset), ())
        if len(outcomes) > 1:
            verdict.doubled += 1
            verdict.note("two outcomes", request)
        elif not outcomes and events == {"unknown"} and request in retried:
            verdict.gone.add(request)
            verdict.note("no outcome", request)
        elif not outcomes and events == {"unknown"}:
            verdict.note("no outcome, whatever was tried", request)
        elif not outcomes:
            verdict.note("answered without an outcome", request)
        else:
            said = "fail" if isinstance(outcomes[0], messages.Refusal) else "ok"
            if events - {"unknown", said}:
                verdict.note("another answer than the outcome", f"{request}: {events}, {outcomes[0]}")


def _judge_rows(
    attempts: Iterable[Sequence[Line]], tables: Tables, verdict: Verdict, asked: set[tuple[int, bytes]]
) -> None:
    """Each reservation is one that was asked for: its id is the key of that request's command."""
    shows = set()
    for told in attempts:
        line = told[0]
        show = parse_show(line.show)
        shows.add(show)
        if line.kind == "hold":
            asked.add((show, command_key(
                account=line.account, method="POST", path_template="/api/reservations", show=show, key=line.key
            )))  # fmt: skip
    for place in tables.reservations:
        if place[0] in shows and place not in asked:
            verdict.doubled += 1
            verdict.note("nobody asked for it", f"{place[0]:x} {place[1].hex()}")
