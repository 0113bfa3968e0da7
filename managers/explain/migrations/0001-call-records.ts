/**
 * What is kept of each call to give an account of it: one row, packed (`record-codec.ts`). `complete` = it was written after
 * the call's end. Rows go away by age.
 */
export const sql = `
create table call_records (
  call_id uuid primary key,
  customer_id uuid not null,
  data bytea not null,
  complete boolean not null,
  tm_create timestamptz not null,
  tm_update timestamptz not null
);
alter table call_records alter column data set storage external;
create index call_records_age on call_records (tm_create);
`
