/** INVITEs that were refused before there was a call: a bounded number of them, which go away by age. */
export const sql = `
create table refused_calls (
  id uuid primary key,
  customer_id uuid not null,
  reason text not null,
  status integer not null,
  dialled text not null,
  caller text not null,
  source_ip text not null,
  source_port integer not null,
  sip_call_id text not null,
  tm_create timestamptz not null
);
create index refused_calls_list on refused_calls (customer_id, tm_create desc, id desc);
create index refused_calls_age on refused_calls (tm_create);
`
