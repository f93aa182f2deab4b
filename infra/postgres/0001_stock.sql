-- The stock: what is taken, by whom, and the log of what was decided. Only apply_batch() (0002) writes any of it.
-- Every key begins with `part`, the partition of the log that decides over the row, so that the whole of a batch
-- lives in one shard. Times are milliseconds since 1970 and end in _ms; money is in minor units.

CREATE TABLE installation (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    history_id  text NOT NULL
);
COMMENT ON TABLE installation IS 'history_id is new after a restore from backup, so that readers know to reload.';
INSERT INTO installation (history_id) VALUES (replace(gen_random_uuid()::text, '-', ''));

-- Bookmark, fence, batch number and lease in one row: they move together or not at all.
CREATE TABLE allocator_cursor (
    part            int PRIMARY KEY,
    epoch           bigint NOT NULL DEFAULT 0,
    batch_seq       bigint NOT NULL DEFAULT 0,
    next_offset     bigint NOT NULL DEFAULT 0,
    tail_hash       bytea,
    log_gen         int NOT NULL DEFAULT 0,
    last_now_ms     bigint NOT NULL DEFAULT 0,
    published_seq   bigint NOT NULL DEFAULT 0,
    chain           bytea NOT NULL DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000',
    owner           uuid,
    lease_until     timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 20);  -- updated by every batch: room for HOT updates on its own page

CREATE TABLE allocator_member (
    owner           uuid PRIMARY KEY,
    backend_pid     int NOT NULL,
    backend_start   timestamptz NOT NULL,
    seen_until      timestamptz NOT NULL
);
COMMENT ON TABLE allocator_member IS 'Who is alive: the backend is that of the connection which renews the leases.';

CREATE TABLE show (
    part            int NOT NULL,
    show_id         bigint NOT NULL,
    status          text NOT NULL CHECK (status IN ('open', 'closed', 'cancelled')),
    seq             bigint NOT NULL,
    layout_id       text NOT NULL,
    layout_sha256   bytea NOT NULL,
    currency        text NOT NULL,
    starts_at_ms    bigint NOT NULL,
    opens_at_ms     bigint NOT NULL,
    closes_at_ms    bigint NOT NULL,
    prices          jsonb NOT NULL,
    policy          jsonb NOT NULL,
    opened_at_ms    bigint NOT NULL,
    allocations     jsonb NOT NULL DEFAULT '{}',
    orders          bytea NOT NULL DEFAULT '',
    PRIMARY KEY (part, show_id)
) WITH (fillfactor = 50);
COMMENT ON COLUMN show.orders IS 'the last command keys of its operators with their verdicts, packed: answers to repeats';

CREATE TABLE area (
    part            int NOT NULL,
    show_id         bigint NOT NULL,
    area_no         int NOT NULL,
    capacity        int NOT NULL,
    taken           int NOT NULL CHECK (0 <= taken AND taken <= capacity),
    PRIMARY KEY (part, show_id, area_no)
) WITH (fillfactor = 50);

-- A seat is taken if and only if it has a row: the primary key refuses a double sale whatever the code thinks.
-- One that is blocked has a row with 'blocked' for its reservation, which is too short to be one.
CREATE TABLE seat_taken (
    part            int NOT NULL,
    show_id         bigint NOT NULL,
    seat_no         int NOT NULL,
    reservation_id  bytea NOT NULL,
    PRIMARY KEY (part, show_id, seat_no)
);

CREATE TABLE reservation (
    part            int NOT NULL,
    show_id         bigint NOT NULL,
    reservation_id  bytea NOT NULL CHECK (octet_length(reservation_id) = 16),
    status          text NOT NULL
        CHECK (status IN ('held', 'paying', 'booked', 'released', 'expired', 'cancelled')),
    version         int NOT NULL,
    account         text NOT NULL,
    person          text NOT NULL,
    seats           int[] NOT NULL,
    areas           int[] NOT NULL,
    prices          bigint[] NOT NULL,
    amount          bigint NOT NULL,
    held_at_ms      bigint NOT NULL,
    expires_at_ms   bigint NOT NULL,
    hold_s          int NOT NULL,
    booked_at_ms    bigint NOT NULL,
    external_id     text NOT NULL,
    payment_until_ms bigint NOT NULL,
    fingerprint     bytea NOT NULL,
    recent          bytea NOT NULL,
    noted           boolean NOT NULL DEFAULT false,
    bound           text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (part, show_id, reservation_id)
) WITH (fillfactor = 80);
COMMENT ON COLUMN reservation.areas IS 'area_no and quantity in turn';
COMMENT ON COLUMN reservation.prices IS 'one for each seat, then one for each area (for one place in it)';
COMMENT ON COLUMN reservation.payment_until_ms IS 'how long the first payment stopped expiry; 0: none was begun';
COMMENT ON COLUMN reservation.noted IS 'whether something was noted beside the hold that is not on the log';
COMMENT ON COLUMN reservation.bound IS 'keyed hashes of an e-mail address, of what was paid with: limits bind them too';
COMMENT ON COLUMN reservation.recent IS 'the last command keys with their verdicts, packed: answers to repeats';

CREATE TABLE payment (
    part            int NOT NULL,
    show_id         bigint NOT NULL,
    provider        text NOT NULL,
    reference       text NOT NULL,
    reservation_id  bytea NOT NULL,
    amount          bigint NOT NULL,
    accepted        boolean NOT NULL,
    refund_due      bigint NOT NULL CHECK (0 <= refund_due AND refund_due <= amount),
    PRIMARY KEY (part, show_id, provider, reference)
);
COMMENT ON COLUMN payment.accepted IS 'it paid for its booking; if not, it came in vain and all of it is due back';

CREATE TABLE outcome_log (
    part            int NOT NULL,
    batch_seq       bigint NOT NULL,
    log_gen         int NOT NULL,
    first_offset    bigint NOT NULL,
    next_offset     bigint NOT NULL,
    decided_at_ms   bigint NOT NULL,
    decider_version int NOT NULL,
    chain           bytea NOT NULL,
    payload         bytea NOT NULL,
    PRIMARY KEY (part, batch_seq)
);
ALTER TABLE outcome_log ALTER COLUMN payload SET STORAGE EXTERNAL;  -- never squeezed: it is read back whole
CREATE INDEX outcome_log_by_offset ON outcome_log (part, log_gen, next_offset);

CREATE TABLE dead_letter (
    part            int NOT NULL,
    log_gen         int NOT NULL,
    log_offset      bigint NOT NULL,
    code            text NOT NULL,
    raw             bytea NOT NULL,
    PRIMARY KEY (part, log_gen, log_offset)
);

-- Read-only views: the only way in which one room sees what another one owns.
CREATE VIEW published_batches AS
SELECT c.part, c.batch_seq, c.published_seq, c.log_gen, c.next_offset, i.history_id
FROM allocator_cursor c CROSS JOIN installation i;

CREATE VIEW outcome_batches AS
SELECT part, log_gen, batch_seq, first_offset, next_offset, decided_at_ms, payload FROM outcome_log;

CREATE VIEW show_state AS
SELECT part, show_id, status, seq, layout_id, currency, starts_at_ms, opens_at_ms, closes_at_ms, policy, prices,
       allocations
FROM show;

CREATE VIEW show_snapshot AS
SELECT part, show_id, reservation_id, status, version, seats, areas FROM reservation
WHERE status IN ('held', 'paying', 'booked')
UNION ALL
SELECT part, show_id, reservation_id, 'blocked', 0, array_agg(seat_no), '{}' FROM seat_taken
WHERE reservation_id = 'blocked' GROUP BY part, show_id, reservation_id;
COMMENT ON VIEW show_snapshot IS 'What owns places now. Read with published_batches and show_state in one snapshot.';

CREATE VIEW taken_seats AS
SELECT part, show_id, seat_no, reservation_id FROM seat_taken WHERE reservation_id <> 'blocked';

CREATE VIEW live_holds AS
SELECT part, show_id, reservation_id, status, version, account, held_at_ms, expires_at_ms, hold_s
FROM reservation WHERE status IN ('held', 'paying');
CREATE INDEX reservation_unpaid ON reservation (part, show_id, person) WHERE status IN ('held', 'paying');

CREATE VIEW bookings_to_end AS
SELECT r.part, r.show_id, r.reservation_id, r.version FROM reservation r JOIN show s USING (part, show_id)
WHERE s.status = 'cancelled' AND r.status = 'booked';

CREATE VIEW reservations AS
SELECT part, show_id, reservation_id, status, version, account, person, seats, areas, prices, amount, held_at_ms,
       expires_at_ms, hold_s, booked_at_ms, external_id, payment_until_ms, fingerprint,
       noted
FROM reservation;

-- All channels in one list, the newest first.
CREATE INDEX reservation_booked ON reservation (booked_at_ms, reservation_id) WHERE status IN ('booked', 'cancelled');

CREATE VIEW bookings AS
SELECT 'bkg_' || lpad(to_hex(show_id), 10, '0') || encode(reservation_id, 'hex') AS booking,
       'shw_' || lpad(to_hex(show_id), 10, '0') AS show,
       status, seats, areas, amount, to_timestamp(booked_at_ms / 1000.0) AS booked_at, account,
       part, show_id, reservation_id
FROM reservation WHERE status IN ('booked', 'cancelled');

GRANT SELECT ON installation, allocator_cursor, allocator_member, show, area, seat_taken, reservation, payment,
    outcome_log, dead_letter TO onsale_allocator, onsale_verify;
GRANT UPDATE ON allocator_cursor TO onsale_allocator;
GRANT INSERT, UPDATE, DELETE ON allocator_member TO onsale_allocator;
GRANT SELECT ON published_batches, outcome_batches, show_state, show_snapshot TO onsale_ingress, onsale_notifier;
GRANT SELECT ON reservations, bookings TO onsale_ingress, onsale_notifier;
GRANT SELECT ON taken_seats TO onsale_ingress;
GRANT SELECT ON published_batches, outcome_batches, live_holds, bookings_to_end TO onsale_expiry_worker;
GRANT SELECT ON show_state TO onsale_expiry_worker, onsale_waiting_room;
