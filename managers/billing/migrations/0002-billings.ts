/**
 * The ledger; who pays for whom; and rate decks, of which a version never changes once it is there. One charge per thing
 * that was used, whoever asks how often. Accounts from before get a row that carries over what they have, so that the sum
 * of an account's rows is its balance.
 */
export const sql = `
create table billings (
  id uuid primary key,
  customer_id uuid not null,
  account_id uuid not null,
  transaction_type text not null check (transaction_type in ('usage', 'top_up', 'adjustment', 'refund')),
  status text not null check (status in ('progressing', 'end')),
  reference_type text not null,
  reference_id uuid not null,
  cost_type text not null,
  usage_duration bigint not null,
  billable_units bigint not null,
  rate_token_per_unit bigint not null,
  rate_credit_per_unit bigint not null,
  amount_token bigint not null,
  amount_credit bigint not null,
  balance_token_snapshot bigint not null,
  balance_credit_snapshot bigint not null,
  idempotency_key uuid not null,
  tm_billing_start timestamptz,
  tm_billing_end timestamptz,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz,
  rate_deck_version integer not null,
  rate_prefix text not null,
  rate_country text not null,
  rate_unit_seconds integer not null,
  rounding text not null,
  token_available bigint not null,
  enforced boolean not null,
  number text not null,
  note text not null
);
create unique index billings_reference on billings (transaction_type, reference_type, reference_id);
create unique index billings_idempotency_key on billings (idempotency_key);
create index billings_customer on billings (customer_id, tm_create desc, id desc) where tm_delete is null;
create index billings_account on billings (account_id) include (amount_token, amount_credit);
create index billings_end on billings (tm_billing_end, id) where transaction_type = 'usage';

alter table billing_accounts add suspended_by_refund boolean not null default false;
alter table billing_accounts add low_balance bigint;
alter table billing_accounts add paddle_tm_event timestamptz;
create index billing_accounts_paddle_subscription on billing_accounts (paddle_subscription_id)
  where paddle_subscription_id <> '';
create index billing_accounts_paddle_customer on billing_accounts (paddle_customer_id) where paddle_customer_id <> '';

create table billing_payers (
  customer_id uuid primary key,
  account_id uuid not null
);
insert into billing_payers (customer_id, account_id)
  select distinct on (customer_id) customer_id, id from billing_accounts order by customer_id, tm_create desc;

insert into billings
  select gen_random_uuid(), customer_id, id, 'top_up', 'end', 'monthly_allowance', gen_random_uuid(), '', 0, 0, 0, 0,
    balance_token, balance_credit, balance_token, balance_credit, gen_random_uuid(), null, null, now(), null, null,
    0, '', '', 0, 'up', 0, true, '', 'carried over'
  from billing_accounts;

create table billing_audits (
  tm_audit timestamptz primary key,
  result jsonb not null
);

create table rate_decks (
  version integer primary key check (version > 0),
  id uuid not null unique,
  name text not null,
  detail text not null,
  tm_from timestamptz not null,
  tm_create timestamptz not null
);
create index rate_decks_from on rate_decks (tm_from desc, version desc);

create table rate_deck_rates (
  version integer not null references rate_decks,
  cost_type text not null,
  prefix text collate "C" not null check (prefix ~ '^[0-9]{0,15}$'),
  country text not null,
  token_per_unit bigint not null check (token_per_unit >= 0),
  credit_per_unit bigint not null check (credit_per_unit >= 0),
  unit_seconds integer not null check (unit_seconds >= 0),
  primary key (version, cost_type, prefix, country)
);

insert into rate_decks values (1, '3f0c7a52-6c0b-4a0e-9d0a-2f7d3c1b8e01', 'standard', 'The rates that the platform comes with.', 'epoch', now());
insert into rate_deck_rates values
  (1, 'call_pstn_outgoing', '', '', 0, 10000, 60),
  (1, 'call_pstn_incoming', '', '', 0, 10000, 60),
  (1, 'call_vn', '', '', 1, 1000, 60),
  (1, 'call_extension', '', '', 0, 0, 60),
  (1, 'call_direct_ext', '', '', 0, 0, 60),
  (1, 'sms', '', '', 0, 10000, 0),
  (1, 'email', '', '', 0, 10000, 0),
  (1, 'number', '', '', 0, 5000000, 0),
  (1, 'number_renew', '', '', 0, 5000000, 0),
  (1, 'tts', '', '', 3, 30000, 60),
  (1, 'recording', '', '', 3, 30000, 60);
`
