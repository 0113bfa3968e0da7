/**
 * Agents, and which of them owns an address. A username is unique over all customers, an address within its customer;
 * `agent_addresses` is that second rule, held by its primary key so that two requests at once cannot break it.
 */
export const sql = `
create table agents (
  id uuid primary key,
  customer_id uuid not null,
  username text not null,
  password_hash text not null,
  token_version integer not null,
  name text not null,
  detail text not null,
  ring_method text not null check (ring_method in ('ringall', 'linear')),
  status text not null check (status in ('', 'available', 'away', 'busy', 'offline', 'ringing')),
  permission integer not null check (permission between 0 and 65535),
  tag_ids uuid[] not null,
  addresses jsonb not null,
  direct_hash text not null,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz
);
create unique index agents_username on agents (lower(username)) where tm_delete is null;
create index agents_list on agents (customer_id, tm_create desc, id desc) where tm_delete is null;

create table agent_addresses (
  customer_id uuid not null,
  type text not null,
  target text not null,
  agent_id uuid not null,
  primary key (customer_id, type, target)
);
create index agent_addresses_agent on agent_addresses (agent_id);
`
