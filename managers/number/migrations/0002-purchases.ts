/**
 * What was bought at vendors, from before the vendor is asked until it has the number back: at most one for each number at a
 * time. And when a number that could not be renewed is given back.
 */
export const sql = `
create table number_purchases (
  id uuid primary key,
  customer_id uuid not null,
  number_id uuid not null,
  number text not null,
  vendor text not null,
  state text not null check (state in ('buying', 'unsure', 'held', 'releasing', 'released')),
  reference text not null,
  tm_create timestamptz not null,
  tm_update timestamptz not null
);
create unique index number_purchases_number on number_purchases (number) where state <> 'released';
create index number_purchases_number_id on number_purchases (number_id);
create index number_purchases_open on number_purchases (tm_update) where state in ('buying', 'unsure', 'releasing');
alter table numbers add column tm_release timestamptz;
create index numbers_renew on numbers (tm_renew, id) where tm_delete is null and tm_renew is not null;
`
