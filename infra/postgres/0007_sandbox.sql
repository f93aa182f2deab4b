-- The built-in sandbox provider's own book. It is a stranger: nothing of ours reads it, and it reads nothing of ours.
CREATE TABLE sandbox_attempt (
    attempt         text PRIMARY KEY,
    page            text NOT NULL UNIQUE,
    amount          bigint NOT NULL CHECK (amount > 0),
    currency        text NOT NULL,
    description     text NOT NULL,
    return_to       text NOT NULL,
    notify_at       text NOT NULL,
    lapses_at_ms    bigint NOT NULL,
    state           text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'paid', 'declined')),
    state_at_ms     bigint NOT NULL DEFAULT 0,
    reason          text NOT NULL DEFAULT ''
);
COMMENT ON COLUMN sandbox_attempt.page IS 'random: who knows it may pay';
COMMENT ON COLUMN sandbox_attempt.state_at_ms IS 'from when on the state counts; until then the attempt is open';

CREATE TABLE sandbox_charge (
    reference       text PRIMARY KEY,
    attempt         text NOT NULL REFERENCES sandbox_attempt,
    amount          bigint NOT NULL
);
CREATE INDEX sandbox_charge_attempt ON sandbox_charge (attempt);

CREATE TABLE sandbox_refund (
    name            text PRIMARY KEY,
    reference       text NOT NULL REFERENCES sandbox_charge,
    amount          bigint NOT NULL CHECK (amount > 0),
    reason          text NOT NULL
);
CREATE INDEX sandbox_refund_reference ON sandbox_refund (reference);
COMMENT ON COLUMN sandbox_refund.name IS 'its idempotency key: the same one twice is one refund';

CREATE TABLE sandbox_notice (
    notice_id       text PRIMARY KEY,
    attempt         text NOT NULL REFERENCES sandbox_attempt,
    due_at_ms       bigint NOT NULL,
    tries           int NOT NULL DEFAULT 0,
    done            boolean NOT NULL DEFAULT false
);
CREATE INDEX sandbox_notice_due ON sandbox_notice (due_at_ms) WHERE NOT done;

GRANT SELECT, INSERT, UPDATE ON sandbox_attempt, sandbox_notice TO onsale_sandbox;
GRANT SELECT, INSERT ON sandbox_charge, sandbox_refund TO onsale_sandbox;
