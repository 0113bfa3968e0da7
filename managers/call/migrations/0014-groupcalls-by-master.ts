/** The groupcalls that were made for a call, for its account. */
export const sql = `
create index groupcalls_of_master on groupcalls (master_call_id)
  where tm_delete is null and master_call_id <> '00000000-0000-0000-0000-000000000000';
`
