/** Direct hashes: one per resource, removed with it (there is no soft delete: a dead hash reaches nothing). */
export const sql = `
create table directs (
  id uuid primary key,
  customer_id uuid not null,
  resource_type text not null,
  resource_id uuid not null,
  hash text not null,
  tm_create timestamptz not null,
  tm_update timestamptz
);
create unique index directs_hash on directs (hash);
create unique index directs_resource on directs (resource_type, resource_id);
`
