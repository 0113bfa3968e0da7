/**
 * Temporary flows are found by their age. `inheritance` is what an ended execution leaves to those that follow it later
 * (the on-end flow of a recording): its variables and what it was allowed.
 */
export const sql = `
create index flows_temporary on flows (tm_create) where not persist;

alter table activeflows add column inheritance jsonb;
`
