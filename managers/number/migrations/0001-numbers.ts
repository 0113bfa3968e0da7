/** Numbers. The text is unique among live numbers of all customers, because it says whose call an incoming call is. */
export const sql = `
create table numbers (
  id uuid primary key,
  customer_id uuid not null,
  number text not null,
  type text not null check (type in ('normal', 'virtual')),
  call_flow_id uuid not null,
  message_flow_id uuid not null,
  name text not null,
  detail text not null,
  status text not null check (status in ('active', 'deleted')),
  t38_enabled boolean not null,
  emergency_enabled boolean not null,
  metadata jsonb not null,
  tm_purchase timestamptz,
  tm_renew timestamptz,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz
);
create unique index numbers_number on numbers (number) where tm_delete is null;
create index numbers_list on numbers (customer_id, tm_create desc, id desc) where tm_delete is null;
create index numbers_call_flow on numbers (call_flow_id) where tm_delete is null;
create index numbers_message_flow on numbers (message_flow_id) where tm_delete is null;
`
