-- What those who booked thought of it: one answer a booking, the last one counts.

CREATE TABLE booking_rating (
    show_id         bigint NOT NULL,
    reservation_id  bytea NOT NULL,
    stars           smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    rated_at_ms     bigint NOT NULL,
    PRIMARY KEY (show_id, reservation_id)
);

GRANT SELECT, INSERT, UPDATE ON booking_rating TO onsale_ingress;
