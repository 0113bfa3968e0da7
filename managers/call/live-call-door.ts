import { type Command, type CommandDoor, NoResponder } from '#platform/bus'
import type { Database } from '#platform/db'
import { apiErrors } from '#platform/http'
import { CALL_COMMANDS } from './call-commands.ts'
import { callErrors } from './errors.ts'
import { CallStore } from './store.ts'

/** A command that is for one call of one customer, and is done or not. */
type CallsCommand = Command & { customer_id: string; call_id: string }

/** Asks live calls, wherever they are; where a call does not live its row says why. */
export class LiveCallDoor {
  readonly #store: CallStore
  readonly #commands: CommandDoor

  constructor(needs: { db: Database; commands: CommandDoor }) {
    this.#store = new CallStore(needs.db)
    this.#commands = needs.commands
  }

  /** Resolves when it is done; throws the reason of the refusal. */
  async ask(command: CallsCommand, deadlineMs: number): Promise<void> {
    if (!(await this.#isDone(command, deadlineMs))) await this.#refuse(command)
  }

  async #isDone(command: CallsCommand, deadlineMs: number): Promise<boolean> {
    try {
      return ((await this.#commands.ask(CALL_COMMANDS, command, { deadlineMs })) as { live: boolean }).live
    } catch (error) {
      if (error instanceof NoResponder) return false
      throw error
    }
  }

  /** A call that is not over belongs to a node that cannot be reached. */
  async #refuse({ customer_id, call_id }: CallsCommand): Promise<never> {
    const call = await this.#store.find(customer_id, call_id)
    if (!call) throw callErrors.CALL_NOT_FOUND({ call_id })
    if (call.status !== 'hangup') throw apiErrors.SERVICE_UNAVAILABLE({})
    throw callErrors.CALL_ALREADY_HANGUP({ call_id, tm_hangup: call.tm_hangup })
  }
}
