import { sql } from 'kysely'
import { type AnyTransaction, type Database, jsonb, keyedRead } from '#platform/db'
import { type Address, type PageRequest, pageOf } from '#platform/http'
import type { Timestamp } from '#platform/time'
import type { AgentRecord } from './agent.ts'

interface Tables {
  agents: AgentRecord
  agent_addresses: { customer_id: string; type: string; target: string; agent_id: string }
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** Which agents a list is asked for. */
export interface AgentFilter {
  /** Agents with any of these tags. */
  tag_ids?: readonly string[]
  status?: AgentRecord['status']
}

/** SQL of agents: live rows only, unless a method says otherwise. */
export class AgentStore {
  readonly #db: Database
  readonly #ownerOf: (customer: string, type: string, target: string) => Promise<{ agent_id: string } | undefined>

  constructor(db: Database) {
    this.#db = db
    this.#ownerOf = keyedRead<Tables, { agent_id: string }>(db, (tables, customer, type, target) =>
      tables
        .selectFrom('agent_addresses')
        .select('agent_id')
        .where('customer_id', '=', customer)
        .where('type', '=', type)
        .where('target', '=', target),
    )
  }

  list(customer: string, page: PageRequest, filter: AgentFilter): Promise<AgentRecord[]> {
    const { tag_ids, status } = filter
    return pageOf(
      this.#live(customer)
        .$if(status !== undefined, (query) => query.where('status', '=', status ?? ''))
        .$if(tag_ids !== undefined, (query) => query.where(sql<boolean>`tag_ids && ${tag_ids ?? []}::uuid[]`)),
      page,
    ).execute()
  }

  find(customer: string, id: string): Promise<AgentRecord | undefined> {
    return this.#live(customer).where('id', '=', id).executeTakeFirst()
  }

  /** Platform-wide: the live agent of a username, in whatever case it is written. */
  findByUsername(username: string): Promise<AgentRecord | undefined> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('agents')
      .selectAll()
      .where(sql<boolean>`lower(username) = lower(${username})`)
      .where('tm_delete', 'is', null)
      .executeTakeFirst()
  }

  /** Platform-wide: whose each of these agents is or was; one that never was is left out. */
  async customersOf(ids: readonly string[]): Promise<Map<string, string>> {
    if (ids.length === 0) return new Map()
    const rows = await this.#db
      .kysely<Tables>()
      .selectFrom('agents')
      .select(['id', 'customer_id'])
      .where('id', 'in', ids)
      .execute()
    return new Map(rows.map(({ id, customer_id }) => [id, customer_id]))
  }

  async count(trx: AnyTransaction, customer: string): Promise<number> {
    const row = await on(trx)
      .selectFrom('agents')
      .select(sql<number>`count(*)::int`.as('count'))
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .executeTakeFirstOrThrow()
    return row.count
  }

  /** Whether the row went in; it does not when anybody has the username already. */
  async insert(trx: AnyTransaction, customer: string, record: AgentRecord): Promise<boolean> {
    const row = await on(trx)
      .insertInto('agents')
      .values({ ...record, customer_id: customer, addresses: jsonb(record.addresses) })
      .onConflict((conflict) => conflict.expression(sql`lower(username)`).where('tm_delete', 'is', null).doNothing())
      .returning('id')
      .executeTakeFirst()
    return row !== undefined
  }

  /** A live agent, held until the transaction ends. */
  hold(trx: AnyTransaction, customer: string, id: string): Promise<AgentRecord | undefined> {
    return on(trx)
      .selectFrom('agents')
      .selectAll()
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('tm_delete', 'is', null)
      .forUpdate()
      .executeTakeFirst()
  }

  /** Changes a live agent and gives it as it is then. */
  update(
    trx: AnyTransaction,
    customer: string,
    id: string,
    { addresses, ...change }: Partial<AgentRecord> & { tm_update: Timestamp },
  ): Promise<AgentRecord | undefined> {
    return on(trx)
      .updateTable('agents')
      .set({ ...change, ...(addresses && { addresses: jsonb(addresses) }) })
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('tm_delete', 'is', null)
      .returningAll()
      .executeTakeFirst()
  }

  /** Makes every login token of a live agent worthless; whether there is such an agent. */
  async endLogins(trx: AnyTransaction, customer: string, id: string): Promise<boolean> {
    const row = await on(trx)
      .updateTable('agents')
      .set({ token_version: sql<number>`token_version + 1` })
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('tm_delete', 'is', null)
      .returning('id')
      .executeTakeFirst()
    return row !== undefined
  }

  /** Whether a live agent of the customer other than this one has the permission bit. */
  async hasOther(trx: AnyTransaction, customer: string, id: string, bit: number): Promise<boolean> {
    const row = await on(trx)
      .selectFrom('agents')
      .select('id')
      .where('customer_id', '=', customer)
      .where('id', '<>', id)
      .where('tm_delete', 'is', null)
      .where(sql<boolean>`permission & ${bit}::integer <> 0`)
      .limit(1)
      .executeTakeFirst()
    return row !== undefined
  }

  /** Platform-wide: the same of any customer's agents; others who ask wait until the transaction ends. */
  async hasOtherAnywhere(trx: AnyTransaction, id: string, bit: number): Promise<boolean> {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`agents with ${bit}`}, 0))`.execute(on(trx))
    const row = await on(trx)
      .selectFrom('agents')
      .select('id')
      .where('id', '<>', id)
      .where('tm_delete', 'is', null)
      .where(sql<boolean>`permission & ${bit}::integer <> 0`)
      .limit(1)
      .executeTakeFirst()
    return row !== undefined
  }

  /** Takes a tag away from every agent who has it; gives those agents as they are now. */
  detachTag(trx: AnyTransaction, customer: string, tag_id: string, tm_update: Timestamp): Promise<AgentRecord[]> {
    return on(trx)
      .updateTable('agents')
      .set({ tag_ids: sql<string[]>`array_remove(tag_ids, ${tag_id}::uuid)`, tm_update })
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .where(sql<boolean>`tag_ids && array[${tag_id}::uuid]`)
      .returningAll()
      .execute()
  }

  /** Makes the addresses the agent's own; those that another agent of the customer has are returned and stay there. */
  async claimAddresses(
    trx: AnyTransaction,
    customer: string,
    agent_id: string,
    addresses: readonly Address[],
  ): Promise<Address[]> {
    if (addresses.length === 0) return []
    const rows = addresses.map(({ type = '', target = '' }) => ({ customer_id: customer, type, target, agent_id }))
    const claimed = await on(trx)
      .insertInto('agent_addresses')
      .values(rows)
      .onConflict((conflict) => conflict.columns(['customer_id', 'type', 'target']).doNothing())
      .returning(['type', 'target'])
      .execute()
    const own = new Set(claimed.map(({ type, target }) => `${type} ${target}`))
    return addresses.filter(({ type = '', target = '' }) => !own.has(`${type} ${target}`))
  }

  /** Gives up all addresses of an agent, for others to have. */
  async freeAddresses(trx: AnyTransaction, customer: string, agent_id: string): Promise<void> {
    await on(trx)
      .deleteFrom('agent_addresses')
      .where('customer_id', '=', customer)
      .where('agent_id', '=', agent_id)
      .execute()
  }

  /** Takes an address away from whoever has it; gives who that was. */
  async freeAddress(
    trx: AnyTransaction,
    customer: string,
    { type, target }: { type: string; target: string },
  ): Promise<string | undefined> {
    const row = await on(trx)
      .deleteFrom('agent_addresses')
      .where('customer_id', '=', customer)
      .where('type', '=', type)
      .where('target', '=', target)
      .returning('agent_id')
      .executeTakeFirst()
    return row?.agent_id
  }

  /** The agent who has an address, given as it is stored. */
  async ownerOf(customer: string, type: string, target: string): Promise<string | undefined> {
    return (await this.#ownerOf(customer, type, target))?.agent_id
  }

  /** Deletes every agent of the customer, sets their addresses free, and gives the agents as they are then. */
  async deleteAllOf(trx: AnyTransaction, customer: string, now: Timestamp): Promise<AgentRecord[]> {
    await on(trx).deleteFrom('agent_addresses').where('customer_id', '=', customer).execute()
    return on(trx)
      .updateTable('agents')
      .set({ direct_hash: '', tm_update: now, tm_delete: now })
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .returningAll()
      .execute()
  }

  #live(customer: string) {
    return this.#db
      .kysely<Tables>()
      .selectFrom('agents')
      .selectAll()
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
  }
}
