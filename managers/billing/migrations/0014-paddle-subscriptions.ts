/**
 * Subscriptions at the payment provider, each with what was told of it last, and the plan that an account has without them.
 * An account may have several: which of them it shows is in its `paddle_subscription_id`.
 */
export const sql = `
create table paddle_subscriptions (
  id text primary key,
  account_id uuid not null,
  paddle_customer_id text not null,
  plan_type text not null check (plan_type in ('', 'free', 'basic', 'professional')),
  state text not null check (state in ('active', 'canceling', 'ended')),
  tm_event timestamptz not null,
  tm_create timestamptz not null
);
create index paddle_subscriptions_account on paddle_subscriptions (account_id);

insert into paddle_subscriptions
  select paddle_subscription_id, id, paddle_customer_id,
    case when plan_type = 'unlimited' then '' else plan_type end,
    case when plan_type = 'free' then 'ended' else plan_status end,
    coalesce(paddle_tm_event, tm_create), coalesce(tm_update, tm_create)
  from billing_accounts where paddle_subscription_id <> ''
  on conflict do nothing;

alter table billing_accounts add given_plan_type text not null default 'free'
  check (given_plan_type in ('free', 'basic', 'professional', 'unlimited'));
update billing_accounts set given_plan_type = plan_type where paddle_subscription_id = '' or plan_type = 'unlimited';
alter table billing_accounts drop paddle_tm_event;
drop index billing_accounts_paddle_subscription;
`
