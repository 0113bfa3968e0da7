/**
 * What became of deliveries, holds on endpoints, and secrets that are on their way out.
 *
 * - `webhook_log` has one row for each delivery that is done with, written with the cursor that passes it. It has a
 *   partition for each day (UTC) on which a delivery began, which is dropped as a whole.
 * - `webhook_deliveries` keeps the attempts of what is not done with, and what was given up.
 * - `webhook_holds` says where nothing is sent for a while, or any more: per endpoint, for one URI.
 */
export const sql = `
ALTER TABLE webhook_deliveries
  DROP COLUMN last_status,
  DROP COLUMN last_failure,
  ADD COLUMN attempt_log jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN replay_of uuid;
DROP INDEX webhook_deliveries_failed;
CREATE INDEX webhook_deliveries_list ON webhook_deliveries (customer_id, tm_create DESC, id DESC);
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (customer_id, tm_create DESC, id DESC)
  WHERE status = 'failed';
CREATE INDEX webhook_deliveries_given_up ON webhook_deliveries (tm_update) WHERE status = 'failed';

CREATE TABLE webhook_log (
  id uuid NOT NULL,
  kind text NOT NULL,
  endpoint text NOT NULL COLLATE "C",
  customer_id uuid NOT NULL,
  resource_id uuid NOT NULL,
  key text NOT NULL,
  type text NOT NULL,
  sequence bigint,
  tm_event timestamptz NOT NULL,
  body text NOT NULL,
  uri text NOT NULL,
  method text NOT NULL,
  content_type text NOT NULL,
  status text NOT NULL CHECK (status IN ('delivered', 'refused', 'dropped', 'failed')),
  attempt_log jsonb NOT NULL,
  replay_of uuid,
  tm_create timestamptz NOT NULL,
  tm_update timestamptz NOT NULL
) PARTITION BY RANGE (tm_create);

-- Makes the partition of a day.
CREATE FUNCTION webhook_log_prepare(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  part text := 'webhook_log_' || to_char(day, 'YYYYMMDD');
BEGIN
  PERFORM pg_advisory_xact_lock(7342985112037);
  IF to_regclass(part) IS NOT NULL THEN
    RETURN;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE webhook_log INCLUDING CONSTRAINTS)', part);
  EXECUTE format('CREATE INDEX ON %I (id)', part);
  EXECUTE format('CREATE INDEX ON %I (customer_id, tm_create DESC, id DESC)', part);
  EXECUTE format('CREATE INDEX ON %I (customer_id, tm_create DESC, id DESC) WHERE status <> ''delivered''', part);
  EXECUTE format('CREATE INDEX ON %I (resource_id)', part);
  EXECUTE format('ALTER TABLE webhook_log ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part,
    day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
END $$;

-- Drops the partitions of days before the given one and says which.
CREATE FUNCTION webhook_log_drop_before(first_kept date) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  part text;
BEGIN
  PERFORM pg_advisory_xact_lock(7342985112037);
  FOR part IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'webhook_log'::regclass AND c.relname ~ '^webhook_log_[0-9]{8}$'
      AND to_date(right(c.relname, 8), 'YYYYMMDD') < first_kept
    ORDER BY 1
  LOOP
    EXECUTE format('DROP TABLE %I', part);
    RETURN NEXT part;
  END LOOP;
END $$;

CREATE TABLE webhook_holds (
  id uuid PRIMARY KEY,
  endpoint text NOT NULL UNIQUE COLLATE "C",
  customer_id uuid NOT NULL,
  uri text NOT NULL,
  reason text NOT NULL CHECK (reason IN ('gone', 'retry_after')),
  http_status integer NOT NULL,
  sequence bigint,
  tm_until timestamptz,
  tm_create timestamptz NOT NULL
);
CREATE INDEX webhook_holds_list ON webhook_holds (customer_id, tm_create DESC, id DESC);
CREATE INDEX webhook_holds_until ON webhook_holds (tm_until);

CREATE TABLE webhook_secrets (
  customer_id uuid PRIMARY KEY,
  previous text NOT NULL,
  tm_expire timestamptz NOT NULL
);
`
