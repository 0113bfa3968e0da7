/** Tokens in links of mails: hashes only. Whoever brings one back has the mailbox that it was sent to. */
export const sql = `
create table mailed_tokens (
  hash bytea primary key,
  purpose text not null check (purpose in ('email_verify', 'password_set')),
  customer_id uuid not null,
  agent_id uuid not null,
  address text not null,
  tm_create timestamptz not null,
  tm_expire timestamptz not null
);
create index mailed_tokens_expire on mailed_tokens (tm_expire);
create index mailed_tokens_agent on mailed_tokens (agent_id);
`
