import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import type { S3Settings } from '#managers/storage'
import type { RateLimitSettings, TrustedProxy } from '#platform/http'
import { LOG_LEVELS, type LogLevel } from '#platform/log'
import type { Mailbox } from '#platform/mail'
import type { Placement } from '#telecom/media'
import { type BillingConfig, billingSettings } from './billing-settings.ts'
import { readBaseUrl, readMailbox, readSmtpUrl } from './mail-settings.ts'
import { readS3Url } from './s3-url.ts'
import { type Setting, setting } from './setting.ts'
import {
  address,
  BadSetting,
  domain,
  headerName,
  key,
  known,
  logLevel,
  networks,
  onOff,
  password,
  placement,
  portRange,
  postgresUrl,
  rate,
  text,
  whole,
} from './setting-values.ts'

/** The only reader of the environment. Every setting is read once, all are checked together, and passed on as values. */

export interface Config extends BillingConfig {
  httpHost: string
  httpPort: number
  /** `undefined` = every address of the machine. */
  sipHost: string | undefined
  sipPort: number
  rtpPorts: { first: number; last: number }
  /** `undefined` = each listener's own address. */
  publicAddress: string | undefined
  sipDomain: string
  dataDir: string
  /** `undefined` = the database that comes with the platform. */
  databaseUrl: string | undefined
  /** `undefined` = files are kept in the data folder. */
  s3: S3Settings | undefined
  /** Where people reach the API, for links in mails; `undefined` = where it listens. */
  publicUrl: string | undefined
  /** `undefined` = mails are kept in the data folder. */
  smtpUrl: string | undefined
  /** `undefined` = no-reply at the SIP domain. */
  mailFrom: Mailbox | undefined
  signupChecksEmail: boolean
  customersStartVerified: boolean
  roles: readonly Role[]
  mediaWorkers: number
  mediaPlacement: Placement
  adminPassword: string | undefined
  allowPrivateTargets: readonly string[]
  /** `undefined` = the key in the data folder. */
  secretsKey: Uint8Array | undefined
  drainSeconds: number
  numberGraceDays: number
  eventDays: number
  callRecordDays: number
  recordingDays: number
  rtpDebugMegabytes: number
  rtpDebugCustomerMegabytes: number
  rtpDebugTotalMegabytes: number
  sandboxCarrier: boolean
  sandboxCarrierPort: number
  anonymousCallsPerSecond: number
  anonymousCallsAtOnce: number
  trustedProxies: readonly string[]
  trustedProxyHeader: string
  authPublicRps: number
  authPublicBurst: number
  authProtectedRps: number
  authProtectedBurst: number
  v1Rps: number
  v1Burst: number
  customerRps: number
  customerBurst: number
  customerDirectRps: number
  customerDirectBurst: number
  customerDelegateRps: number
  customerDelegateBurst: number
  logLevel: LogLevel
}

export const ROLES = ['api', 'call'] as const
export type Role = (typeof ROLES)[number]

const SETTINGS: { [Key in keyof Config]: Setting<Config[Key]> } = {
  httpHost: setting('HTTP_HOST', '127.0.0.1', 'address that the API listens on', text),
  httpPort: setting('HTTP_PORT', '8080', 'port of the API (0 = any free one)', (value) => whole(value, 0, 65_535)),
  sipHost: {
    name: 'SIP_HOST',
    fallback: 'every address of the machine',
    meaning: 'address that SIP listens on',
    read: (value) => (value === undefined ? undefined : address(value)),
  },
  sipPort: setting('SIP_PORT', '5060', 'port of SIP (0 = any free one)', (value) => whole(value, 0, 65_535)),
  rtpPorts: setting('RTP_PORTS', '20000-30000', 'range of UDP ports for sound', portRange),
  publicAddress: {
    name: 'PUBLIC_ADDRESS',
    fallback: 'the address of each listener',
    meaning: 'address put into SDP and Contact, behind a NAT',
    read: (value) => (value === undefined ? undefined : address(value)),
  },
  sipDomain: setting(
    'SIP_DOMAIN',
    'strowger.localhost',
    'base domain of SIP, as in {customer_id}.registrar.{base}',
    domain,
  ),
  dataDir: setting(
    'DATA_DIR',
    './data',
    'folder of the database, sounds and the credentials of the first run',
    (value) => resolve(text(value)),
  ),
  databaseUrl: {
    name: 'DATABASE_URL',
    fallback: 'unset: the database that comes with the platform',
    meaning: 'a PostgreSQL of your own, version 15 or newer',
    secret: true,
    read: (value) => (value === undefined ? undefined : postgresUrl(value)),
  },
  s3: {
    name: 'S3_URL',
    fallback: 'unset: files are kept in the data folder',
    meaning:
      'a bucket of an S3-compatible store for files and recordings, https://key:secret@host/bucket?region=us-east-1; its ' +
      'host must be reachable for whoever downloads',
    secret: true,
    read: (value) => (value === undefined ? undefined : s3Url(value)),
  },
  publicUrl: {
    name: 'PUBLIC_URL',
    fallback: 'where the API listens',
    meaning: 'address by which people reach the API, for links in mails, as in https://api.example.com',
    read: (value) => value && known(readBaseUrl(value), 'takes an http or https URL as in https://api.example.com'),
  },
  smtpUrl: {
    name: 'SMTP_URL',
    fallback: 'unset: mails are kept in the data folder and at GET /v1.0/mails',
    meaning: 'the mail server, smtp://user:password@host:587 (STARTTLS where it is offered) or smtps:// (TLS)',
    secret: true,
    read: (value) => value && known(readSmtpUrl(value), 'takes a URL as in smtp://user:password@host:587'),
  },
  mailFrom: {
    name: 'MAIL_FROM',
    fallback: 'Strowger <no-reply@{the SIP domain}>',
    meaning: 'who the mails of the platform come from',
    read: (value) =>
      value === undefined
        ? undefined
        : known(readMailbox(value), 'takes a mailbox as in Strowger <no-reply@example.com>'),
  },
  signupChecksEmail: setting(
    'SIGNUP_CHECKS_EMAIL',
    'on',
    'whether who signs up has to confirm its e-mail address within an hour: on or off',
    onOff,
  ),
  customersStartVerified: setting(
    'CUSTOMERS_START_VERIFIED',
    'off',
    'whether the identity of customers that the operator makes counts as verified, so that they may buy and call numbers: on or off',
    onOff,
  ),
  roles: setting('ROLES', 'api,call', 'what this process does: api, call or both', roles),
  mediaWorkers: {
    name: 'MEDIA_WORKERS',
    fallback: 'cores − 1, at least 1',
    meaning: 'threads for sound',
    read: (value) => (value === undefined ? Math.max(1, availableParallelism() - 1) : whole(value, 1, 64)),
  },
  mediaPlacement: setting(
    'MEDIA_PLACEMENT',
    'together',
    'whether the legs of a conversation share a thread for sound: together or apart',
    placement,
  ),
  adminPassword: {
    name: 'ADMIN_PASSWORD',
    fallback: 'generated',
    meaning: "the super admin's password, read by the first run only",
    secret: true,
    read: (value) => (value === undefined ? undefined : password(value)),
  },
  allowPrivateTargets: {
    name: 'ALLOW_PRIVATE_TARGETS',
    fallback: 'unset',
    meaning:
      'networks that webhooks, play and fetch may reach although private, e.g. 127.0.0.0/8,::1 (for development only)',
    read: (value) => (value === undefined ? [] : networks(value)),
  },
  secretsKey: {
    name: 'SECRETS_KEY',
    fallback: 'drawn at the first start, kept in the data folder',
    meaning:
      'the key of stored passwords that the platform sends to carriers, 32 bytes in base64; the same for every node',
    secret: true,
    read: (value) => (value === undefined ? undefined : key(value)),
  },
  numberGraceDays: setting(
    'NUMBER_GRACE_DAYS',
    '30',
    'days for which a number whose renewal could not be paid stays with its customer',
    (value) => whole(value, 0, 366),
  ),
  eventDays: setting('EVENT_DAYS', '366', 'days for which events are kept, for timelines and GET /events', (value) =>
    whole(value, 8, 36_500),
  ),
  drainSeconds: setting('DRAIN_SECONDS', '0', 'how long SIGTERM waits for live calls', (value) =>
    whole(value, 0, 86_400),
  ),
  recordingDays: setting(
    'RECORDING_DAYS',
    '0',
    'how many days recordings are kept; then they are deleted with their files (0 = for ever)',
    (value) => whole(value, 0, 36_500),
  ),
  callRecordDays: setting(
    'CALL_RECORD_DAYS',
    '30',
    'how many days the SIP messages and the course of a call are kept',
    (value) => whole(value, 1, 3_650),
  ),
  rtpDebugMegabytes: setting(
    'RTP_DEBUG_MEGABYTES',
    '5',
    'how much of the sound of a call with `rtp_debug` is captured, in megabytes (0 = nothing)',
    (value) => whole(value, 0, 1_000),
  ),
  rtpDebugCustomerMegabytes: setting(
    'RTP_DEBUG_CUSTOMER_MEGABYTES',
    '100',
    'how much sound is captured of the calls of one customer that begin on one day, in megabytes; then no new capture begins',
    (value) => whole(value, 0, 1_000_000),
  ),
  rtpDebugTotalMegabytes: setting(
    'RTP_DEBUG_TOTAL_MEGABYTES',
    '1000',
    'how much captured sound is kept altogether, in megabytes; when it is used up no new capture begins',
    (value) => whole(value, 0, 1_000_000),
  ),
  sandboxCarrier: setting(
    'SANDBOX_CARRIER',
    'on',
    'whether a telephone network of this machine alone runs beside the platform, for numbers that begin with +999: on or off',
    onOff,
  ),
  sandboxCarrierPort: setting(
    'SANDBOX_CARRIER_PORT',
    '5070',
    'port of its SIP, the next one is that of its API (0 = any free one; others are taken where they are not free)',
    (value) => whole(value, 0, 65_534),
  ),
  anonymousCallsPerSecond: setting(
    'ANONYMOUS_CALLS_PER_SECOND',
    '10',
    'calls without credentials per number and source each second',
    (value) => whole(value, 0, 1_000_000),
  ),
  anonymousCallsAtOnce: setting(
    'ANONYMOUS_CALLS_AT_ONCE',
    '50',
    'calls without credentials per number and source at the same time',
    (value) => whole(value, 0, 1_000_000),
  ),
  trustedProxies: {
    name: 'TRUSTED_PROXIES',
    fallback: 'unset',
    meaning: "networks of the proxies whose header is believed about a client's address, e.g. 10.0.0.0/8",
    read: (value) => (value === undefined ? [] : networks(value)),
  },
  trustedProxyHeader: setting(
    'TRUSTED_PROXY_HEADER',
    'cf-connecting-ip',
    "the header in which such a proxy says the client's address",
    headerName,
  ),
  authPublicRps: rps('AUTH_PUBLIC', '10', 'an address to `/auth/*` without credentials'),
  authPublicBurst: burst('AUTH_PUBLIC', '20', 'an address to `/auth/*` without credentials'),
  authProtectedRps: rps('AUTH_PROTECTED', '10', 'an address to `/auth/*` with credentials'),
  authProtectedBurst: burst('AUTH_PROTECTED', '20', 'an address to `/auth/*` with credentials'),
  v1Rps: rps('V1', '200', 'an address to everything else'),
  v1Burst: burst('V1', '400', 'an address to everything else'),
  customerRps: rps('CUSTOMER_V1', '17', 'the agents and access keys of a customer'),
  customerBurst: burst('CUSTOMER_V1', '33', 'the agents and access keys of a customer'),
  customerDirectRps: rps('CUSTOMER_V1_DIRECT', '50', 'the direct tokens of a customer'),
  customerDirectBurst: burst('CUSTOMER_V1_DIRECT', '100', 'the direct tokens of a customer'),
  customerDelegateRps: rps('CUSTOMER_V1_DELEGATE', '8', 'the delegates of a customer'),
  customerDelegateBurst: burst('CUSTOMER_V1_DELEGATE', '16', 'the delegates of a customer'),
  ...billingSettings,
  logLevel: setting('LOG_LEVEL', 'info', `how much is logged: ${LOG_LEVELS.join(', ')}`, logLevel),
}

const PREFIX = 'STROWGER_'

/** Reads every setting; throws one error that names all faults. An empty value counts as unset. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = []
  const config: Record<string, unknown> = {}
  for (const [key, each] of Object.entries(SETTINGS)) {
    const value = environment[PREFIX + each.name]?.trim() || undefined
    try {
      config[key] = each.read(value)
    } catch (error) {
      if (!(error instanceof BadSetting)) throw error
      faults.push(`${PREFIX}${each.name}=${each.secret ? '…' : value}: ${error.message}`)
    }
  }
  const known = new Set(Object.values(SETTINGS).map((each) => PREFIX + each.name))
  for (const name of Object.keys(environment))
    if (name.startsWith(PREFIX) && !known.has(name)) faults.push(`${name}: there is no such setting`)
  if (faults.length > 0) throw new SettingsError(faults)
  return config as unknown as Config
}

/** Settings that cannot be used, each fault in a line. */
export class SettingsError extends Error {
  constructor(faults: readonly string[]) {
    super(`These settings cannot be used:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
    this.name = 'SettingsError'
  }
}

/** How often addresses and customers may ask. */
export function rateLimitsOf(config: Config): RateLimitSettings {
  const allowance = (perSecond: number, burst: number) => ({ perSecond, burst })
  return {
    authPublic: allowance(config.authPublicRps, config.authPublicBurst),
    authProtected: allowance(config.authProtectedRps, config.authProtectedBurst),
    v1: allowance(config.v1Rps, config.v1Burst),
    customer: allowance(config.customerRps, config.customerBurst),
    customerDirect: allowance(config.customerDirectRps, config.customerDirectBurst),
    customerDelegate: allowance(config.customerDelegateRps, config.customerDelegateBurst),
  }
}

/** Whose word about a client's address is believed; nobody's unless said. */
export function trustedProxyOf({ trustedProxies, trustedProxyHeader }: Config): TrustedProxy | undefined {
  if (trustedProxies.length === 0) return undefined
  return { header: trustedProxyHeader, networks: trustedProxies }
}

/** Every setting with its default and meaning, for `--help` and the settings page. */
export function settingsTable(): { name: string; fallback: string; meaning: string }[] {
  return Object.values(SETTINGS).map(({ name, fallback, meaning }) => ({ name: PREFIX + name, fallback, meaning }))
}

function rps(tier: string, fallback: string, whose: string): Setting<number> {
  return setting(`RATE_LIMIT_${tier}_RPS`, fallback, `requests each second of ${whose} (0 = no limit)`, rate)
}

function burst(tier: string, fallback: string, whose: string): Setting<number> {
  const meaning = `requests at once, after a pause, of ${whose} (0 = no limit)`
  return setting(`RATE_LIMIT_${tier}_BURST`, fallback, meaning, (value) => whole(value, 0, 1_000_000_000))
}

function roles(value: string): readonly Role[] {
  const asked = value.split(',').map((role) => role.trim())
  if (asked.length === 0 || asked.some((role) => !ROLES.includes(role as Role)))
    throw new BadSetting(`takes one or both of ${ROLES.join(',')}`)
  return ROLES.filter((role) => asked.includes(role))
}

function s3Url(value: string): S3Settings {
  const settings = readS3Url(value)
  if (!settings) throw new BadSetting('takes a URL as in https://key:secret@host/bucket?region=us-east-1')
  return settings
}
