-- The one verb that changes stock. One call is one round trip and one transaction; every count is checked here, in
-- the transaction, never afterwards in Python. Each row is touched by one statement: the caller nets what happens to
-- it within the batch (freed and taken again, held and booked).
--
-- Rows are inserted all at once, but changed and deleted one by one, each by its primary key. As joins with unnest()
-- these statements were planned for tables as small as they were when the plan was made, or when they were last analysed:
-- before a sale. The planner then walked all reservations of the partition for each row, and a sale went at a hundredth
-- of its pace until the next ANALYZE. A key has one plan.
--
-- Returns the database's time in milliseconds, or NULL for a caller that has been replaced: nothing happened, leave.
-- Raises XX001 where memory and tables differ, 23505 on a double sale, 23514 on an area above its capacity.

CREATE FUNCTION assert_count(what text, expected int, actual bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF expected <> actual THEN
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
    f_show bigint[], f_seat int[], f_old bytea[],
    m_show bigint[], m_seat int[], m_old bytea[], m_new bytea[],
    t_show bigint[], t_seat int[], t_new bytea[],
    -- areas
    a_show bigint[], a_area int[], a_old int[], a_new int[],
    -- reservations born, in the status they have at the end of the batch; lists as array literals
    n_show bigint[], n_id bytea[], n_status text[], n_version int[], n_account text[], n_person text[],
    n_seats text[], n_areas text[], n_prices text[], n_amount bigint[], n_held_at_ms bigint[],
    n_expires_at_ms bigint[], n_hold_s int[], n_booked_at_ms bigint[], n_external_id text[],
    n_fingerprint bytea[], n_recent bytea[],
    -- reservations changed
    c_show bigint[], c_id bytea[], c_old_version int[], c_status text[], c_version int[],
    c_expires_at_ms bigint[], c_booked_at_ms bigint[], c_recent bytea[],
    -- payments
    y_show bigint[], y_provider text[], y_reference text[], y_id bytea[], y_amount bigint[],
    -- shows born, with their areas, and shows changed
    s_show bigint[], s_status text[], s_seq bigint[], s_layout text[], s_sha256 bytea[], s_currency text[],
    s_starts_at_ms bigint[], s_opens_at_ms bigint[], s_closes_at_ms bigint[], s_prices text[], s_policy text[],
    s_opened_at_ms bigint[],
    b_show bigint[], b_area int[], b_capacity int[], b_taken int[],
    w_show bigint[], w_old_seq bigint[], w_seq bigint[], w_status text[],
    -- dead letters
    d_offset bigint[], d_code text[], d_raw bytea[]
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
-- Plans are made once, when the tables may still be empty, and kept.
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    found_rows bigint;
    current_log_gen int;
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

    PERFORM assert_count('freed seats', cardinality(f_seat), cardinality(f_old));
    FOR at IN 1 .. cardinality(f_seat) LOOP
        DELETE FROM seat_taken
        WHERE part = p_part AND show_id = f_show[at] AND seat_no = f_seat[at] AND reservation_id = f_old[at];
        IF NOT FOUND THEN
            PERFORM assert_count('seat freed', 1, 0);
        END IF;
    END LOOP;
    PERFORM assert_count('moved seats', cardinality(m_seat), cardinality(m_old));
    FOR at IN 1 .. cardinality(m_seat) LOOP
        UPDATE seat_taken SET reservation_id = m_new[at]
        WHERE part = p_part AND show_id = m_show[at] AND seat_no = m_seat[at] AND reservation_id = m_old[at];
        IF NOT FOUND THEN
            PERFORM assert_count('seat moved', 1, 0);
        END IF;
    END LOOP;
    IF cardinality(t_seat) > 0 THEN
        INSERT INTO seat_taken (part, show_id, seat_no, reservation_id)
        SELECT p_part, t.* FROM unnest(t_show, t_seat, t_new) AS t;
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        PERFORM assert_count('seats taken', cardinality(t_seat), found_rows);
    END IF;

    IF cardinality(s_show) > 0 THEN
        INSERT INTO show (part, show_id, status, seq, layout_id, layout_sha256, currency, starts_at_ms, opens_at_ms,
                          closes_at_ms, prices, policy, opened_at_ms)
        SELECT p_part, s.show_id, s.status, s.seq, s.layout, s.sha256, s.currency, s.starts, s.opens, s.closes,
               s.prices::jsonb, s.policy::jsonb, s.opened
        FROM unnest(s_show, s_status, s_seq, s_layout, s_sha256, s_currency, s_starts_at_ms, s_opens_at_ms,
                    s_closes_at_ms, s_prices, s_policy, s_opened_at_ms)
            AS s (show_id, status, seq, layout, sha256, currency, starts, opens, closes, prices, policy, opened);
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        PERFORM assert_count('shows born', cardinality(s_show), found_rows);
    END IF;
    IF cardinality(b_area) > 0 THEN
        INSERT INTO area (part, show_id, area_no, capacity, taken)
        SELECT p_part, b.* FROM unnest(b_show, b_area, b_capacity, b_taken) AS b;
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        PERFORM assert_count('areas born', cardinality(b_area), found_rows);
    END IF;
    FOR at IN 1 .. cardinality(a_area) LOOP
        UPDATE area SET taken = a_new[at]
        WHERE part = p_part AND show_id = a_show[at] AND area_no = a_area[at] AND taken = a_old[at];
        IF NOT FOUND THEN
            PERFORM assert_count('area changed', 1, 0);
        END IF;
    END LOOP;

    IF cardinality(n_id) > 0 THEN
        INSERT INTO reservation (part, show_id, reservation_id, status, version, account, person, seats, areas, prices,
                                 amount, held_at_ms, expires_at_ms, hold_s, booked_at_ms, external_id, fingerprint,
                                 recent)
        SELECT p_part, n.show_id, n.id, n.status, n.version, n.account, n.person, n.seats::int[], n.areas::int[],
               n.prices::bigint[], n.amount, n.held_at, n.expires_at, n.hold_s, n.booked_at, n.external_id,
               n.fingerprint, n.recent
        FROM unnest(n_show, n_id, n_status, n_version, n_account, n_person, n_seats, n_areas, n_prices, n_amount,
                    n_held_at_ms, n_expires_at_ms, n_hold_s, n_booked_at_ms, n_external_id, n_fingerprint, n_recent)
            AS n (show_id, id, status, version, account, person, seats, areas, prices, amount, held_at, expires_at,
                  hold_s, booked_at, external_id, fingerprint, recent);
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        PERFORM assert_count('reservations born', cardinality(n_id), found_rows);
    END IF;
    FOR at IN 1 .. cardinality(c_id) LOOP
        UPDATE reservation
        SET status = c_status[at], version = c_version[at], expires_at_ms = c_expires_at_ms[at],
            booked_at_ms = c_booked_at_ms[at], recent = c_recent[at]
        WHERE part = p_part AND show_id = c_show[at] AND reservation_id = c_id[at] AND version = c_old_version[at];
        IF NOT FOUND THEN
            PERFORM assert_count('reservation changed', 1, 0);
        END IF;
    END LOOP;

    IF cardinality(y_id) > 0 THEN
        INSERT INTO payment (part, show_id, provider, reference, reservation_id, amount)
        SELECT p_part, y.* FROM unnest(y_show, y_provider, y_reference, y_id, y_amount) AS y;
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        PERFORM assert_count('payments', cardinality(y_id), found_rows);
    END IF;
    FOR at IN 1 .. cardinality(w_show) LOOP
        UPDATE show SET seq = w_seq[at], status = w_status[at]
        WHERE part = p_part AND show_id = w_show[at] AND seq = w_old_seq[at];
        IF NOT FOUND THEN
            PERFORM assert_count('show changed', 1, 0);
        END IF;
    END LOOP;

    INSERT INTO outcome_log (part, batch_seq, log_gen, first_offset, next_offset, decided_at_ms, decider_version,
                             chain, payload)
    VALUES (p_part, p_batch_seq + 1, current_log_gen, p_next_offset, p_new_next_offset, p_decided_at_ms,
            p_decider_version, p_chain, p_payload);
    IF cardinality(d_offset) > 0 THEN
        INSERT INTO dead_letter (part, log_gen, log_offset, code, raw)
        SELECT p_part, current_log_gen, d.* FROM unnest(d_offset, d_code, d_raw) AS d;
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        PERFORM assert_count('dead letters', cardinality(d_offset), found_rows);
    END IF;
    RETURN (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
END $$;

REVOKE ALL ON FUNCTION apply_batch FROM PUBLIC;
REVOKE ALL ON FUNCTION assert_count FROM PUBLIC;
GRANT EXECUTE ON FUNCTION apply_batch TO onsale_allocator;
