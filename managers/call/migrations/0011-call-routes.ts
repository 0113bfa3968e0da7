/** The attempts of calls to reach a number over routes, each written when it begins and when it is over. */
export const sql = `
create table call_routes (
  id uuid primary key,
  customer_id uuid not null,
  call_id uuid not null,
  attempt int not null,
  route_id uuid not null,
  provider_id uuid not null,
  outcome text not null,
  sip_status int not null,
  cause int not null,
  tm_create timestamptz not null,
  tm_end timestamptz
);
create index call_routes_of_call on call_routes (customer_id, call_id, attempt);
`
