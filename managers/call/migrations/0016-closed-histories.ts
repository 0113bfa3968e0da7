/**
 * Customers that were deleted, whose calls and what belongs to them have still to be: what was live at that moment ends a
 * little later. And recordings by their end, for those that are kept for some days only.
 */
export const sql = `
create table closed_histories (
  customer_id uuid primary key,
  tm_create timestamptz not null
);
create index recordings_to_forget on recordings (tm_end) where status = 'ended' and tm_delete is null;
`
