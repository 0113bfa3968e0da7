import { createHash } from 'node:crypto'
import type { AnyTransaction, Database } from '#platform/db'
import { type Ids, randomHex } from '#platform/ids'
import { type Clock, type Timestamp, timestamp } from '#platform/time'

/** A link works for so long. */
const TOKEN_MS = 60 * 60_000
const TOKEN_BYTES = 32
/** What a token looks like, in links and on the wire. */
export const TOKEN_PATTERN = '^[0-9a-f]{64}$'

export type TokenPurpose = 'email_verify' | 'password_set'

/** What a token in a link is for. */
export interface MailedToken {
  purpose: TokenPurpose
  customer_id: string
  /** Whose password it sets; nobody's (the nil UUID) where it verifies an e-mail. */
  agent_id: string
  /** The mailbox that it was sent to. */
  address: string
}

interface Stored extends MailedToken {
  hash: Buffer
  tm_create: Timestamp
  tm_expire: Timestamp
}

interface Tables {
  mailed_tokens: Stored
}

/**
 * The tokens in the links of mails: 256 random bits, for an hour, for one use. Only a hash is kept, so that whoever reads
 * the database cannot follow the links.
 */
export class MailedTokens {
  readonly #db: Database
  readonly #clock: Clock
  readonly #ids: Ids

  constructor(needs: { db: Database; clock: Clock; ids: Ids }) {
    this.#db = needs.db
    this.#clock = needs.clock
    this.#ids = needs.ids
  }

  /** A new token. Earlier ones for the same go on working: mails overtake each other. */
  async mint(customer: string, wanted: Omit<MailedToken, 'customer_id'>): Promise<string> {
    const token = randomHex(this.#ids, TOKEN_BYTES)
    const nowMs = this.#clock.wallMs()
    const times = { tm_create: timestamp(nowMs), tm_expire: timestamp(nowMs + TOKEN_MS) }
    await this.#db
      .kysely<Tables>()
      .insertInto('mailed_tokens')
      .values({ ...wanted, ...times, customer_id: customer, hash: hashOf(token) })
      .execute()
    return token
  }

  /** Platform-wide: what a token is for; `undefined` when it is unknown, used or too old. */
  find(purpose: TokenPurpose, token: string): Promise<MailedToken | undefined> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('mailed_tokens')
      .select(['purpose', 'customer_id', 'agent_id', 'address'])
      .where('hash', '=', hashOf(token))
      .where('purpose', '=', purpose)
      .where('tm_expire', '>', this.#now())
      .executeTakeFirst()
  }

  /** Platform-wide: the same, and uses the token up. Of two who use it at once, one has it. */
  use(trx: AnyTransaction, purpose: TokenPurpose, token: string): Promise<MailedToken | undefined> {
    return trx
      .kysely<Tables>()
      .deleteFrom('mailed_tokens')
      .where('hash', '=', hashOf(token))
      .where('purpose', '=', purpose)
      .where('tm_expire', '>', this.#now())
      .returning(['purpose', 'customer_id', 'agent_id', 'address'])
      .executeTakeFirst()
  }

  /** Removes what is too old to be used, whoever's it is. */
  async forget(): Promise<void> {
    await this.#db.kysely<Tables>().deleteFrom('mailed_tokens').where('tm_expire', '<=', this.#now()).execute()
  }

  #now(): Timestamp {
    return timestamp(this.#clock.wallMs())
  }
}

/** Makes every link worthless by which a password of the agent could be set: it has a new one. */
export async function forgetPasswordLinks(trx: AnyTransaction, customer: string, agent_id: string): Promise<void> {
  await trx
    .kysely<Tables>()
    .deleteFrom('mailed_tokens')
    .where('customer_id', '=', customer)
    .where('agent_id', '=', agent_id)
    .where('purpose', '=', 'password_set')
    .execute()
}

/** A token is random enough that a plain hash hides it. */
function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
