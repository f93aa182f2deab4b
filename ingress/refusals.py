"""Saying no: RFC 9457 problem documents, one for every way in which a request can fail.

`Refused` unwinds a request at the edge; what the sale itself decides travels as values (`Rejection`, `Refusal`).
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from ingress.service import NotTaken
from ticketing.asks import HoldBody
from ticketing.intake import Rejection
from ticketing.labels import PlaceConflict, place_conflict, seat_labels
from ticketing.layout import Layout
from ticketing.messages import Refusal
from ticketing.problems import PROBLEMS
from ticketing.sandbox import Asked, Forced, forced
from ticketing.vocabulary import CONFLICTS_SHOWN_MAX

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1
TELLS_WHEN = frozenset({"cooling_down"})
"""Codes beside those of 429 and 503 whose answer says when to come again."""


class FieldError(Struct, kw_only=True):
    """What is wrong with one field; `pointer` is a JSON pointer into the body, or `?name` or `Name:` for a parameter
    or header."""

    pointer: str
    code: str


class ProblemAnswer(Struct, kw_only=True, omit_defaults=True):
    """An error (RFC 9457). `code` is stable; `retryable`: the same request, unchanged, may succeed later."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    retryable: bool
    retry_after_s: int | None = None
    request: str | None = None
    """Where the command stands in the log, if it got there."""
    conflicts: list[PlaceConflict] | None = None
    conflicts_total: int | None = None
    alternatives: list[list[str]] | None = None
    errors: list[FieldError] | None = None


class Refused(Exception):
    """The request ends here with the problem `code`."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        conflicts: Sequence[PlaceConflict] = (),
        conflicts_total: int = 0,
        alternatives: Sequence[list[str]] = (),
        retry_after_s: int | None = None,
        headers: Sequence[tuple[str, str]] = (),
        request: str | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = PROBLEMS[code].status
        self.detail = detail or PROBLEMS[code].title
        self.errors = list(errors)
        self.conflicts = list(conflicts)
        self.conflicts_total = conflicts_total or len(self.conflicts)
        self.alternatives = list(alternatives)
        self.retry_after_s = retry_after_s
        if retry_after_s is None and (self.status in (429, 503) or code in TELLS_WHEN):
            self.retry_after_s = RETRY_AFTER_S
        self.headers = list(headers)
        self.request = request

    def body(self, *, instance: str, request_id: str) -> ProblemAnswer:
        """The problem document. `instance` is the path of the request, `request_id` that of its answer."""
        problem = PROBLEMS[self.code]
        return ProblemAnswer(
            type=f"/api/problems/{self.code}",
            title=problem.title,
            status=problem.status,
            detail=self.detail,
            instance=instance,
            code=self.code,
            request_id=request_id,
            retryable=problem.retryable,
            retry_after_s=self.retry_after_s,
            request=self.request,
            conflicts=self.conflicts[:CONFLICTS_SHOWN_MAX] or None,
            conflicts_total=self.conflicts_total or None,
            alternatives=self.alternatives or None,
            errors=self.errors or None,
        )


def from_rejection(rejection: Rejection) -> Refused:
    """Intake's "no": nothing was put on the log."""
    conflicts = [PlaceConflict(label=label, reason="unknown") for label in rejection.unknown[:CONFLICTS_SHOWN_MAX]]
    return Refused(rejection.code, rejection.detail, conflicts=conflicts, conflicts_total=len(rejection.unknown))


def as_forced(body: HoldBody, *, sandbox: bool) -> Asked:
    """What is asked for; by a sandbox key, without its forcing labels. Raises `Refused` with what they force."""
    wish = forced(body) if sandbox else Asked(body)
    if isinstance(wish, Forced):
        conflicts = [PlaceConflict(label=label, reason="held") for label in wish.lost]
        raise Refused(wish.code, wish.detail, conflicts=conflicts)
    return wish


def from_not_taken(refused: NotTaken) -> Refused:
    """The log's "not now"."""
    return Refused(refused.code, refused.detail, retry_after_s=refused.retry_after_s)


def from_refusal(refusal: Refusal, layout: Layout | None, request: str) -> Refused:
    """The allocator's "no", with labels in place of numbers."""
    code = refusal.code if refusal.code in PROBLEMS else "internal_error"
    return Refused(
        code,
        refusal.detail,
        conflicts=[place_conflict(conflict, refusal.show, layout) for conflict in refusal.conflicts],
        conflicts_total=refusal.conflicts_total,
        alternatives=[] if layout is None else [seat_labels(layout, seats) for seats in refusal.alternatives],
        retry_after_s=refusal.wait_s,
        request=request,
    )


def field_errors(found: Sequence[tuple[str, str]]) -> list[FieldError]:
    """`(JSON pointer, code)` pairs as they are answered, at most 50."""
    return [FieldError(pointer=pointer, code=code) for pointer, code in found[:CONFLICTS_SHOWN_MAX]]


def encode_problem(problem: ProblemAnswer) -> bytes:
    """A problem document as JSON."""
    return msgspec.json.encode(problem)
