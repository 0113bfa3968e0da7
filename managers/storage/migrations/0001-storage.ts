/**
 * Storage accounts, files, and the objects that no file claims: `storage_leftovers` has every object from before it is
 * made until its file's row is there, and from the deletion of the row until it is gone.
 */
export const sql = `
create table storage_accounts (
  id uuid primary key,
  customer_id uuid not null,
  total_file_count bigint not null check (total_file_count >= 0),
  total_file_size bigint not null check (total_file_size >= 0),
  quota_size bigint not null,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz
);
create unique index storage_accounts_customer on storage_accounts (customer_id) where tm_delete is null;
create index storage_accounts_list on storage_accounts (tm_create desc, id desc) where tm_delete is null;

create table storage_files (
  id uuid primary key,
  customer_id uuid not null,
  owner_type text not null,
  owner_id uuid not null,
  reference_type text not null,
  reference_id uuid not null,
  type text not null,
  name text not null,
  detail text not null,
  filename text not null,
  filesize bigint not null,
  content_type text not null,
  uri_download text not null,
  tm_download_expire timestamptz,
  object text not null,
  crc32 bigint not null,
  tm_create timestamptz not null,
  tm_update timestamptz,
  tm_delete timestamptz
);
create index storage_files_list on storage_files (customer_id, tm_create desc, id desc) where tm_delete is null;
create index storage_files_owned on storage_files (customer_id, owner_id, tm_create desc, id desc) where tm_delete is null;
create index storage_files_of on storage_files (reference_id) where tm_delete is null and reference_type <> '';
create unique index storage_files_object on storage_files (object) where tm_delete is null;

create table storage_leftovers (
  object text primary key,
  tm_due timestamptz not null
);
create index storage_leftovers_due on storage_leftovers (tm_due);
`
