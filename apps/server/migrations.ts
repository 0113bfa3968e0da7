import { migrations as agent } from '#managers/agent'
import { migrations as billing } from '#managers/billing'
import { migrations as call } from '#managers/call'
import { migrations as customer } from '#managers/customer'
import { migrations as direct } from '#managers/direct'
import { migrations as explain } from '#managers/explain'
import { migrations as flow } from '#managers/flow'
import { migrations as number } from '#managers/number'
import { migrations as provisioning } from '#managers/provisioning'
import { migrations as registrar } from '#managers/registrar'
import { migrations as storage } from '#managers/storage'
import { migrations as tag } from '#managers/tag'
import { migrations as webhook } from '#managers/webhook'
import { databaseMigrations, type Migration } from '#platform/db'
import { eventMigrations } from '#platform/events'
import { httpMigrations } from '#platform/http'
import { jobMigrations } from '#platform/jobs'
import { mailMigrations } from '#platform/mail'
import { nodeMigrations } from '#platform/node'
import { settingsMigrations } from './platform-settings.ts'

/** Every manager's migrations: what the database must have before a role starts. */
export const allMigrations: Migration[] = [
  ...databaseMigrations,
  ...eventMigrations,
  ...httpMigrations,
  ...nodeMigrations,
  ...jobMigrations,
  ...mailMigrations,
  ...settingsMigrations,
  ...billing,
  ...customer,
  ...direct,
  ...agent,
  ...number,
  ...registrar,
  ...flow,
  ...call,
  ...webhook,
  ...tag,
  ...storage,
  ...explain,
  ...provisioning,
]
