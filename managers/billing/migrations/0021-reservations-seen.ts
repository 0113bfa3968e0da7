/** How many intervals its meter has seen begin: what was seen to go on costs them, whatever the wall clock says of it. */
export const sql = `
alter table reservations add column begun integer not null default 0;
`
