-- What the notifier does about money that has moved or is to move: payments whose notice has not come, and refunds. Taken
-- from the log of outcomes, one process at a time, and never forgotten.
CREATE TABLE delivery_cursor (
    part            int PRIMARY KEY,
    batch_seq       bigint NOT NULL
);
COMMENT ON TABLE delivery_cursor IS 'Up to which batch of outcomes has been taken; moved with what is taken from it.';

CREATE TABLE delivery_payment (
    attempt         text PRIMARY KEY,
    part            int NOT NULL,
    show_id         bigint NOT NULL,
    reservation_id  bytea NOT NULL,
    provider        text NOT NULL,
    lapses_at_ms    bigint NOT NULL,
    state           text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'ended', 'given_up')),
    asks            int NOT NULL DEFAULT 0,
    due_at_ms       bigint NOT NULL,
    claimed_until_ms bigint NOT NULL DEFAULT 0,
    last_error      text NOT NULL DEFAULT ''
);
CREATE INDEX delivery_payment_due ON delivery_payment (due_at_ms) WHERE state = 'open';
COMMENT ON TABLE delivery_payment IS 'Attempts to pay: asked about until the provider has said its last word.';
COMMENT ON COLUMN delivery_payment.claimed_until_ms IS 'until then one notifier is at it; a process that dies is succeeded';

CREATE TABLE delivery_refund (
    refund_id       text PRIMARY KEY,
    part            int NOT NULL,
    show_id         bigint NOT NULL,
    reservation_id  bytea NOT NULL,
    provider        text NOT NULL,
    reference       text NOT NULL,
    amount          bigint NOT NULL CHECK (amount > 0),
    reason          text NOT NULL,
    owner           text NOT NULL,
    state           text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'done', 'failed')),
    tries           int NOT NULL DEFAULT 0,
    due_at_ms       bigint NOT NULL,
    claimed_until_ms bigint NOT NULL DEFAULT 0,
    provider_refund text,
    last_error      text NOT NULL DEFAULT '',
    created_at_ms   bigint NOT NULL,
    settled_at_ms   bigint
);
CREATE INDEX delivery_refund_due ON delivery_refund (due_at_ms) WHERE state = 'due';
CREATE INDEX delivery_refund_by_show ON delivery_refund (show_id, reservation_id);
COMMENT ON COLUMN delivery_refund.refund_id IS 'the event that says so; also its idempotency key at the provider';

CREATE TABLE delivery_mail (
    mail_id         text PRIMARY KEY,
    part            int NOT NULL,
    show_id         bigint NOT NULL,
    reservation_id  bytea NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('confirmed', 'changed', 'cancelled', 'link')),
    state           text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'sent', 'not_sent', 'failed')),
    tries           int NOT NULL DEFAULT 0,
    due_at_ms       bigint NOT NULL,
    claimed_until_ms bigint NOT NULL DEFAULT 0,
    last_error      text NOT NULL DEFAULT '',
    created_at_ms   bigint NOT NULL,
    settled_at_ms   bigint
);
CREATE INDEX delivery_mail_due ON delivery_mail (due_at_ms) WHERE state = 'due';
COMMENT ON TABLE delivery_mail IS 'Letters to be written. The address is not here: it is read when the letter is sent.';
COMMENT ON COLUMN delivery_mail.mail_id IS 'the event that is written about, or the request for the link; in its Message-ID';

GRANT SELECT, INSERT, UPDATE ON delivery_cursor, delivery_payment, delivery_refund, delivery_mail TO onsale_notifier;
GRANT INSERT ON delivery_mail TO onsale_ingress;
GRANT SELECT ON delivery_payment TO onsale_ingress;
GRANT SELECT, UPDATE ON delivery_refund TO onsale_ingress;
