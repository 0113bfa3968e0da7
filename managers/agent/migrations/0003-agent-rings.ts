/**
 * Calls that ring at agents. The call engine writes what has become of one with its groupcall; `shown` is how much of it
 * the agent's status shows already, and what is over goes.
 */
export const sql = `
create table agent_rings (
  groupcall_id uuid primary key,
  customer_id uuid not null,
  agent_id uuid not null,
  state text not null check (state in ('ringing', 'answered', 'missed')),
  shown text not null default '' check (shown in ('', 'ringing'))
);
create index agent_rings_news on agent_rings (groupcall_id) where state <> shown;
create index agent_rings_agent on agent_rings (agent_id);
`
