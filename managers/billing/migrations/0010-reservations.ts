/**
 * What is set aside for paid things that go on, and what was spent when by whom. One reservation per thing, whoever asks how
 * often. `spending_buckets` has what was reserved in each step of five minutes, which is what limits per hour and day are
 * compared with; `quarantined_destinations` has what expensive destinations have cost since they were first called.
 */
export const sql = `
create table reservations (
  id uuid primary key,
  customer_id uuid not null,
  account_id uuid not null,
  reference_type text not null check (reference_type in ('call', 'recording')),
  reference_id uuid not null,
  cost_type text not null,
  number text not null,
  rate jsonb not null,
  credential_kind text not null check (credential_kind in ('', 'accesskey', 'agent', 'extension', 'trunk')),
  credential_id text not null,
  status text not null check (status in ('open', 'settled', 'released')),
  units integer not null,
  amount_token bigint not null,
  amount_credit bigint not null,
  money bigint not null,
  most_units integer,
  quarantine text not null,
  tm_create timestamptz not null,
  tm_extend timestamptz not null,
  tm_end timestamptz
);
create unique index reservations_reference on reservations (reference_type, reference_id);
create index reservations_open on reservations (customer_id) where status = 'open';
create index reservations_held on reservations (account_id) include (amount_token, amount_credit) where status = 'open';
create index reservations_begun on reservations (customer_id, tm_create);

create table spending_buckets (
  customer_id uuid not null,
  kind text not null,
  subject_id text not null,
  tm_bucket timestamptz not null,
  seconds bigint not null,
  money bigint not null,
  primary key (customer_id, kind, subject_id, tm_bucket)
);
create index spending_buckets_old on spending_buckets (tm_bucket);

create table quarantined_destinations (
  customer_id uuid not null,
  destination text not null,
  seconds bigint not null,
  money bigint not null,
  tm_create timestamptz not null,
  primary key (customer_id, destination)
);
`
