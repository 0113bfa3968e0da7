/**
 * Calls. `node`, `incarnation` say whose live call it is: every write of a live call names them. `dialog` is what it takes
 * to end the leg after a crash; it is null once the leg is gone.
 */
export const sql = `
create table calls (
  id uuid primary key,
  customer_id uuid not null,
  owner_type text not null,
  owner_id uuid not null,
  flow_id uuid not null,
  activeflow_id uuid not null,
  type text not null,
  master_call_id uuid not null,
  chained_call_ids uuid[] not null,
  recording_id uuid not null,
  recording_ids uuid[] not null,
  groupcall_id uuid not null,
  source jsonb not null,
  destination jsonb not null,
  status text not null
    check (status in ('dialing', 'ringing', 'progressing', 'terminating', 'canceling', 'hangup')),
  action jsonb not null,
  metadata jsonb not null,
  direction text not null check (direction in ('incoming', 'outgoing')),
  mute_direction text not null,
  hangup_by text not null,
  hangup_reason text not null,
  tm_ringing timestamptz,
  tm_progressing timestamptz,
  tm_hangup timestamptz,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz,
  node text not null,
  incarnation text not null,
  dialog jsonb
);
create index calls_list on calls (customer_id, tm_create desc, id desc) where tm_delete is null;
create index calls_live on calls (node, incarnation) where status <> 'hangup';
`
