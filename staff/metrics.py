"""What the sign-in counts."""

from prometheus_client import Counter

SIGN_INS = Counter("staff_sign_ins_total", "Attempts to sign in, by what came of them", ["result"])
