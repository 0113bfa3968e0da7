import { type CommandDoor, NoResponder } from '#platform/bus'
import type { Database } from '#platform/db'
import { apiErrors } from '#platform/http'
import type { Ids } from '#platform/ids'
import { CALL_COMMANDS } from './call-commands.ts'
import type { Control } from './control.ts'
import type { ControlAnswer, ControlCommand } from './control-commands.ts'
import type { MuteBody, TalkBody } from './control-contract.ts'
import { callErrors } from './errors.ts'
import { CallStore } from './store.ts'

const DEADLINE_MS = 4_000
/** Speech is made before a talk is answered. */
const TALK_DEADLINE_MS = 12_000

/** What the API can ask of a live call beside what its flow does: see `Control`. Each is refused at once in a wrong state. */
export class CallControlService {
  readonly #store: CallStore
  readonly #commands: CommandDoor
  readonly #ids: Ids

  constructor(needs: { db: Database; commands: CommandDoor; ids: Ids }) {
    this.#store = new CallStore(needs.db)
    this.#commands = needs.commands
    this.#ids = needs.ids
  }

  /** Hold, music or silence for the party. */
  cover(
    customer: string,
    call_id: string,
    type: 'hold' | 'moh' | 'silence',
    on: boolean,
  ): Promise<Record<string, never>> {
    return this.#ask(customer, call_id, { type, on })
  }

  mute(customer: string, call_id: string, { direction }: MuteBody, on: boolean): Promise<Record<string, never>> {
    return this.#ask(customer, call_id, { type: 'mute', on, direction: direction || 'both' })
  }

  /** Answers when the words begin to sound. */
  talk(customer: string, call_id: string, body: TalkBody): Promise<Record<string, never>> {
    const { text, ...voice } = body
    return this.#ask(customer, call_id, { type: 'talk', text, voice }, TALK_DEADLINE_MS)
  }

  async #ask(
    customer_id: string,
    call_id: string,
    control: Control,
    deadlineMs = DEADLINE_MS,
  ): Promise<Record<string, never>> {
    const command: ControlCommand = { id: this.#ids.uuid(), type: 'control', customer_id, call_id, control }
    if (!(await this.#isDone(command, deadlineMs))) await this.#refuse(customer_id, call_id)
    return {}
  }

  async #isDone(command: ControlCommand, deadlineMs: number): Promise<boolean> {
    try {
      return ((await this.#commands.ask(CALL_COMMANDS, command, { deadlineMs })) as ControlAnswer).live
    } catch (error) {
      if (error instanceof NoResponder) return false
      throw error
    }
  }

  /** Why a call that does not live cannot do it; one that is not over belongs to a node that cannot be reached. */
  async #refuse(customer: string, call_id: string): Promise<never> {
    const call = await this.#store.find(customer, call_id)
    if (!call) throw callErrors.CALL_NOT_FOUND({ call_id })
    if (call.status !== 'hangup') throw apiErrors.SERVICE_UNAVAILABLE({})
    throw callErrors.CALL_ALREADY_HANGUP({ call_id, tm_hangup: call.tm_hangup })
  }
}
