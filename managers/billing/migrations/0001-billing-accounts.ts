/** One live account per customer; money is integer micros (1 USD = 1 000 000), tokens are whole. */
export const sql = `
create table billing_accounts (
  id uuid primary key,
  customer_id uuid not null,
  status text not null check (status in ('active', 'frozen', 'deleted')),
  name text not null,
  detail text not null,
  plan_type text not null check (plan_type in ('free', 'basic', 'professional', 'unlimited')),
  plan_status text not null check (plan_status in ('active', 'canceling')),
  balance_credit bigint not null,
  balance_token bigint not null,
  payment_type text not null,
  payment_method text not null,
  paddle_subscription_id text not null,
  paddle_customer_id text not null,
  tm_last_topup timestamptz,
  tm_next_topup timestamptz,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz
);
create unique index billing_accounts_customer on billing_accounts (customer_id) where tm_delete is null;
create index billing_accounts_next_topup on billing_accounts (tm_next_topup) where tm_delete is null;
`
