/** Transfers: conversations that are handed over. `node`, `incarnation` say whose live transfer it is, as with calls. */
export const sql = `
create table transfers (
  id uuid primary key,
  customer_id uuid not null,
  type text not null check (type in ('attended', 'blind')),
  status text not null check (status in ('progressing', 'completed', 'failed')),
  transferer_call_id uuid not null,
  transferee_addresses jsonb not null,
  transferee_call_id uuid not null,
  groupcall_id uuid not null,
  confbridge_id uuid not null,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz,
  node text not null,
  incarnation text not null
);
create index transfers_list on transfers (customer_id, tm_create desc, id desc) where tm_delete is null;
create index transfers_live on transfers (node, incarnation) where status = 'progressing';
`
