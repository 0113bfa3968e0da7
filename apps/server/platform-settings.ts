import type { Database, Migration } from '#platform/db'
import type { Ids } from '#platform/ids'

/** What the platform itself has to remember: one value per name, the same for every node. */
export const settingsMigrations: Migration[] = [
  {
    owner: 'server',
    name: '0001-platform-settings',
    sql: 'CREATE TABLE platform_settings (name text PRIMARY KEY, value text NOT NULL)',
  },
]

/** Names and values that outlive every start. */
export class PlatformSettings {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  async get(name: string): Promise<string | undefined> {
    const rows = await this.#db.query<{ value: string }>('SELECT value FROM platform_settings WHERE name = $1', [name])
    return rows[0]?.value
  }

  /** Keeps the first value that is ever set, whichever node sets it, and gives that. */
  async keepFirst(name: string, value: string): Promise<string> {
    await this.#db.query('INSERT INTO platform_settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      name,
      value,
    ])
    return (await this.get(name)) ?? value
  }

  /** Keeps this value, whatever was there. */
  async put(name: string, value: string): Promise<void> {
    await this.#db.query(
      'INSERT INTO platform_settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2',
      [name, value],
    )
  }

  /** 32 secret bytes under a name, drawn at the first start. */
  async secret(name: string, ids: Ids): Promise<Uint8Array> {
    const drawn = Buffer.from(ids.bytes(32)).toString('base64')
    return Buffer.from(await this.keepFirst(`secret.${name}`, drawn), 'base64')
  }
}
