import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** How to reach what the first run created; scripts and tests read it, so its shape is a promise. */
export interface CredentialsFile {
  admin: { username: string; password: string }
  customer: { id: string; name: string; accesskey: string }
  agent: { username: string; password: string }
  extensions: { extension: string; password: string; domain: string }[]
  numbers: string[]
  http: string
  sip: string
  /** Of the sandbox carrier, while it runs: where its SIP listens, and the base URL of its API. */
  sandbox?: { sip: string; api: string }
}

const NAME = 'credentials.json'

/** Writes the file readable by its owner only, whole or not at all. */
export function writeCredentials(dataDir: string, credentials: CredentialsFile): void {
  const path = join(dataDir, NAME)
  writeFileSync(`${path}.new`, `${JSON.stringify(credentials, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** What an earlier run wrote; `undefined` where nothing did (or the operator removed it). */
export function readCredentials(dataDir: string): CredentialsFile | undefined {
  try {
    return JSON.parse(readFileSync(join(dataDir, NAME), 'utf8'))
  } catch {
    return undefined
  }
}
