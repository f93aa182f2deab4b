-- What is told to those who call with an API key, beyond a socket: their feed, and their webhooks. Written by the
-- notifier from the log of outcomes, one process at a time, so event_no ascends in the order of commits.
CREATE TABLE caller_event (
    event_no        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account         text NOT NULL,
    event_id        text NOT NULL,
    kind            text NOT NULL,
    body            bytea NOT NULL,
    decided_at_ms   bigint NOT NULL,
    UNIQUE (account, event_id)
);
CREATE INDEX caller_event_feed ON caller_event (account, event_no);
CREATE INDEX caller_event_age ON caller_event (decided_at_ms);
COMMENT ON COLUMN caller_event.body IS 'JSON, as it is sent; no personal data, like the log that it comes from';

CREATE TABLE caller_event_cursor (
    part            int PRIMARY KEY,
    batch_seq       bigint NOT NULL
);
COMMENT ON TABLE caller_event_cursor IS 'Up to which batch of outcomes events have been taken; moved with their insertion.';

CREATE TABLE webhook (
    webhook_id      text PRIMARY KEY,
    account         text NOT NULL REFERENCES api_key (key_id),
    url             text NOT NULL,
    events          text[] NOT NULL,
    description     text NOT NULL,
    secret          text NOT NULL,
    previous_secret text,
    previous_ends_at_ms bigint,
    created_at_ms   bigint NOT NULL,
    disabled_at_ms  bigint,
    disabled_why    text
);
CREATE INDEX webhook_account ON webhook (account);
COMMENT ON COLUMN webhook.events IS 'names of events; none means all';
COMMENT ON COLUMN webhook.secret IS 'signs what is sent, so it must be readable, unlike that of a key';

CREATE TABLE webhook_delivery (
    webhook_id      text NOT NULL REFERENCES webhook ON DELETE CASCADE,
    event_no        bigint NOT NULL REFERENCES caller_event ON DELETE CASCADE,
    state           text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'done', 'failed')),
    attempts        int NOT NULL DEFAULT 0,
    due_at_ms       bigint NOT NULL,
    claimed_until_ms bigint NOT NULL DEFAULT 0,
    last_status     int,
    last_error      text,
    settled_at_ms   bigint,
    PRIMARY KEY (webhook_id, event_no)
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (due_at_ms) WHERE state = 'due';
CREATE INDEX webhook_delivery_event ON webhook_delivery (event_no);
COMMENT ON COLUMN webhook_delivery.claimed_until_ms IS 'until then one notifier is at it; a process that dies is succeeded';

GRANT SELECT, INSERT, DELETE ON caller_event TO onsale_notifier;
GRANT SELECT, INSERT, UPDATE ON caller_event_cursor TO onsale_notifier;
GRANT SELECT ON webhook TO onsale_notifier;
GRANT UPDATE (disabled_at_ms, disabled_why) ON webhook TO onsale_notifier;
GRANT SELECT, INSERT, UPDATE ON webhook_delivery TO onsale_notifier;
GRANT SELECT ON caller_event TO onsale_ingress;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook TO onsale_ingress;
GRANT SELECT, UPDATE ON webhook_delivery TO onsale_ingress;
