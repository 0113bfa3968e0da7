/**
 * What was said about limits of spending; what was not is as the platform's table of defaults has it. `ceiling` bounds what
 * a customer may say for itself. The nil UUID stands for the customer as a whole.
 */
export const sql = `
create table spending_limits (
  customer_id uuid not null,
  kind text not null check (kind in ('ceiling', 'customer', 'accesskey', 'agent', 'extension', 'trunk')),
  subject_id uuid not null,
  limits jsonb not null,
  tm_update timestamptz not null,
  primary key (customer_id, kind, subject_id)
);
`
