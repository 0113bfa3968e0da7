import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Ids } from '#platform/ids'
import type { Config } from './config.ts'

const FILE = 'secrets.key'
const BYTES = 32

/**
 * The key of the secrets that we send (passwords at carriers): the setting's, else the data folder's, drawn at the first
 * start. It lies beside the database, never in it: who has only one of the two reads nothing.
 */
export function secretsKey({ secretsKey, dataDir }: Pick<Config, 'secretsKey' | 'dataDir'>, ids: Ids): Uint8Array {
  if (secretsKey) return secretsKey
  const path = join(dataDir, FILE)
  mkdirSync(dataDir, { recursive: true })
  try {
    writeFileSync(path, Buffer.from(ids.bytes(BYTES)).toString('base64'), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return Buffer.from(readFileSync(path, 'utf8'), 'base64')
}
