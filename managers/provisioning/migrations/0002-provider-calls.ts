/** Test calls through one provider; the calls themselves are those of `call-manager`. */
export const sql = `
create table provider_calls (
  id uuid primary key,
  customer_id uuid not null,
  provider_id uuid not null,
  flow_id uuid not null,
  source jsonb not null,
  destinations jsonb not null,
  anonymous text not null check (anonymous in ('yes', 'no', 'auto')),
  call_ids uuid[] not null,
  groupcall_ids uuid[] not null,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz
);
create index provider_calls_list on provider_calls (tm_create desc, id desc) where tm_delete is null;
create index provider_calls_of_provider on provider_calls (provider_id, tm_create desc, id desc) where tm_delete is null;
`
