/** The list of an agent's own calls. */
export const sql = `
create index calls_list_of_owner on calls (customer_id, owner_id, tm_create desc, id desc)
  where tm_delete is null and owner_type = 'agent';
`
