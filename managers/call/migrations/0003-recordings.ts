/**
 * Recordings, as `calls`: `node`, `incarnation` say whose live recording it is. `recording_ends` holds those whose flow at
 * the end has still to be started.
 */
export const sql = `
create table recordings (
  id uuid primary key,
  customer_id uuid not null,
  owner_type text not null,
  owner_id uuid not null,
  activeflow_id uuid not null,
  reference_type text not null,
  reference_id uuid not null,
  status text not null check (status in ('initiating', 'recording', 'stopping', 'ended')),
  format text not null,
  on_end_flow_id uuid not null,
  recording_name text not null,
  duration double precision,
  size bigint,
  complete boolean,
  tm_start timestamptz,
  tm_end timestamptz,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz,
  node text not null,
  incarnation text not null
);
create index recordings_list on recordings (customer_id, tm_create desc, id desc) where tm_delete is null;
create index recordings_of on recordings (reference_id) where tm_delete is null;
create index recordings_live on recordings (node, incarnation) where status <> 'ended';
create table recording_ends (
  recording_id uuid primary key,
  node text not null,
  incarnation text not null
);
`
