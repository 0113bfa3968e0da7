/** Wrong passwords, by a hash of what they were tried for, so that who guesses has to wait, also after a restart. */
export const sql = `
create table login_attempts (
  key text primary key,
  failures integer not null,
  tm_last timestamptz not null,
  tm_free timestamptz not null,
  tm_known timestamptz not null,
  tm_drop timestamptz not null
);
create index login_attempts_drop on login_attempts (tm_drop);
`
