/** One row per life of a node. `code` is what Call-IDs, tags and Contacts carry; `owner` who takes a dead life over. */
export const sql = `
CREATE TABLE nodes (
  node uuid NOT NULL,
  incarnation text NOT NULL,
  code text NOT NULL UNIQUE,
  tm_start timestamptz NOT NULL,
  last_beat timestamptz NOT NULL,
  lease_until timestamptz NOT NULL,
  taken_over_by text,
  tm_end timestamptz,
  PRIMARY KEY (node, incarnation)
) WITH (fillfactor = 50);

CREATE INDEX ON nodes (lease_until) WHERE tm_end IS NULL;
`
