/**
 * Groupcalls: several are called, the first who answers is kept. `node`, `incarnation` say whose live groupcall it is, as
 * with calls.
 */
export const sql = `
create table groupcalls (
  id uuid primary key,
  customer_id uuid not null,
  owner_type text not null,
  owner_id uuid not null,
  status text not null check (status in ('progressing', 'hangingup', 'hangup')),
  flow_id uuid not null,
  source jsonb not null,
  destinations jsonb not null,
  master_call_id uuid not null,
  master_groupcall_id uuid not null,
  ring_method text not null check (ring_method in ('ring_all', 'linear')),
  answer_method text not null,
  answer_call_id uuid not null,
  answer_groupcall_id uuid not null,
  call_ids uuid[] not null,
  groupcall_ids uuid[] not null,
  call_count integer not null,
  groupcall_count integer not null,
  dial_index integer not null,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz,
  node text not null,
  incarnation text not null
);
create index groupcalls_list on groupcalls (customer_id, tm_create desc, id desc) where tm_delete is null;
create index groupcalls_live on groupcalls (node, incarnation) where status <> 'hangup';
`
