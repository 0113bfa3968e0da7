/** A row per job: when it is due, and who does it until when (by the database's time). */
export const sql = `
create table jobs (
  name text primary key,
  tm_due timestamptz not null,
  run uuid,
  tm_lease timestamptz,
  failures integer not null default 0,
  tm_start timestamptz,
  tm_end timestamptz
);
`
