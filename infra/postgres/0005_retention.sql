-- The log of outcomes is kept until every show that it speaks of is over, archived and old; then `onsale prune` removes
-- its beginning. Where a partition's log begins since then stands here, so that what is left can still be judged.
CREATE TABLE log_pruned (
    part            int PRIMARY KEY,
    batch_seq       bigint NOT NULL,
    log_gen         int NOT NULL,
    next_offset     bigint NOT NULL,
    chain           bytea NOT NULL,
    last_now_ms     bigint NOT NULL,
    pruned_at_ms    bigint NOT NULL
);
COMMENT ON TABLE log_pruned IS 'The last batch that is gone, and where it left the cursor; the chain goes on from there.';

CREATE TABLE show_pruned (
    part            int NOT NULL,
    show_id         bigint NOT NULL,
    archive_sha256  bytea NOT NULL,
    PRIMARY KEY (part, show_id)
);
COMMENT ON TABLE show_pruned IS 'Shows whose log is gone: the archive, a file with this digest, tells it.';

GRANT SELECT ON log_pruned, show_pruned TO onsale_verify;
