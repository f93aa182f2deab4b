"""How a call can end other than well."""

from msgspec import Struct


class Conflict(Struct, kw_only=True):
    """Why one place could not be had: `held`, `booked`, `blocked`, `allocated`, `unknown` or `already_yours`."""

    label: str
    reason: str
    reservation: str | None = None


class FieldError(Struct, kw_only=True):
    """What is wrong with one field of a request; `pointer` is a JSON pointer into the body."""

    pointer: str
    code: str


class Problem(Struct, kw_only=True):
    """A problem document (RFC 9457). Programs decide by `code`."""

    code: str
    status: int
    title: str = ""
    detail: str = ""
    type: str = "about:blank"
    instance: str = ""
    request_id: str = ""
    retryable: bool = False
    retry_after_s: int | None = None
    request: str | None = None
    conflicts: list[Conflict] = []
    conflicts_total: int = 0
    alternatives: list[list[str]] = []
    errors: list[FieldError] = []


class OnsaleError(Exception):
    """Anything that this client raises."""


class Refused(OnsaleError):
    """The answer is no, and says why. Losing a seat is one of these, not a failure."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.code}: {problem.detail or problem.title}")
        self.problem = problem

    @property
    def code(self) -> str:
        """The stable code of the problem."""
        return self.problem.code


class Unreachable(OnsaleError):
    """Nothing was changed and there is no answer: the server could not be reached, or said "not now" for too long."""

    def __init__(self, detail: str, problem: Problem | None = None) -> None:
        super().__init__(detail)
        self.problem = problem


class Undecided(OnsaleError):
    """Whether it was done is not known, and patience has ended. The same call with `idempotency_key` tells, later."""

    def __init__(self, detail: str, idempotency_key: str, request: str | None) -> None:
        super().__init__(detail)
        self.idempotency_key = idempotency_key
        self.request = request
        """The id of the request, if the server gave one."""
