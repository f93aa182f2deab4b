-- The waiting room: what operators decided, which numbers are given away, and who joined and who was let in.
-- Redis counts; this is what the counting starts again from when Redis has lost its memory.

CREATE TABLE room (
    show_id         bigint PRIMARY KEY,
    control         text NOT NULL DEFAULT 'schedule' CHECK (control IN ('schedule', 'open', 'paused', 'idle')),
    reason          text NOT NULL DEFAULT '',
    rate_per_min    int CHECK (rate_per_min BETWEEN 0 AND 1000000),
    wave            int NOT NULL DEFAULT 0,
    version         int NOT NULL DEFAULT 1,
    created_at_ms   bigint NOT NULL,
    changed_at_ms   bigint NOT NULL
);
COMMENT ON COLUMN room.rate_per_min IS 'the operators'' ceiling in people per minute; null: the setting''s default';
COMMENT ON COLUMN room.wave IS 'passes of an earlier wave are revoked';

CREATE TABLE room_line (
    show_id         bigint NOT NULL REFERENCES room,
    line            text NOT NULL,
    store_gen       int NOT NULL,
    issued_ceiling  bigint NOT NULL,
    serving_floor   bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (show_id, line)
) WITH (fillfactor = 50);
COMMENT ON COLUMN room_line.store_gen IS 'one more for each start of the counters; only the latest may have more numbers';
COMMENT ON COLUMN room_line.issued_ceiling IS 'numbers up to here are reserved: counters that start anew start above it';
COMMENT ON COLUMN room_line.serving_floor IS 'the line was served at least this far';

CREATE TABLE room_entry (
    show_id         bigint NOT NULL,
    line            text NOT NULL,
    n               bigint NOT NULL,
    entry           bytea NOT NULL CHECK (octet_length(entry) = 16),
    leaf            bytea NOT NULL CHECK (octet_length(leaf) = 32),
    joined_at_ms    bigint NOT NULL,
    PRIMARY KEY (show_id, line, n)
);
COMMENT ON COLUMN room_entry.leaf IS 'hash of n, entry and the hash of the secret: a place that nobody can mint later';
-- Whatever the counters forget between two answers: an entry has the one place that was kept first.
CREATE UNIQUE INDEX room_entry_by_entry ON room_entry (show_id, line, entry);

CREATE TABLE room_claim (
    show_id         bigint NOT NULL,
    line            text NOT NULL,
    n               bigint NOT NULL,
    claimed_at_ms   bigint,
    given_up_at_ms  bigint,
    PRIMARY KEY (show_id, line, n)
);
COMMENT ON TABLE room_claim IS 'The first claim of each place, from which its pass runs, so that a later one gets the same.';

CREATE TABLE room_act (
    act_no          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    show_id         bigint NOT NULL REFERENCES room,
    version         int NOT NULL,
    at_ms           bigint NOT NULL,
    key_id          text NOT NULL,
    act             text NOT NULL,
    rate_per_min    int,
    reason          text NOT NULL
);
COMMENT ON TABLE room_act IS 'What operators did, and why. Only added to.';

CREATE VIEW room_waves AS SELECT show_id, wave FROM room;

GRANT SELECT, INSERT, UPDATE ON room, room_line, room_claim TO onsale_waiting_room;
GRANT SELECT, INSERT ON room_entry, room_act TO onsale_waiting_room;
GRANT SELECT ON room_waves TO onsale_ingress, onsale_notifier;
GRANT SELECT ON room, room_line, room_entry, room_claim, room_act TO onsale_verify;
