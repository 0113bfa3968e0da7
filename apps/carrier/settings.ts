import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { LOG_LEVELS, type LogLevel } from '#platform/log'

/** What the carrier is told where it runs by itself. The only reader of its environment. */
export interface CarrierSettings {
  host: string
  port: number
  apiPort: number
  rtpPorts: { first: number; last: number }
  folder: string
  /** `undefined` = the script that comes with it. */
  script: string | undefined
  /** `undefined` = it makes no calls, and passes none on. */
  trunk: { address: string; port: number } | undefined
  domain: string
  logLevel: LogLevel
}

interface Setting<T> {
  name: string
  fallback: string
  meaning: string
  /** `undefined` where the text cannot be used. */
  read: (text: string) => T | undefined
  takes: string
}

const port = (text: string) => (/^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined)
const A_PORT = 'a port from 0 to 65535'

const SETTINGS: { [Key in keyof CarrierSettings]: Setting<CarrierSettings[Key]> } = {
  host: {
    ...{ name: 'HOST', fallback: '127.0.0.3', takes: 'an address of 127.0.0.0/8, or ::1' },
    meaning: 'address that it listens on, of this machine alone; 127.0.0.1 where the machine has no such address',
    read: (text) => (text === '::1' || (isIP(text) === 4 && text.startsWith('127.')) ? text : undefined),
  },
  port: {
    ...{ name: 'PORT', fallback: '5070', takes: A_PORT },
    meaning: 'port of SIP, UDP and TCP (0 = any free one, which it also takes where this one is taken)',
    read: port,
  },
  apiPort: {
    ...{ name: 'API_PORT', fallback: '5071', takes: A_PORT },
    meaning: 'port of its HTTP API (0 = any free one, which it also takes where this one is taken)',
    read: port,
  },
  rtpPorts: {
    ...{ name: 'RTP_PORTS', fallback: '40000-44000', takes: 'a range as in 40000-44000' },
    meaning: 'range of UDP ports for sound',
    read: (text) => {
      const [first = 0, last = 0] = text.split('-').map(Number)
      return first >= 1_024 && last > first && last <= 65_535 ? { first, last } : undefined
    },
  },
  folder: {
    ...{ name: 'DATA_DIR', fallback: './data/carrier', takes: 'a path' },
    meaning: 'folder of spoken texts and of what calls have heard',
    read: (text) => resolve(text),
  },
  script: {
    ...{ name: 'SCRIPT', fallback: '', takes: 'a path' },
    meaning: 'file with its numbers and what they do (unset: the one that comes with it)',
    read: (text) => (text === '' ? undefined : resolve(text)),
  },
  trunk: {
    ...{ name: 'TRUNK', fallback: '127.0.0.1:5060', takes: 'an address and a port as in 127.0.0.1:5060' },
    meaning: 'SIP address of the platform that calls to numbers for sale, and calls of the script and API, go to',
    read: (text) => {
      const found = /^(.*):(\d+)$/.exec(text)
      const address = found?.[1]?.replace(/^\[|\]$/g, '') ?? ''
      const at = port(found?.[2] ?? '')
      return isIP(address) > 0 && at ? { address, port: at } : undefined
    },
  },
  domain: {
    ...{ name: 'DOMAIN', fallback: 'strowger.localhost', takes: 'a domain' },
    meaning: 'base domain of that platform: calls go to sip:{number}@pstn.{base}',
    read: (text) => (/^[a-z0-9.-]{1,253}$/i.test(text) ? text : undefined),
  },
  logLevel: {
    ...{ name: 'LOG_LEVEL', fallback: 'warn', takes: LOG_LEVELS.join(', ') },
    meaning: `how much is logged: ${LOG_LEVELS.join(', ')}`,
    read: (text) => LOG_LEVELS.find((level) => level === text),
  },
}

const PREFIX = 'STROWGER_CARRIER_'

/** Reads every setting; gives them, or the faults, one a line. An empty value counts as unset. */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
): { settings: CarrierSettings } | { faults: string[] } {
  const faults: string[] = []
  const settings: Record<string, unknown> = {}
  for (const [key, { name, fallback, read, takes }] of Object.entries(SETTINGS)) {
    const text = environment[PREFIX + name]?.trim() || fallback
    settings[key] = read(text)
    if (settings[key] === undefined && text !== '') faults.push(`${PREFIX}${name}=${text}: takes ${takes}`)
  }
  const known = new Set(Object.values(SETTINGS).map(({ name }) => PREFIX + name))
  for (const name of Object.keys(environment))
    if (name.startsWith(PREFIX) && !known.has(name)) faults.push(`${name}: there is no such setting`)
  return faults.length > 0 ? { faults } : { settings: settings as unknown as CarrierSettings }
}

/** The text of `--help`. */
export function helpText(): string {
  const rows = Object.values(SETTINGS).map(
    ({ name, fallback, meaning }) => `  ${PREFIX}${name}\n      ${meaning}\n      default: ${fallback || 'unset'}`,
  )
  return `Strowger's sandbox carrier: a public telephone network on this machine, with real SIP and RTP.
'npm start' runs one inside the platform; this runs one by itself, for any SIP platform.

  npm run carrier                runs it
  npm run carrier -- --help      this text
  npm run carrier -- --numbers   what can be dialled

Settings (environment variables):

${rows.join('\n')}
`
}
