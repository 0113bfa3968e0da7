/** Which node registers with a provider, and when it last said that it does. */
export const sql = `
alter table providers
  add column registration_node text not null default '',
  add column tm_registration timestamptz;
`
