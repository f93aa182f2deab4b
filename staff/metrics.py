"""What the sign-in counts."""

from prometheus_client import Counter, Histogram

SIGN_INS = Counter("staff_sign_ins_total", "Attempts to sign in, by what came of them", ["result"])
CHECK_SECONDS = Histogram(
    "staff_password_check_seconds",
    "Looking at one password, with the wait for its turn",
    buckets=(0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 5),
)

for _result in ("done", "wrong", "locked"):
    SIGN_INS.labels(_result)  # there from the start, as an alert looks for their rise
