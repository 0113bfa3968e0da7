/** Trunks. Of a password only the digest secrets are kept; the domain name is unique among the live ones of all customers. */
export const sql = `
create table trunks (
  id uuid primary key,
  customer_id uuid not null,
  name text not null,
  detail text not null,
  domain_name text not null,
  auth_types text[] not null,
  username text not null,
  ha1_md5 text not null,
  ha1_sha256 text not null,
  allowed_ips text[] not null,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz
);
create unique index trunks_domain_name on trunks (domain_name) where tm_delete is null;
create index trunks_list on trunks (customer_id, tm_create desc, id desc) where tm_delete is null;
`
