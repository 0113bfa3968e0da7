/** When a key was last used, to a minute. */
export const sql = 'alter table accesskeys add column tm_last_used timestamptz;'
