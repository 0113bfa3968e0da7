/**
 * What could not be delivered at once: events under retry, what waits behind them on the same resource, requests of flows
 * that nobody waits for, and what was given up. `tm_next` is null for a row that waits behind an earlier one of its chain
 * (endpoint, resource).
 */
export const sql = `
CREATE TABLE webhook_deliveries (
  id uuid PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('customer', 'activeflow', 'flow')),
  endpoint text NOT NULL COLLATE "C",
  customer_id uuid NOT NULL,
  resource_id uuid NOT NULL,
  position bigint NOT NULL,
  key text NOT NULL,
  type text NOT NULL,
  sequence bigint,
  tm_event timestamptz NOT NULL,
  body text NOT NULL,
  uri text NOT NULL,
  method text NOT NULL,
  content_type text NOT NULL,
  status text NOT NULL CHECK (status IN ('pending', 'failed')),
  attempts integer NOT NULL,
  retried boolean GENERATED ALWAYS AS (attempts > 0) STORED,
  last_status integer NOT NULL DEFAULT 0,
  last_failure text NOT NULL DEFAULT '',
  tm_next timestamptz,
  tm_create timestamptz NOT NULL,
  tm_update timestamptz NOT NULL,
  UNIQUE (endpoint, key)
) WITH (fillfactor = 80);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint, retried, tm_next)
  WHERE status = 'pending' AND tm_next IS NOT NULL;
CREATE INDEX webhook_deliveries_chain ON webhook_deliveries (endpoint, resource_id, position) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (customer_id, tm_update DESC, id DESC)
  WHERE status = 'failed';
`
