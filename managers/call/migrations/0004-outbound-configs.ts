/** What customers may call in the telephone network: one configuration each, countries in lower case (ISO 3166 alpha-2). */
export const sql = `
create table outbound_configs (
  id uuid primary key,
  customer_id uuid not null,
  name text not null,
  detail text not null,
  destination_whitelist text[] not null,
  codecs text not null,
  default_outgoing_source_number_id uuid not null,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz
);
create unique index outbound_configs_customer on outbound_configs (customer_id) where tm_delete is null;
`
