/**
 * Which paid calls have begun a moment ago is asked for each new one. The index of all reservations of a customer invited to
 * read the whole history of it instead, and to find a single one that way.
 */
export const sql = `
drop index reservations_begun;
create index reservations_begun on reservations (customer_id, tm_create) where cost_type = 'call_pstn_outgoing';
`
