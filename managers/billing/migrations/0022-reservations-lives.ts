/** Which life of which process will use what is reserved: once that is over, what has no record by then never gets one. */
export const sql = `
alter table reservations add column life text not null default '';
`
