-- The one verb that changes stock. One call is one round trip and one transaction; every count is checked here, in
-- the transaction, never afterwards in Python. Each row is touched by one statement: the caller nets what happens to
-- it within the batch (freed and taken again, held and booked).
--
-- Rows are inserted all at once, but changed and deleted one by one, each by its primary key. As joins with unnest()
-- these statements were planned for tables as small as they were when the plan was made, or when they were last
-- analysed: before a sale. The planner then walked all reservations of the partition for each row, and a sale went at a hundredth
-- of its pace until the next ANALYZE. A key has one plan.
--
-- Arrays come as text, as PostgreSQL writes them: asyncpg looks at every element of an array whether it is a sequence
-- itself, which costs the caller more than the insert costs here.
--
-- Returns the database's time in milliseconds, or NULL for a caller that has been replaced: nothing happened, leave.
-- Raises XX001 where memory and tables differ, 23505 on a double sale, 23514 on an area above its capacity.

CREATE FUNCTION assert_count(what text, expected int, actual bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF expected IS DISTINCT FROM actual THEN
        RAISE EXCEPTION '% : % rows expected, % found', what, expected, actual USING ERRCODE = 'XX001';
    END IF;
END $$;

CREATE FUNCTION apply_batch(
    -- what the caller believes the cursor to be
    p_part int, p_epoch bigint, p_batch_seq bigint, p_next_offset bigint,
    -- what the cursor becomes
    p_new_next_offset bigint, p_tail_hash bytea, p_last_now_ms bigint, p_published_seq bigint,
    -- the batch's row in outcome_log
    p_decided_at_ms bigint, p_decider_version int, p_chain bytea, p_payload bytea,
    -- seats freed, moved to another reservation, taken
    f_show text, f_seat text, f_old text,
    m_show text, m_seat text, m_old text, m_new text,
    t_show text, t_seat text, t_new text,
    -- areas
    a_show text, a_area text, a_old text, a_new text,
    -- reservations born, in the form they have at the end of the batch. Of status, version, booked_at_ms, external_id,
    -- payment_until_ms, recent, noted and bound an array without elements says that all are as in a new hold
    n_show text, n_id text, n_status text, n_version text, n_account text, n_person text, n_seats text, n_areas text,
    n_prices text, n_amount text, n_held_at_ms text, n_expires_at_ms text, n_hold_s text, n_booked_at_ms text,
    n_external_id text, n_payment_until_ms text, n_fingerprint text, n_recent text,
    n_noted text, n_bound text,
    -- reservations changed. Of payment_until_ms an array without elements says that all are 0, of bound that nobody is
    -- bound. Seats, areas, prices and amount are those of all of them, or arrays without elements where none has other
    -- places than before
    c_show text, c_id text, c_old_version text, c_status text, c_version text, c_expires_at_ms text,
    c_booked_at_ms text, c_recent text, c_payment_until_ms text, c_seats text, c_areas text, c_prices text,
    c_amount text, c_bound text,
    -- payments, with how much was and is due back: it was -1 of those that are new
    y_show text, y_provider text, y_reference text, y_id text, y_amount text, y_accepted text, y_old_refund text,
    y_refund text,
    -- shows born, with their areas, and shows changed
    s_show text, s_status text, s_seq text, s_layout text, s_sha256 text, s_currency text, s_starts_at_ms text,
    s_opens_at_ms text, s_closes_at_ms text, s_prices text, s_policy text, s_opened_at_ms text,
    s_allocations text, s_orders text,
    b_show text, b_area text, b_capacity text, b_taken text,
    w_show text, w_old_seq text, w_seq text, w_status text,
    -- what can change of their terms, and their orders: of all of them, or arrays without elements where none has others
    w_terms text, w_orders text,
    -- dead letters
    d_offset text, d_code text, d_raw text
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
-- Plans are made once, when the tables may still be empty, and kept.
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    found_rows bigint;
    current_log_gen int;
    it record;
BEGIN
    UPDATE allocator_cursor
    SET batch_seq = batch_seq + 1, next_offset = p_new_next_offset, tail_hash = p_tail_hash,
        last_now_ms = p_last_now_ms, published_seq = GREATEST(published_seq, p_published_seq), chain = p_chain,
        lease_until = clock_timestamp() + interval '3 seconds'
    WHERE part = p_part AND epoch = p_epoch AND batch_seq = p_batch_seq AND next_offset = p_next_offset
    RETURNING log_gen INTO current_log_gen;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    FOR it IN
        SELECT * FROM unnest(f_show::bigint[], f_seat::int[], f_old::bytea[]) AS u (show, seat, old)
    LOOP
        DELETE FROM seat_taken
        WHERE part = p_part AND show_id = it.show AND seat_no = it.seat AND reservation_id = it.old;
        IF NOT FOUND THEN
            PERFORM assert_count('seat freed', 1, 0);
        END IF;
    END LOOP;
    FOR it IN
        SELECT * FROM unnest(m_show::bigint[], m_seat::int[], m_old::bytea[], m_new::bytea[])
            AS u (show, seat, old, new)
    LOOP
        UPDATE seat_taken SET reservation_id = it.new
        WHERE part = p_part AND show_id = it.show AND seat_no = it.seat AND reservation_id = it.old;
        IF NOT FOUND THEN
            PERFORM assert_count('seat moved', 1, 0);
        END IF;
    END LOOP;
    IF t_new IS DISTINCT FROM '{}' THEN
        INSERT INTO seat_taken (part, show_id, seat_no, reservation_id)
        SELECT p_part, t.* FROM unnest(t_show::bigint[], t_seat::int[], t_new::bytea[]) AS t;
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        PERFORM assert_count('seats taken', cardinality(t_seat::int[]), found_rows);
    END IF;

    IF s_show IS DISTINCT FROM '{}' THEN
        INSERT INTO show (part, show_id, status, seq, layout_id, layout_sha256, currency, starts_at_ms, opens_at_ms,
                          closes_at_ms, prices, policy, opened_at_ms, allocations, orders)
        SELECT p_part, s.show_id, s.status, s.seq, s.layout, s.sha256, s.currency, s.starts, s.opens, s.closes,
               s.prices::jsonb, s.policy::jsonb, s.opened, s.allocations::jsonb, s.orders
        FROM unnest(
            s_show::bigint[], s_status::text[], s_seq::bigint[], s_layout::text[], s_sha256::bytea[],
            s_currency::text[], s_starts_at_ms::bigint[], s_opens_at_ms::bigint[], s_closes_at_ms::bigint[],
            s_prices::text[], s_policy::text[], s_opened_at_ms::bigint[], s_allocations::text[], s_orders::bytea[])
            AS s (show_id, status, seq, layout, sha256, currency, starts, opens, closes, prices, policy, opened,
                  allocations, orders);
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        PERFORM assert_count('shows born', cardinality(s_show::bigint[]), found_rows);
    END IF;
    IF b_area IS DISTINCT FROM '{}' THEN
        INSERT INTO area (part, show_id, area_no, capacity, taken)
        SELECT p_part, b.* FROM unnest(b_show::bigint[], b_area::int[], b_capacity::int[], b_taken::int[]) AS b;
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        PERFORM assert_count('areas born', cardinality(b_area::int[]), found_rows);
    END IF;
    FOR it IN
        SELECT * FROM unnest(a_show::bigint[], a_area::int[], a_old::int[], a_new::int[]) AS u (show, area, old, new)
    LOOP
        UPDATE area SET taken = it.new
        WHERE part = p_part AND show_id = it.show AND area_no = it.area AND taken = it.old;
        IF NOT FOUND THEN
            PERFORM assert_count('area changed', 1, 0);
        END IF;
    END LOOP;

    IF n_id IS DISTINCT FROM '{}' THEN
        SELECT count(*) INTO found_rows
        FROM unnest(ARRAY[cardinality(n_status::text[]), cardinality(n_version::int[]),
                          cardinality(n_booked_at_ms::bigint[]), cardinality(n_external_id::text[]),
                          cardinality(n_payment_until_ms::bigint[]), cardinality(n_recent::bytea[]),
                          cardinality(n_noted::boolean[]), cardinality(n_bound::text[])]) AS length
        WHERE length NOT IN (0, cardinality(n_hold_s::int[]));
        PERFORM assert_count('columns of another length', 0, found_rows);
        INSERT INTO reservation (part, show_id, reservation_id, status, version, account, person, seats, areas, prices,
                                 amount, held_at_ms, expires_at_ms, hold_s, booked_at_ms, external_id,
                                 payment_until_ms, fingerprint, recent, noted, bound)
        SELECT p_part, n.show_id, n.id, COALESCE(n.status, 'held'), COALESCE(n.version, 1), n.account, n.person,
               n.seats::int[], n.areas::int[], n.prices::bigint[], n.amount, n.held_at, n.expires_at, n.hold_s,
               COALESCE(n.booked_at, 0), COALESCE(n.external_id, ''), COALESCE(n.payment_until, 0), n.fingerprint,
               COALESCE(n.recent, ''), COALESCE(n.noted, false), COALESCE(n.bound::text[], '{}')
        FROM unnest(
            n_show::bigint[], n_id::bytea[], n_status::text[], n_version::int[], n_account::text[], n_person::text[],
            n_seats::text[], n_areas::text[], n_prices::text[], n_amount::bigint[], n_held_at_ms::bigint[],
            n_expires_at_ms::bigint[], n_hold_s::int[], n_booked_at_ms::bigint[], n_external_id::text[],
            n_payment_until_ms::bigint[], n_fingerprint::bytea[], n_recent::bytea[], n_noted::boolean[],
            n_bound::text[])
            AS n (show_id, id, status, version, account, person, seats, areas, prices, amount, held_at, expires_at,
                  hold_s, booked_at, external_id, payment_until, fingerprint, recent, noted, bound);
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        PERFORM assert_count('reservations born', cardinality(n_hold_s::int[]), found_rows);
    END IF;
    IF c_id IS DISTINCT FROM '{}' THEN
        SELECT count(*) INTO found_rows
        FROM unnest(ARRAY[cardinality(c_payment_until_ms::bigint[]), cardinality(c_bound::text[])]) AS length
        WHERE length NOT IN (0, cardinality(c_version::int[]));
        PERFORM assert_count('columns of another length', 0, found_rows);
    END IF;
    IF c_amount IS DISTINCT FROM '{}' THEN
        SELECT count(*) INTO found_rows
        FROM unnest(ARRAY[cardinality(c_seats::text[]), cardinality(c_areas::text[]), cardinality(c_prices::text[]),
                          cardinality(c_amount::bigint[])]) AS length
        WHERE length <> cardinality(c_version::int[]);
        PERFORM assert_count('columns of another length', 0, found_rows);
    END IF;
    FOR it IN
        SELECT * FROM unnest(
            c_show::bigint[], c_id::bytea[], c_old_version::int[], c_status::text[], c_version::int[],
            c_expires_at_ms::bigint[], c_booked_at_ms::bigint[], c_recent::bytea[], c_payment_until_ms::bigint[],
            c_seats::text[], c_areas::text[], c_prices::text[], c_amount::bigint[], c_bound::text[])
            AS u (show, id, old_version, status, version, expires_at, booked_at, recent, payment_until, seats, areas,
                  prices, amount, bound)
    LOOP
        UPDATE reservation
        SET status = it.status, version = it.version, expires_at_ms = it.expires_at, booked_at_ms = it.booked_at,
            recent = it.recent, payment_until_ms = COALESCE(it.payment_until, 0),
            seats = COALESCE(it.seats::int[], seats), areas = COALESCE(it.areas::int[], areas),
            prices = COALESCE(it.prices::bigint[], prices), amount = COALESCE(it.amount, amount),
            bound = COALESCE(it.bound::text[], '{}')
        WHERE part = p_part AND show_id = it.show AND reservation_id = it.id AND version = it.old_version;
        IF NOT FOUND THEN
            PERFORM assert_count('reservation changed', 1, 0);
        END IF;
    END LOOP;

    IF y_id IS DISTINCT FROM '{}' THEN
        FOR it IN
            SELECT * FROM unnest(
                y_show::bigint[], y_provider::text[], y_reference::text[], y_id::bytea[], y_amount::bigint[],
                y_accepted::boolean[], y_old_refund::bigint[], y_refund::bigint[])
                AS u (show, provider, reference, id, amount, accepted, old_refund, refund)
        LOOP
            IF it.old_refund < 0 THEN
                INSERT INTO payment (part, show_id, provider, reference, reservation_id, amount, accepted, refund_due)
                VALUES (p_part, it.show, it.provider, it.reference, it.id, it.amount, it.accepted, it.refund);
            ELSE
                UPDATE payment SET refund_due = it.refund
                WHERE part = p_part AND show_id = it.show AND provider = it.provider AND reference = it.reference
                  AND reservation_id = it.id AND refund_due = it.old_refund;
                IF NOT FOUND THEN
                    PERFORM assert_count('payment changed', 1, 0);
                END IF;
            END IF;
        END LOOP;
    END IF;
    IF w_orders IS DISTINCT FROM '{}' THEN
        SELECT count(*) INTO found_rows
        FROM unnest(ARRAY[cardinality(w_terms::text[]), cardinality(w_orders::bytea[])]) AS length
        WHERE length <> cardinality(w_seq::bigint[]);
        PERFORM assert_count('columns of another length', 0, found_rows);
    END IF;
    FOR it IN
        SELECT * FROM unnest(w_show::bigint[], w_old_seq::bigint[], w_seq::bigint[], w_status::text[],
                             w_terms::jsonb[], w_orders::bytea[])
            AS u (show, old_seq, seq, status, terms, orders)
    LOOP
        UPDATE show
        SET seq = it.seq, status = it.status, policy = COALESCE(it.terms -> 'policy', policy),
            prices = COALESCE(it.terms -> 'prices', prices),
            allocations = COALESCE(it.terms -> 'allocations', allocations), orders = COALESCE(it.orders, orders)
        WHERE part = p_part AND show_id = it.show AND seq = it.old_seq;
        IF NOT FOUND THEN
            PERFORM assert_count('show changed', 1, 0);
        END IF;
    END LOOP;

    INSERT INTO outcome_log (part, batch_seq, log_gen, first_offset, next_offset, decided_at_ms, decider_version,
                             chain, payload)
    VALUES (p_part, p_batch_seq + 1, current_log_gen, p_next_offset, p_new_next_offset, p_decided_at_ms,
            p_decider_version, p_chain, p_payload);
    IF d_offset IS DISTINCT FROM '{}' THEN
        INSERT INTO dead_letter (part, log_gen, log_offset, code, raw)
        SELECT p_part, current_log_gen, d.* FROM unnest(d_offset::bigint[], d_code::text[], d_raw::bytea[]) AS d;
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        PERFORM assert_count('dead letters', cardinality(d_offset::bigint[]), found_rows);
    END IF;
    RETURN (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
END $$;

REVOKE ALL ON FUNCTION apply_batch FROM PUBLIC;
REVOKE ALL ON FUNCTION assert_count FROM PUBLIC;
GRANT EXECUTE ON FUNCTION apply_batch TO onsale_allocator;
