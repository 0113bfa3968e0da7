/** Routes of emergency numbers are few among a million, and are looked for by their number. */
export const sql = `
create index routes_emergency on routes (target) where tm_delete is null and target ~ '^[0-9]';
`
