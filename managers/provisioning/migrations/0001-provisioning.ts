/**
 * Providers and routes. Each change of either takes the next `revision` while it holds the only row of
 * `provisioning_revision`: revisions are committed in their order, so that a reader who asks for what is above the last one
 * that it has seen misses nothing.
 */
export const sql = `
create table provisioning_revision (
  singleton boolean primary key default true check (singleton),
  revision bigint not null
);
insert into provisioning_revision (revision) values (0);

create table providers (
  id uuid primary key,
  type text not null,
  hostname text not null,
  transport text not null check (transport in ('udp', 'tcp', 'auto')),
  tech_prefix text not null,
  tech_postfix text not null,
  tech_headers jsonb not null,
  metadata jsonb,
  name text not null,
  detail text not null,
  codecs text not null,
  username text not null,
  realm text not null,
  sealed_password text not null,
  registration boolean not null,
  registration_state text not null,
  registration_detail text not null,
  addresses text[] not null,
  failover_causes int[],
  number_format text not null,
  country text not null,
  user_phone boolean not null,
  assert_identity boolean not null,
  is_internal boolean not null,
  health_status text not null check (health_status in ('unknown', 'healthy', 'unhealthy')),
  health_checked_at timestamptz,
  health_streak int not null,
  tm_probe timestamptz,
  revision bigint not null,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz
);
create index providers_list on providers (tm_create desc, id desc) where tm_delete is null;
create index providers_revision on providers (revision, id);

create table routes (
  id uuid primary key,
  customer_id uuid not null,
  name text not null,
  detail text not null,
  provider_id uuid not null,
  priority int not null,
  target text not null,
  cost bigint not null,
  revision bigint not null,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz
);
create index routes_list on routes (tm_create desc, id desc) where tm_delete is null;
create index routes_of_customer on routes (customer_id, tm_create desc, id desc) where tm_delete is null;
create index routes_revision on routes (revision, id);
`
