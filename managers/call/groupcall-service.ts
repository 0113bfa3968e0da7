import { NOBODY, type Spender } from '#managers/billing'
import { type CommandDoor, NoResponder } from '#platform/bus'
import type { Database } from '#platform/db'
import { appendEvents } from '#platform/events'
import { apiErrors, type Page, type PageRequest, paginate } from '#platform/http'
import type { Ids } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import type { Groupcall as GroupcallView } from './contract.ts'
import type { CreateCallsNeeds } from './create-calls.ts'
import { requestOfGroupcall } from './create-groupcall.ts'
import { callErrors } from './errors.ts'
import type { Groupcall } from './groupcall.ts'
import { GROUPCALL_COMMANDS, type GroupcallCommand, type GroupcallCommandAnswer } from './groupcall-commands.ts'
import type { GroupcallCreate } from './groupcall-contract.ts'
import { groupcallEvent } from './groupcall-events.ts'
import { GroupcallStore } from './groupcall-store.ts'
import { presentGroupcall } from './present-groupcall.ts'

/** How long a groupcall may take to begin to end: no disk is in the way. */
const HANGUP_MS = 2_000
/** How long it may take to be over and on disk: a phone that does not answer our BYE is waited for. */
const END_MS = 8_000
/** How long it may take to be begun: names of hosts are looked up, rows are written. */
const PLACE_MS = 10_000

/** Groupcalls of one call that are looked at. */
const MOST_OF_CALL = 50

/** What the API can ask of groupcalls: live ones are asked through the command door, ended ones are rows. */
export class GroupcallService {
  readonly #db: Database
  readonly #store: GroupcallStore
  readonly #commands: CommandDoor
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #create: CreateCallsNeeds

  constructor(needs: { db: Database; commands: CommandDoor; clock: Clock; ids: Ids } & CreateCallsNeeds) {
    this.#create = needs
    this.#db = needs.db
    this.#store = new GroupcallStore(needs.db)
    this.#commands = needs.commands
    this.#clock = needs.clock
    this.#ids = needs.ids
  }

  async list(customer: string, page: PageRequest): Promise<Page<GroupcallView>> {
    const { result, next_page_token } = paginate(await this.#store.list(customer, page), page.size)
    return { result: result.map(presentGroupcall), next_page_token }
  }

  /** Calls several. Answers when the groupcall is on record and its members are being called. */
  async create(customer: string, body: GroupcallCreate, spender: Spender = NOBODY): Promise<GroupcallView> {
    const request = { ...(await requestOfGroupcall(this.#create, customer, body)), spender }
    const answer = await this.#ask({ id: this.#ids.uuid(), type: 'place', request }, PLACE_MS)
    if (!answer.live) throw apiErrors.SERVICE_UNAVAILABLE({})
    return presentGroupcall(answer.groupcall)
  }

  /** Those that belong to a call: the one that it is a member of, and those that were made for it. */
  async ofCall(customer: string, call: { id: string; groupcall_id: string }): Promise<Groupcall[]> {
    return this.#store.ofCall(customer, call, MOST_OF_CALL)
  }

  async get(customer: string, groupcall_id: string): Promise<GroupcallView> {
    return presentGroupcall(await this.#find(customer, groupcall_id))
  }

  /** Ends it with all its calls. Answers when it has begun to end. Works with the database gone. */
  async hangup(customer: string, groupcall_id: string): Promise<GroupcallView> {
    const answer = await this.#askToEnd('hangup', customer, groupcall_id)
    if (answer.live && !answer.wasOver) return presentGroupcall(answer.groupcall)
    if (!answer.live) await this.#ended(customer, groupcall_id)
    throw apiErrors.STATE_INVALID({ issue: 'The groupcall has already ended.' })
  }

  /** Deletes it; a live one is ended first. Announces `groupcall_deleted`. */
  async delete(customer: string, groupcall_id: string): Promise<GroupcallView> {
    await this.#askToEnd('end', customer, groupcall_id)
    await this.#ended(customer, groupcall_id)
    const now = timestamp(this.#clock.wallMs())
    return this.#db.transaction(async (trx) => {
      const groupcall = (await this.#store.delete(trx, customer, groupcall_id, now)) ?? noGroupcall(groupcall_id)
      await appendEvents(trx, [groupcallEvent('groupcall_deleted', groupcall)])
      return presentGroupcall(groupcall)
    })
  }

  #askToEnd(type: 'hangup' | 'end', customer_id: string, groupcall_id: string): Promise<GroupcallCommandAnswer> {
    return this.#ask({ id: this.#ids.uuid(), type, customer_id, groupcall_id }, type === 'end' ? END_MS : HANGUP_MS)
  }

  async #ask(command: GroupcallCommand, deadlineMs: number): Promise<GroupcallCommandAnswer> {
    try {
      return (await this.#commands.ask(GROUPCALL_COMMANDS, command, { deadlineMs })) as GroupcallCommandAnswer
    } catch (error) {
      if (error instanceof NoResponder) return { live: false }
      throw error
    }
  }

  async #find(customer: string, groupcall_id: string): Promise<Groupcall> {
    return (await this.#store.find(customer, groupcall_id)) ?? noGroupcall(groupcall_id)
  }

  /** The row of one that does not live; one that is not over belongs to a node that cannot be reached. */
  async #ended(customer: string, groupcall_id: string): Promise<Groupcall> {
    const groupcall = await this.#find(customer, groupcall_id)
    if (groupcall.status !== 'hangup') throw apiErrors.SERVICE_UNAVAILABLE({})
    return groupcall
  }
}

function noGroupcall(groupcall_id: string): never {
  throw callErrors.GROUPCALL_NOT_FOUND({ groupcall_id })
}
