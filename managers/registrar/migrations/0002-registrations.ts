/** Where phones are. Rows beyond `tm_expire` count as gone and are swept. */
export const sql = `
create table registrations (
  id uuid primary key,
  customer_id uuid not null,
  extension_id uuid not null,
  uri text not null,
  flow text not null,
  path text[] not null,
  instance text not null,
  reg_id integer not null,
  q integer not null,
  call_id text not null,
  cseq bigint not null,
  user_agent text not null,
  tm_expire timestamptz not null,
  tm_create timestamptz not null,
  tm_update timestamptz not null
);
create index registrations_extension on registrations (customer_id, extension_id);
create index registrations_expire on registrations (tm_expire);
create index registrations_flow on registrations (flow);
`
