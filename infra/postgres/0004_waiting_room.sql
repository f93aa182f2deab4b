-- The waiting room: what operators decided, which numbers are given away, and who joined and who was let in.
-- Redis counts; this is what the counting starts again from when Redis has lost its memory.

CREATE TABLE room (
    show_id         bigint PRIMARY KEY,
    control         text NOT NULL DEFAULT 'schedule'
                    CHECK (control IN ('schedule', 'open', 'paused', 'idle', 'draining', 'held', 'soldout')),
    reason          text NOT NULL DEFAULT '',
    rate_per_min    int CHECK (rate_per_min BETWEEN 0 AND 1000000),
    shares          jsonb NOT NULL DEFAULT '{"general": 100}',
    active_max      int CHECK (active_max > 0),
    message         jsonb NOT NULL DEFAULT '{}',
    open_until_ms   bigint NOT NULL DEFAULT 0,
    prequeue_at_ms  bigint NOT NULL DEFAULT 0,
    coded           text[] NOT NULL DEFAULT '{}',
    wave            int NOT NULL DEFAULT 0,
    version         int NOT NULL DEFAULT 1,
    created_at_ms   bigint NOT NULL,
    changed_at_ms   bigint NOT NULL
);
COMMENT ON COLUMN room.rate_per_min IS 'the operators'' ceiling in people per minute; null: the setting''s default';
COMMENT ON COLUMN room.shares IS 'the lines that there are, and the part of the rate that each of them gets';
COMMENT ON COLUMN room.active_max IS 'passes in use at a time; null: the setting''s default';
COMMENT ON COLUMN room.message IS 'shown to all who wait: severity, and text by language';
COMMENT ON COLUMN room.open_until_ms IS 'until when the control idle counts; 0: until somebody says otherwise';
COMMENT ON COLUMN room.prequeue_at_ms IS 'people may join from then on; 0: at any time before the sale opens';
COMMENT ON COLUMN room.coded IS 'lines that only people with a code of theirs may join';
COMMENT ON COLUMN room.wave IS 'passes of an earlier wave are revoked';

CREATE TABLE room_line (
    show_id         bigint NOT NULL REFERENCES room,
    line            text NOT NULL,
    store_gen       int NOT NULL,
    issued_ceiling  bigint NOT NULL,
    serving_floor   bigint NOT NULL DEFAULT 0,
    settled_n       bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (show_id, line)
) WITH (fillfactor = 50);
COMMENT ON COLUMN room_line.store_gen IS 'one more for each start of the counters; only the latest may have more numbers';
COMMENT ON COLUMN room_line.issued_ceiling IS 'numbers up to here are reserved: counters that start anew start above it';
COMMENT ON COLUMN room_line.serving_floor IS 'the line was served at least this far';
COMMENT ON COLUMN room_line.settled_n IS 'before the draw: entries up to here are fixed, none is added any more';

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
    deferred_to     bigint,
    PRIMARY KEY (show_id, line, n)
);
COMMENT ON COLUMN room_claim.deferred_to IS 'its holder let everybody before this place go first';
COMMENT ON TABLE room_claim IS 'The first claim of each place, from which its pass runs, so that a later one gets the same.';

CREATE TABLE room_act (
    act_no          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    show_id         bigint NOT NULL REFERENCES room,
    version         int NOT NULL,
    at_ms           bigint NOT NULL,
    key_id          text NOT NULL,
    act             text NOT NULL,
    reason          text NOT NULL,
    changes         jsonb NOT NULL,
    chained         bytea NOT NULL CHECK (octet_length(chained) = 32),
    UNIQUE (show_id, version)
);
COMMENT ON TABLE room_act IS 'What operators did, and why. Only added to.';
COMMENT ON COLUMN room_act.chained IS 'sha256 over this act and, through the one before, over all before it';

CREATE TABLE room_draw (
    show_id         bigint NOT NULL REFERENCES room,
    line            text NOT NULL,
    commitment      bytea NOT NULL CHECK (octet_length(commitment) = 32),
    source          text NOT NULL,
    size            bigint,
    closed_at_ms    bigint,
    root            bytea CHECK (octet_length(root) = 32),
    blocks          bytea STORAGE EXTERNAL,
    sealed_at_ms    bigint,
    beacon          text,
    round           text,
    value           bytea,
    independent     boolean,
    note            text NOT NULL DEFAULT '',
    seed            bytea CHECK (octet_length(seed) = 32),
    drawn_at_ms     bigint,
    PRIMARY KEY (show_id, line),
    CHECK (root IS NULL OR size IS NOT NULL),
    CHECK (seed IS NULL OR root IS NOT NULL)
);
COMMENT ON TABLE room_draw IS 'The draw among those who joined before the opening; each step is written once and stays.';
COMMENT ON COLUMN room_draw.commitment IS 'sha256 of our own value, told before anybody joins';
COMMENT ON COLUMN room_draw.blocks IS 'the node above each 1,024 leaves, 32 bytes each: what proofs are made from';

CREATE TABLE room_root (
    show_id         bigint NOT NULL REFERENCES room,
    line            text NOT NULL,
    size            bigint NOT NULL,
    at_ms           bigint NOT NULL,
    root            bytea NOT NULL CHECK (octet_length(root) = 32),
    PRIMARY KEY (show_id, line, size)
);
COMMENT ON TABLE room_root IS 'Roots published while people joined: whoever kept one can tell that nobody was exchanged.';

CREATE TABLE room_code (
    show_id         bigint NOT NULL REFERENCES room,
    line            text NOT NULL,
    code_hash       bytea NOT NULL CHECK (octet_length(code_hash) = 32),
    uses_max        int NOT NULL CHECK (uses_max > 0),
    added_at_ms     bigint NOT NULL,
    PRIMARY KEY (show_id, line, code_hash)
);
COMMENT ON TABLE room_code IS 'Presale codes, by their hashes: nobody can read them here.';

CREATE TABLE room_code_use (
    show_id         bigint NOT NULL,
    line            text NOT NULL,
    code_hash       bytea NOT NULL,
    entry           bytea NOT NULL CHECK (octet_length(entry) = 16),
    used_at_ms      bigint NOT NULL,
    PRIMARY KEY (show_id, line, code_hash, entry),
    FOREIGN KEY (show_id, line, code_hash) REFERENCES room_code
);

CREATE TABLE room_track (
    show_id         bigint NOT NULL REFERENCES room,
    at_ms           bigint NOT NULL,
    phase           text NOT NULL,
    lines           jsonb NOT NULL,
    claimed         bigint NOT NULL,
    given_up        bigint NOT NULL,
    available       bigint,
    held            bigint,
    booked          bigint,
    rate_target     int NOT NULL,
    limited_by      text NOT NULL,
    lag_ms          bigint,
    PRIMARY KEY (show_id, at_ms)
);
COMMENT ON TABLE room_track IS 'How a sale went, every few seconds: what a plan, and fairness, are held against.';
COMMENT ON COLUMN room_track.lines IS 'line -> [numbers issued, place served]';

CREATE TABLE room_tally (
    show_id         bigint NOT NULL REFERENCES room,
    kind            text NOT NULL,
    name            text NOT NULL,
    n               bigint NOT NULL,
    PRIMARY KEY (show_id, kind, name)
);
COMMENT ON TABLE room_tally IS 'Counts of what became of fans, of nobody by name: refused, cleared, by device, by network.';

CREATE TABLE room_plan (
    show_id         bigint PRIMARY KEY REFERENCES room,
    kept_at_ms      bigint NOT NULL,
    plan            jsonb NOT NULL
);
COMMENT ON TABLE room_plan IS 'The rehearsal that a sale is to follow; who filed it and why stands in room_act.';

CREATE VIEW room_waves AS SELECT show_id, wave FROM room;

GRANT SELECT, INSERT, UPDATE ON room, room_line, room_claim, room_draw TO onsale_waiting_room;
GRANT SELECT, INSERT ON room_entry, room_act, room_root TO onsale_waiting_room;
-- The row of a code is locked while it is used, which takes the right to change it.
GRANT SELECT, INSERT, UPDATE ON room_code TO onsale_waiting_room;
GRANT SELECT, INSERT ON room_code_use, room_track TO onsale_waiting_room;
GRANT SELECT, INSERT, UPDATE ON room_tally, room_plan TO onsale_waiting_room;
GRANT SELECT ON room_waves TO onsale_ingress, onsale_notifier;
GRANT SELECT ON room, room_line, room_entry, room_claim, room_act, room_draw, room_root, room_code,
    room_code_use, room_track, room_tally, room_plan TO onsale_verify;
