/**
 * The outbox: mails that have to be sent, and what became of them. A row says what a mail is about; its text is written
 * when it is sent and stays only where nothing sends it (`kept`).
 */
export const sql = `
create table mails (
  id uuid primary key,
  customer_id uuid not null,
  kind text not null,
  recipient text not null,
  subject text not null default '',
  content text not null default '',
  status text not null default 'waiting' check (status in ('waiting', 'sent', 'kept', 'failed')),
  attempts integer not null default 0,
  issue text not null default '',
  tm_due timestamptz not null,
  run uuid,
  tm_lease timestamptz,
  tm_create timestamptz not null,
  tm_update timestamptz
);
create index mails_due on mails (tm_due) where status = 'waiting';
create index mails_list on mails (tm_create desc, id desc);
`
