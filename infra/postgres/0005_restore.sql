-- After a restore from backup the log holds commands that were decided before, by a database that is gone. They are
-- decided once more, from the restored cursor on; this is what must not be forgotten on the way.

CREATE TABLE decided_before (
    part            int NOT NULL,
    log_gen         int NOT NULL,
    first_offset    bigint NOT NULL,
    decided_at_ms   bigint,
    PRIMARY KEY (part, log_gen, first_offset)
);
COMMENT ON TABLE decided_before IS 'When the commands from this offset on were decided first; null: they were not.';
GRANT SELECT ON decided_before TO onsale_allocator;

-- The one act of a restore that every room must notice: a new history. Readers load anew when they see its id; whoever
-- owned a partition in the old one is fenced, even one that wakes after as many claims as an installation ever sees.
CREATE FUNCTION begin_history(
    b_part int[], b_log_gen int[], b_first_offset bigint[], b_decided_at_ms bigint[]
) RETURNS text
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    new_id text := replace(gen_random_uuid()::text, '-', '');
BEGIN
    UPDATE installation SET history_id = new_id;
    UPDATE allocator_cursor SET epoch = epoch + 1000000000, owner = NULL, lease_until = '-infinity';
    DELETE FROM allocator_member;
    DELETE FROM decided_before;
    INSERT INTO decided_before (part, log_gen, first_offset, decided_at_ms)
    SELECT * FROM unnest(b_part, b_log_gen, b_first_offset, b_decided_at_ms);
    RETURN new_id;
END $$;
REVOKE ALL ON FUNCTION begin_history FROM PUBLIC;
