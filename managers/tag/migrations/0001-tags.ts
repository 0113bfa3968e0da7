/** Tags of customers. */
export const sql = `
create table tags (
  id uuid primary key,
  customer_id uuid not null,
  name text not null,
  detail text not null,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz
);
create index tags_list on tags (customer_id, tm_create desc, id desc) where tm_delete is null;
`
