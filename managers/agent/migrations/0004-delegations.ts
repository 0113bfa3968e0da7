/** Every token by which a super admin could act inside a customer: who, where, why, from where, until when. */
export const sql = `
create table delegations (
  id uuid primary key,
  customer_id uuid not null,
  agent_id uuid not null,
  agent_customer_id uuid not null,
  reason text not null,
  ip text not null,
  tm_create timestamptz not null,
  tm_expire timestamptz not null
);
create index delegations_customer on delegations (customer_id, tm_create desc);
`
