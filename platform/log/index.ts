import { pino } from 'pino'

/** A structured logger: fields first, then the sentence. Secrets never go in; `redacted` names what is cut out anyway. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(fields: object): Log
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

const redacted = ['password', 'token', 'accesskey', 'authorization', 'cookie', 'secret'].flatMap((name) => [
  name,
  `*.${name}`,
])

/** A logger that writes JSON lines to standard output. */
export function openLog(level: LogLevel): Log {
  return pino({ level, base: null, redact: { paths: redacted, censor: '[redacted]' } })
}

/** A logger that says nothing. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog }
