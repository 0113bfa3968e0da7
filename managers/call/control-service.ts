import type { CommandDoor } from '#platform/bus'
import type { Database } from '#platform/db'
import type { Ids } from '#platform/ids'
import type { Control } from './control.ts'
import type { ControlCommand } from './control-commands.ts'
import type { MuteBody, TalkBody } from './control-contract.ts'
import { LiveCallDoor } from './live-call-door.ts'

const DEADLINE_MS = 4_000
/** Speech is made before a talk is answered. */
const TALK_DEADLINE_MS = 12_000

type Empty = Record<string, never>

/** What the API can ask of a live call beside what its flow does: see `Control`. Each is refused at once in a wrong state. */
export class CallControlService {
  readonly #door: LiveCallDoor
  readonly #ids: Ids

  constructor(needs: { db: Database; commands: CommandDoor; ids: Ids }) {
    this.#door = new LiveCallDoor(needs)
    this.#ids = needs.ids
  }

  /** Hold, music or silence for the party. */
  cover(customer: string, call_id: string, type: 'hold' | 'moh' | 'silence', on: boolean): Promise<Empty> {
    return this.#ask(customer, call_id, { type, on })
  }

  mute(customer: string, call_id: string, { direction }: MuteBody, on: boolean): Promise<Empty> {
    return this.#ask(customer, call_id, { type: 'mute', on, direction: direction || 'both' })
  }

  /** Answers when the words begin to sound. */
  talk(customer: string, call_id: string, body: TalkBody): Promise<Empty> {
    const { text, ...voice } = body
    return this.#ask(customer, call_id, { type: 'talk', text, voice }, TALK_DEADLINE_MS)
  }

  async #ask(customer_id: string, call_id: string, control: Control, deadlineMs = DEADLINE_MS): Promise<Empty> {
    const command: ControlCommand = { id: this.#ids.uuid(), type: 'control', customer_id, call_id, control }
    await this.#door.ask(command, deadlineMs)
    return {}
  }
}
