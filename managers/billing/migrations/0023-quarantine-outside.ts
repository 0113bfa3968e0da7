/** What callers from outside cause is counted beside what the customer causes itself, so that neither uses up the other's. */
export const sql = `
alter table quarantined_destinations add column outside boolean not null default false;
alter table quarantined_destinations drop constraint quarantined_destinations_pkey;
alter table quarantined_destinations add primary key (customer_id, destination, outside);
`
