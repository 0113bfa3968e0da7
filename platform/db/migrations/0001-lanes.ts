/**
 * What the write lanes need: where each lane stands, so that a batch whose answer was lost is written exactly once, and
 * the check that fails a statement as a whole.
 */
export const sql = `
CREATE TABLE lane_batches (
  lane uuid PRIMARY KEY,
  batch bigint NOT NULL,
  tm_update timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE FUNCTION lane_check(holds boolean, state text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF NOT holds THEN
    RAISE EXCEPTION 'a batch of a write lane does not hold' USING ERRCODE = state;
  END IF;
  RETURN true;
END $$;
`
