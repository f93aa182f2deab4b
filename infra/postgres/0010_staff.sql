-- Who works with a sale: people with a password, what they are signed in to, and how often somebody guessed.
-- Written by staff alone; other rooms see who is signed in now, and nobody's password.

CREATE TABLE staff_person (
    person_id       text PRIMARY KEY,
    email           text NOT NULL UNIQUE CHECK (email = lower(email)),
    name            text NOT NULL,
    roles           text[] NOT NULL CHECK (roles <@ '{operator,admin,partner}' AND cardinality(roles) > 0),
    partner         text NOT NULL DEFAULT '',
    password_hash   text NOT NULL,
    password_at_ms  bigint NOT NULL,
    created_at_ms   bigint NOT NULL,
    disabled_at_ms  bigint
);
COMMENT ON COLUMN staff_person.password_hash IS 'argon2id, with its salt and costs in it';
COMMENT ON COLUMN staff_person.partner IS 'the company whose API keys (api_key.partner) they see, with the role partner';
COMMENT ON COLUMN staff_person.password_at_ms IS 'sessions that are older than the password are over';

CREATE TABLE staff_session (
    session_id      text PRIMARY KEY,
    person_id       text NOT NULL REFERENCES staff_person,
    address         text NOT NULL,
    created_at_ms   bigint NOT NULL,
    ends_at_ms      bigint NOT NULL
);
CREATE INDEX staff_session_ends ON staff_session (ends_at_ms);
COMMENT ON COLUMN staff_session.session_id IS 'of no use without our signature around it';

CREATE TABLE staff_try (
    subject         bytea PRIMARY KEY,
    tries           int NOT NULL,
    since_ms        bigint NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX staff_try_since ON staff_try (since_ms);
COMMENT ON TABLE staff_try IS 'Wrong passwords: counted before they are looked at, so that many at once are no way around.';

CREATE VIEW staff_sessions AS
SELECT session_id, person_id, p.roles, ends_at_ms, p.partner
FROM staff_session s JOIN staff_person p USING (person_id)
WHERE p.disabled_at_ms IS NULL AND s.created_at_ms >= p.password_at_ms;

GRANT SELECT, INSERT, UPDATE ON staff_person TO onsale_staff;
GRANT SELECT, INSERT, DELETE ON staff_session TO onsale_staff;
GRANT SELECT, INSERT, UPDATE, DELETE ON staff_try TO onsale_staff;
GRANT SELECT ON staff_sessions TO onsale_staff, onsale_waiting_room, onsale_ingress;
