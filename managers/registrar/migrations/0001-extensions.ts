/** Extensions. Of a password only the digest secrets are kept; the number is unique among a customer's live ones. */
export const sql = `
create table extensions (
  id uuid primary key,
  customer_id uuid not null,
  name text not null,
  detail text not null,
  extension text not null,
  domain_name text not null,
  username text not null,
  ha1_md5 text not null,
  ha1_sha256 text not null,
  direct_hash text not null,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz
);
create unique index extensions_extension on extensions (customer_id, extension) where tm_delete is null;
create index extensions_list on extensions (customer_id, tm_create desc, id desc) where tm_delete is null;
`
