/** Customers and their access keys. Of a key only the SHA-256 is kept; the e-mail is unique among live customers. */
export const sql = `
create table customers (
  id uuid primary key,
  name text not null,
  detail text not null,
  email text not null,
  phone_number text not null,
  address text not null,
  webhook_method text not null check (webhook_method in ('', 'POST', 'GET', 'PUT', 'DELETE')),
  webhook_uri text not null,
  webhook_secret text not null,
  billing_account_id uuid not null,
  metadata jsonb not null,
  email_verified boolean not null,
  status text not null check (status in ('initial', 'active', 'frozen', 'deleted', 'expired')),
  identity_verification_status text not null
    check (identity_verification_status in ('none', 'pending', 'verified', 'rejected')),
  tm_deletion_scheduled timestamptz,
  terms_agreed_version text not null,
  terms_agreed_ip text not null,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz
);
create unique index customers_email on customers (lower(email)) where tm_delete is null and email <> '';
create index customers_list on customers (tm_create desc, id desc) where tm_delete is null;

create table accesskeys (
  id uuid primary key,
  customer_id uuid not null,
  name text not null,
  detail text not null,
  token_hash bytea not null,
  token_prefix text not null,
  tm_expire timestamptz not null,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz
);
create unique index accesskeys_token on accesskeys (token_hash);
create index accesskeys_list on accesskeys (customer_id, tm_create desc, id desc) where tm_delete is null;
`
