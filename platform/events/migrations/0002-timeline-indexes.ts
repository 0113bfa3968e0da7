/**
 * What timelines read by: each partition of the ledger has an index on the resource and one on the activeflow, both in the
 * order of positions, so that the newest events of either are read without looking at others.
 */
export const sql = `
-- Gives a partition the indexes that timelines read by.
CREATE FUNCTION ledger_index(part text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE INDEX ON %I (customer_id, resource_id, position)', part);
  EXECUTE format('CREATE INDEX ON %I (customer_id, activeflow_id, position) WHERE activeflow_id <> %L', part,
    '00000000-0000-0000-0000-000000000000'::uuid);
END $$;

-- As before, and with these indexes.
CREATE OR REPLACE FUNCTION ledger_prepare(ahead integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  day date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
  part text;
BEGIN
  PERFORM pg_advisory_xact_lock(7342985112036);
  FOR day IN SELECT generate_series(day, day + ahead, '1 day')::date LOOP
    part := 'ledger_' || to_char(day, 'YYYYMMDD');
    CONTINUE WHEN to_regclass(part) IS NOT NULL;
    EXECUTE format('CREATE TABLE %I (LIKE ledger INCLUDING CONSTRAINTS)', part);
    EXECUTE format('CREATE UNIQUE INDEX ON %I (customer_id, position)', part);
    EXECUTE format('CREATE UNIQUE INDEX ON %I (customer_id, sequence) WHERE sequence IS NOT NULL', part);
    PERFORM ledger_index(part);
    EXECUTE format('ALTER TABLE ledger ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part,
      day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
  END LOOP;
END $$;

DO $$
DECLARE
  part text;
BEGIN
  PERFORM pg_advisory_xact_lock(7342985112036);
  FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'ledger'::regclass ORDER BY 1
  LOOP
    PERFORM ledger_index(part);
  END LOOP;
END $$;
`
