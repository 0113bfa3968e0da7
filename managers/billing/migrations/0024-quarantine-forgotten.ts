/**
 * A destination in quarantine is remembered for as long as it is called: the day of its last call says when it may be
 * forgotten. A day and not a moment, so that few calls change what is indexed.
 */
export const sql = `
alter table quarantined_destinations add last_day date;
update quarantined_destinations set last_day = greatest((tm_create at time zone 'UTC')::date, (now() at time zone 'UTC')::date);
alter table quarantined_destinations alter last_day set not null;
create index quarantined_destinations_last on quarantined_destinations (last_day);
create index quarantined_destinations_first on quarantined_destinations (customer_id, tm_create);
`
