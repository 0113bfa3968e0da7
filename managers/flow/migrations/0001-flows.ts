/**
 * Flows, their executions and the history of each. `state` is the interpreter's; `node` and `incarnation` say who runs
 * it (empty: nobody yet). What was executed is appended, never rewritten.
 */
export const sql = `
create table flows (
  id uuid primary key,
  customer_id uuid not null,
  type text not null check (type in ('flow', 'conference', 'queue', 'campaign', 'transfer')),
  name text not null,
  detail text not null,
  actions jsonb not null,
  direct_hash text not null,
  on_complete_flow_id uuid not null,
  persist boolean not null,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz
);
create index flows_list on flows (customer_id, tm_create desc, id desc)
  where tm_delete is null and persist and type = 'flow';

create table activeflows (
  id uuid primary key,
  customer_id uuid not null,
  flow_id uuid not null,
  status text not null check (status in ('running', 'ended')),
  reference_type text not null,
  reference_id uuid not null,
  reference_activeflow_id uuid not null,
  on_complete_flow_id uuid not null,
  webhook_uri text not null,
  webhook_method text not null check (webhook_method in ('', 'POST', 'GET', 'PUT', 'DELETE')),
  current_action jsonb not null,
  forward_action_id uuid not null,
  ended_reason text not null,
  ended_detail text not null,
  state jsonb,
  node text not null,
  incarnation text not null,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz
);
create index activeflows_list on activeflows (customer_id, tm_create desc, id desc) where tm_delete is null;
create index activeflows_running on activeflows (incarnation, tm_create) where status = 'running';
create index activeflows_of_reference on activeflows (reference_id) where status = 'running';

create table activeflow_executed_actions (
  activeflow_id uuid not null,
  position integer not null,
  action jsonb not null,
  primary key (activeflow_id, position)
);
`
