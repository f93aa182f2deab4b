-- What API keys ask for: each request for 30 days, and sums by the hour for as long as anybody cares. Written by ingress
-- in batches, so a line comes a second late; and what operators did with commands that nobody could read.
CREATE TABLE api_log (
    log_no          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key_id          text NOT NULL,
    at_ms           bigint NOT NULL,
    operation       text NOT NULL,
    method          text NOT NULL,
    status          int NOT NULL,
    ms              int NOT NULL,
    address         text NOT NULL,
    user_agent      text NOT NULL,
    request_id      text NOT NULL
);
CREATE INDEX api_log_key ON api_log (key_id, log_no);
CREATE INDEX api_log_age ON api_log (at_ms);
COMMENT ON COLUMN api_log.ms IS 'from the request being read to its answer being written, waiting for the verdict included';

CREATE TABLE api_usage (
    key_id          text NOT NULL,
    hour_ms         bigint NOT NULL,
    operation       text NOT NULL,
    requests        bigint NOT NULL,
    refused         bigint NOT NULL,
    failed          bigint NOT NULL,
    ms_total        bigint NOT NULL,
    ms_most         int NOT NULL,
    PRIMARY KEY (key_id, hour_ms, operation)
) WITH (fillfactor = 50);
CREATE INDEX api_usage_hour ON api_usage (hour_ms);
COMMENT ON COLUMN api_usage.refused IS 'answered with 4xx; failed: with 5xx';

CREATE VIEW dead_letters AS SELECT part, log_gen, log_offset, code, raw FROM dead_letter;

CREATE TABLE dead_letter_settled (
    part            int NOT NULL,
    log_gen         int NOT NULL,
    log_offset      bigint NOT NULL,
    status          text NOT NULL CHECK (status IN ('replayed', 'discarded')),
    settled_by      text NOT NULL,
    settled_at_ms   bigint NOT NULL,
    request         text NOT NULL,
    PRIMARY KEY (part, log_gen, log_offset)
);
COMMENT ON TABLE dead_letter_settled IS 'The letter itself stays: whoever verifies needs it.';

GRANT SELECT, INSERT, DELETE ON api_log TO onsale_ingress;
GRANT SELECT, INSERT, UPDATE ON api_usage TO onsale_ingress;
GRANT SELECT ON dead_letters TO onsale_ingress;
GRANT SELECT, INSERT ON dead_letter_settled TO onsale_ingress;
