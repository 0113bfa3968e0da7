/**
 * The inbox, the ledger and its readers' cursors.
 *
 * - `event_inbox` takes events from every transaction; nothing but the sequencer takes them out.
 * - `ledger` is partitioned by the day of numbering (UTC). A partition's own unique indexes are the last fence.
 * - `ledger_heads` holds where each customer's history ends; `previous` is the position that the last batch expected to
 *   find, so that a sequencer with a stale view fails instead of numbering twice.
 */
export const sql = `
CREATE TABLE event_inbox (
  inbox_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id uuid NOT NULL,
  customer_id uuid NOT NULL,
  type text NOT NULL,
  resource text NOT NULL,
  resource_id uuid NOT NULL,
  public boolean NOT NULL,
  activeflow_id uuid NOT NULL,
  data jsonb NOT NULL,
  tm_create timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, vacuum_truncate = off);

CREATE TABLE ledger (
  customer_id uuid NOT NULL,
  position bigint NOT NULL,
  sequence bigint,
  id uuid NOT NULL,
  type text NOT NULL,
  resource text NOT NULL,
  resource_id uuid NOT NULL,
  public boolean NOT NULL,
  activeflow_id uuid NOT NULL,
  data jsonb NOT NULL,
  tm_create timestamptz NOT NULL,
  tm_ledger timestamptz NOT NULL,
  CHECK (public = (sequence IS NOT NULL))
) PARTITION BY RANGE (tm_ledger);

CREATE TABLE ledger_heads (
  customer_id uuid PRIMARY KEY,
  position bigint NOT NULL,
  sequence bigint NOT NULL,
  previous bigint NOT NULL,
  tm_ledger timestamptz NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE ledger_cursors (
  reader text NOT NULL,
  customer_id uuid NOT NULL,
  position bigint NOT NULL,
  tm_update timestamptz NOT NULL,
  PRIMARY KEY (reader, customer_id)
) WITH (fillfactor = 70);

-- Makes the partitions of today and the days ahead that are missing. Attaching takes no lock that stops readers.
CREATE FUNCTION ledger_prepare(ahead integer) RETURNS void LANGUAGE plpgsql AS $$
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
    EXECUTE format('ALTER TABLE ledger ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part,
      day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
  END LOOP;
END $$;

-- Drops the partitions of days before the given one and says which.
CREATE FUNCTION ledger_drop_before(first_kept date) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  part text;
BEGIN
  PERFORM pg_advisory_xact_lock(7342985112036);
  FOR part IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'ledger'::regclass AND c.relname ~ '^ledger_[0-9]{8}$'
      AND to_date(right(c.relname, 8), 'YYYYMMDD') < first_kept
    ORDER BY 1
  LOOP
    EXECUTE format('DROP TABLE %I', part);
    RETURN NEXT part;
  END LOOP;
END $$;

-- One batch of the sequencer, whole or not at all: takes the oldest events out of the inbox, gives each its position
-- and, if public, its sequence, and moves the heads on. It returns the customers it served; nothing when another
-- sequencer is at work. The lock goes with the transaction, so a holder that vanishes is replaced at once.
CREATE FUNCTION ledger_move(most integer)
RETURNS TABLE (served uuid, events bigint, head bigint) LANGUAGE plpgsql AS $$
DECLARE
  stamp timestamptz;
  expected bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock(7342985112035) THEN
    RETURN;
  END IF;
  stamp := clock_timestamp();
  FOR served, events, expected, head IN
    WITH taken AS (
      DELETE FROM event_inbox
      WHERE inbox_id = ANY (ARRAY(SELECT i.inbox_id FROM event_inbox i ORDER BY i.inbox_id LIMIT most))
      RETURNING *
    ), numbered AS (
      SELECT t.*, row_number() OVER each AS nth, count(*) FILTER (WHERE t.public) OVER each AS public_nth
      FROM taken t
      WINDOW each AS (PARTITION BY t.customer_id ORDER BY t.inbox_id)
    ), found AS (
      SELECT n.customer_id, n.events, n.publics, coalesce(h.position, 0) AS position, coalesce(h.sequence, 0) AS sequence
      FROM (
        SELECT customer_id, count(*) AS events, count(*) FILTER (WHERE public) AS publics FROM taken GROUP BY customer_id
      ) n
      LEFT JOIN ledger_heads h USING (customer_id)
    ), moved AS (
      INSERT INTO ledger_heads AS h (customer_id, position, sequence, previous, tm_ledger)
      SELECT f.customer_id, f.position + f.events, f.sequence + f.publics, f.position, stamp FROM found f
      ON CONFLICT (customer_id) DO UPDATE
      SET position = excluded.position, sequence = excluded.sequence, previous = excluded.previous, tm_ledger = stamp
      WHERE h.position = excluded.previous
      RETURNING h.customer_id, h.position
    ), written AS (
      INSERT INTO ledger
        (customer_id, position, sequence, id, type, resource, resource_id, public, activeflow_id, data, tm_create, tm_ledger)
      SELECT n.customer_id, f.position + n.nth, CASE WHEN n.public THEN f.sequence + n.public_nth END,
        n.id, n.type, n.resource, n.resource_id, n.public, n.activeflow_id, n.data, n.tm_create, stamp
      FROM numbered n JOIN found f USING (customer_id)
    )
    SELECT f.customer_id, f.events, f.position, m.position FROM found f LEFT JOIN moved m USING (customer_id)
  LOOP
    IF head IS NULL THEN
      RAISE EXCEPTION 'the head of % is no longer at %', served, expected USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NEXT;
  END LOOP;
END $$;

SELECT ledger_prepare(2);
`
