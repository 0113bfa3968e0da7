import { type CommandDoor, NoResponder } from '#platform/bus'
import type { Database } from '#platform/db'
import { appendEvents } from '#platform/events'
import { apiErrors, type Page, type PageRequest, paginate } from '#platform/http'
import type { Ids } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import type { Call, CallMetadata } from './call.ts'
import { CALL_COMMANDS, type CallCommand, type CallCommandAnswer } from './call-commands.ts'
import type { CallsCreate, Call as CallView } from './contract.ts'
import { type CreateCallsNeeds, requestOfBody } from './create-calls.ts'
import { callErrors } from './errors.ts'
import { callEvent } from './events.ts'
import type { PlacedCalls, SkippedDestination } from './place-calls.ts'
import { PLACE_COMMANDS, type PlaceCommand } from './place-command.ts'
import { presentCall } from './present.ts'
import { presentGroupcall } from './present-groupcall.ts'
import { CallStore } from './store.ts'

/** How long a call may take to begin to end: no disk is in the way. */
const HANGUP_MS = 2_000
/** How long a call may take to be over and on disk: a phone that does not answer our BYE is waited for 5 s. */
const END_MS = 8_000
/** How long calls may take to be begun: names of hosts are looked up, rows are written. */
const PLACE_MS = 10_000

/** What the API can ask of calls: live ones are asked through the command door, ended ones are rows. */
export class CallService {
  readonly #db: Database
  readonly #store: CallStore
  readonly #commands: CommandDoor
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #create: CreateCallsNeeds

  constructor(needs: { db: Database; commands: CommandDoor; clock: Clock; ids: Ids } & CreateCallsNeeds) {
    this.#create = needs
    this.#db = needs.db
    this.#store = new CallStore(needs.db)
    this.#commands = needs.commands
    this.#clock = needs.clock
    this.#ids = needs.ids
  }

  async list(customer: string, page: PageRequest): Promise<Page<CallView>> {
    const { result, next_page_token } = paginate(await this.#store.list(customer, page), page.size)
    return { result: result.map(presentCall), next_page_token }
  }

  /**
   * Calls somebody. What is wrong with the body is said at once; whom it calls the call role looks up, and answers when the
   * calls are on record and on their way. `metadata` goes onto the calls.
   */
  async create(customer: string, body: CallsCreate, metadata?: CallMetadata) {
    const asked = await requestOfBody(this.#create, customer, body)
    const request = { ...asked, ...(metadata ? { metadata } : {}) }
    const command: PlaceCommand = { id: this.#ids.uuid(), type: 'place', request }
    const { calls, groupcalls, skipped } = await this.#place(command)
    return {
      calls: calls.map(presentCall),
      groupcalls: groupcalls.map(presentGroupcall),
      details: skipped.map(detailOf),
    }
  }

  async get(customer: string, call_id: string): Promise<CallView> {
    return presentCall((await this.#store.find(customer, call_id)) ?? noCall(call_id))
  }

  /** Ends the call. Answers when it has begun to end; the end itself is an event. Works with the database gone. */
  async hangup(customer: string, call_id: string): Promise<CallView> {
    const answer = await this.#ask('hangup', customer, call_id)
    if (answer.live && !answer.wasOver) return presentCall(answer.call)
    const { tm_hangup } = answer.live ? answer.call : await this.#ended(customer, call_id)
    throw callErrors.CALL_ALREADY_HANGUP({ call_id, tm_hangup })
  }

  /** Deletes the call; a live one is ended first. Announces `call_deleted`. */
  async delete(customer: string, call_id: string): Promise<CallView> {
    await this.#ask('end', customer, call_id)
    await this.#ended(customer, call_id)
    const now = timestamp(this.#clock.wallMs())
    return this.#db.transaction(async (trx) => {
      const call = (await this.#store.delete(trx, customer, call_id, now)) ?? noCall(call_id)
      await appendEvents(trx, [callEvent('call_deleted', call)])
      return presentCall(call)
    })
  }

  async #place(command: PlaceCommand): Promise<PlacedCalls> {
    try {
      return (await this.#commands.ask(PLACE_COMMANDS, command, { deadlineMs: PLACE_MS })) as PlacedCalls
    } catch (cause) {
      if (cause instanceof NoResponder) throw apiErrors.SERVICE_UNAVAILABLE({}, { cause })
      throw cause
    }
  }

  async #ask(type: CallCommand['type'], customer_id: string, call_id: string): Promise<CallCommandAnswer> {
    const command: CallCommand = { id: this.#ids.uuid(), type, customer_id, call_id, reason: 'normal' }
    const deadlineMs = type === 'end' ? END_MS : HANGUP_MS
    try {
      return (await this.#commands.ask(CALL_COMMANDS, command, { deadlineMs })) as CallCommandAnswer
    } catch (error) {
      if (error instanceof NoResponder) return { live: false }
      throw error
    }
  }

  /** The row of a call that does not live; one that is not over belongs to a node that cannot be reached. */
  async #ended(customer: string, call_id: string): Promise<Call> {
    const call = (await this.#store.find(customer, call_id)) ?? noCall(call_id)
    if (call.status !== 'hangup') throw apiErrors.SERVICE_UNAVAILABLE({})
    return call
  }
}

function noCall(call_id: string): never {
  throw callErrors.CALL_NOT_FOUND({ call_id })
}

function detailOf({ index, domain, reason, message }: SkippedDestination) {
  return { field: `destinations[${index}]`, pointer: `/destinations/${index}`, domain, reason, issue: message }
}
