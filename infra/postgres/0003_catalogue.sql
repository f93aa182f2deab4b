-- What is for sale, who may ask for it, and whom to tell. Owned by ingress; never read to decide over stock.

CREATE TABLE catalogue_venue (
    venue_id        text PRIMARY KEY,
    name            text NOT NULL,
    created_at_ms   bigint NOT NULL
);

CREATE TABLE catalogue_layout (
    layout_id       text PRIMARY KEY,
    venue_id        text NOT NULL REFERENCES catalogue_venue,
    version         int NOT NULL,
    sha256          bytea NOT NULL,
    places          int NOT NULL,
    document        bytea NOT NULL,
    created_at_ms   bigint NOT NULL,
    UNIQUE (venue_id, version)
);
COMMENT ON TABLE catalogue_layout IS 'Immutable: a changed layout is a new version.';

CREATE TABLE catalogue_show (
    show_id         bigint PRIMARY KEY,
    part            int NOT NULL,
    venue_id        text NOT NULL REFERENCES catalogue_venue,
    layout_id       text NOT NULL REFERENCES catalogue_layout,
    name            text NOT NULL,
    currency        text NOT NULL,
    starts_at_ms    bigint NOT NULL,
    opens_at_ms     bigint NOT NULL,
    closes_at_ms    bigint NOT NULL,
    places          int NOT NULL,
    prices          jsonb NOT NULL,
    policy          jsonb NOT NULL,
    created_by      text NOT NULL,
    request_key     bytea NOT NULL UNIQUE,
    fingerprint     bytea NOT NULL,
    created_at_ms   bigint NOT NULL
);
COMMENT ON COLUMN catalogue_show.part IS 'chosen when the show is created and never changed, whatever partitions are added';
COMMENT ON COLUMN catalogue_show.request_key IS 'the command key of the call that created it, so that a repeat finds it';

-- The only personal data we keep. Erasing a row leaves the ledger verifiable: the log holds a hash at most.
CREATE TABLE contact_booking (
    show_id         bigint NOT NULL,
    reservation_id  bytea NOT NULL,
    contact_hash    bytea NOT NULL,
    name            text NOT NULL,
    email           text NOT NULL,
    phone           text NOT NULL,
    notes           text NOT NULL,
    special_requests text NOT NULL,
    language        text NOT NULL DEFAULT '',
    created_at_ms   bigint NOT NULL,
    PRIMARY KEY (show_id, reservation_id, contact_hash)
);

-- What callers note beside their holds. It may speak of people as well, so it is erased with the contact of a booking.
CREATE TABLE contact_hold (
    show_id         bigint NOT NULL,
    reservation_id  bytea NOT NULL,
    fingerprint     bytea NOT NULL,
    reason          text NOT NULL,
    metadata        text,
    created_at_ms   bigint NOT NULL,
    PRIMARY KEY (show_id, reservation_id, fingerprint)
);
COMMENT ON COLUMN contact_hold.fingerprint IS 'of the request: that of another one under the same key, which was refused, is another row';
COMMENT ON COLUMN contact_hold.metadata IS 'JSON with \u escapes, which may stand for what jsonb cannot hold';

-- Of which holds a booking was made that was made of several, or of seats by name: what was noted beside them is told
-- with the booking and erased with it.
CREATE TABLE contact_basket (
    show_id         bigint NOT NULL,
    reservation_id  bytea NOT NULL,
    fingerprint     bytea NOT NULL,
    holds           bytea[] NOT NULL,
    created_at_ms   bigint NOT NULL,
    PRIMARY KEY (show_id, reservation_id, fingerprint)
);
COMMENT ON COLUMN contact_basket.reservation_id IS 'the booking''s';
COMMENT ON COLUMN contact_basket.holds IS 'their ids, of those beside which something was noted';

CREATE VIEW mail_addresses AS
SELECT show_id, reservation_id, name, email, language, created_at_ms FROM contact_booking;
COMMENT ON VIEW mail_addresses IS 'What whoever writes letters needs of the contacts, and no more.';

CREATE TABLE api_key (
    key_id              text PRIMARY KEY,
    key_hash            bytea NOT NULL UNIQUE,
    shown_prefix        text NOT NULL,
    previous_hash       bytea UNIQUE,
    previous_ends_at_ms bigint,
    name                text NOT NULL,
    roles               text[] NOT NULL,
    permissions         text[] NOT NULL DEFAULT '{}',
    venues              text[] NOT NULL DEFAULT '{}',
    shows               bigint[] NOT NULL DEFAULT '{}',
    addresses           text[] NOT NULL DEFAULT '{}',
    requests_per_min    int NOT NULL DEFAULT 100 CHECK (requests_per_min > 0),
    selling_at_once_max int NOT NULL DEFAULT 20 CHECK (selling_at_once_max > 0),
    sandbox             boolean NOT NULL,
    created_by          text NOT NULL DEFAULT '',
    partner             text NOT NULL DEFAULT '',
    created_at_ms       bigint NOT NULL,
    rotated_at_ms       bigint,
    revoked_at_ms       bigint
);
COMMENT ON COLUMN api_key.key_hash IS 'of the secret that is shown once; key_id is the account, which outlives it';
COMMENT ON COLUMN api_key.previous_hash IS 'the secret before the last rotation, good until previous_ends_at_ms';
COMMENT ON COLUMN api_key.partner IS 'the company it belongs to, whose people see it in the portal; none: of the house';
COMMENT ON COLUMN api_key.venues IS 'where it may sell and administer; all of venues, shows, addresses: none means no limit';
CREATE INDEX api_key_partner ON api_key (partner, created_at_ms, key_id);

CREATE VIEW layouts AS SELECT layout_id, sha256, document FROM catalogue_layout;
CREATE VIEW shows AS
SELECT 'shw_' || lpad(to_hex(show_id), 10, '0') AS show, show_id, part, venue_id, layout_id, name, starts_at_ms,
       opens_at_ms, closes_at_ms, places, policy
FROM catalogue_show;

GRANT SELECT, INSERT ON catalogue_venue, catalogue_layout, catalogue_show TO onsale_ingress;
GRANT SELECT, INSERT, DELETE ON contact_booking, contact_hold, contact_basket TO onsale_ingress;
GRANT SELECT ON mail_addresses TO onsale_notifier;
GRANT SELECT, INSERT, UPDATE ON api_key TO onsale_ingress;
GRANT SELECT ON api_key TO onsale_waiting_room, onsale_notifier;
GRANT SELECT ON layouts TO onsale_allocator, onsale_ingress, onsale_notifier, onsale_verify;
GRANT SELECT ON shows TO onsale_waiting_room, onsale_notifier, onsale_expiry_worker, onsale_verify;
