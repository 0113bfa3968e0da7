/**
 * What of each customer's history is not kept any more: the last sequence of the days that are given up, entered before they
 * are dropped. So a reader that comes late is told of the gap instead of being led over it. It is a step of its own: the
 * drop waits for readers, and whoever numbers events must not wait for the drop.
 */
export const sql = `
ALTER TABLE ledger_heads ADD COLUMN dropped_sequence bigint NOT NULL DEFAULT 0;

-- Notes that the days before the given one are kept no more.
CREATE FUNCTION ledger_give_up_before(first_kept date) RETURNS void LANGUAGE plpgsql AS $$
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
    EXECUTE format('UPDATE ledger_heads h SET dropped_sequence = d.sequence
      FROM (SELECT customer_id, max(sequence) AS sequence FROM %I GROUP BY customer_id) d
      WHERE h.customer_id = d.customer_id AND h.dropped_sequence < d.sequence', part);
  END LOOP;
END $$;
`
