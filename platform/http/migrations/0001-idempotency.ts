/**
 * One row per `Idempotency-Key` that a caller sent with an operation. `key` is the SHA-256 of what was sent; `answer` can
 * be read with the key itself only. `carried_out` is written in the very transactions of the request: where it is set and
 * there is no answer, the work was done and its answer was lost.
 */
export const sql = `
CREATE TABLE idempotency_keys (
  customer_id uuid NOT NULL,
  caller text NOT NULL COLLATE "C",
  operation text NOT NULL COLLATE "C",
  key bytea NOT NULL,
  fingerprint bytea NOT NULL,
  run uuid NOT NULL,
  carried_out boolean NOT NULL DEFAULT false,
  answer bytea,
  tm_lease timestamptz NOT NULL,
  tm_create timestamptz NOT NULL,
  PRIMARY KEY (customer_id, caller, operation, key)
) WITH (fillfactor = 70);

CREATE INDEX idempotency_keys_age ON idempotency_keys (tm_create);
`
