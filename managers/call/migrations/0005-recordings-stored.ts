/**
 * When the files of a recording became files of the storage; `null` = not yet. Live recordings, which write their whole
 * row, do not know of it.
 */
export const sql = `
alter table recordings add column tm_stored timestamptz;
create index recordings_to_store on recordings (tm_end) where status = 'ended' and tm_stored is null and tm_delete is null;
`
