import type { CommandDoor, Subscription } from '#platform/bus'
import { DatabaseUnavailable } from '#platform/db'
import { apiErrors } from '#platform/http'
import { CALL_COMMANDS, type CallCommandAnswer, readCallCommand } from './call-commands.ts'
import type { CallPlacer } from './call-placer.ts'
import type { ControlAnswer } from './control-commands.ts'
import type { GroupPlacer } from './group-placer.ts'
import { GROUPCALL_COMMANDS, type GroupcallCommandAnswer, readGroupcallCommand } from './groupcall-commands.ts'
import { readLiveCommand } from './live-commands.ts'
import type { LiveGroupcalls } from './live-groupcalls.ts'
import type { LiveRunner } from './live-runner.ts'
import type { PlacedCalls } from './place-calls.ts'
import { PLACE_COMMANDS, readPlaceCommand } from './place-command.ts'
import type { Places } from './places.ts'
import type { RecordingAnswer } from './recording-commands.ts'
import { readTransferCommand, TRANSFER_COMMANDS, type TransferAnswer } from './transfer-commands.ts'
import type { TransferDesk } from './transfer-desk.ts'

type CommandAnswer = CallCommandAnswer | RecordingAnswer | ControlAnswer

export interface EngineCommandsNeeds {
  door: CommandDoor
  /** Bounds what is being made at once, for callers from outside and for the API together. */
  places: Places
  /** A live leg of this node. */
  leg(call_id: string): LiveRunner | undefined
  placer: Pick<CallPlacer, 'place'>
  groupPlacer: Pick<GroupPlacer, 'place'>
  groupcalls: Pick<LiveGroupcalls, 'end'>
  transfers: Pick<TransferDesk, 'command'>
}

/** What the API asks of the calls of this node, over the one door (`design.md` §4). */
export class EngineCommands {
  readonly #needs: EngineCommandsNeeds
  #isDraining = false
  #subscriptions: Subscription[] = []

  constructor(needs: EngineCommandsNeeds) {
    this.#needs = needs
  }

  /** Takes commands from now on. */
  start(): void {
    const { door } = this.#needs
    this.#subscriptions = [
      door.answer(CALL_COMMANDS, (command) => this.#command(command)),
      door.answer(PLACE_COMMANDS, (command) => this.#place(command)),
      door.answer(GROUPCALL_COMMANDS, (command) => this.#groupcallCommand(command)),
      door.answer(TRANSFER_COMMANDS, (command) => this.#transferCommand(command)),
    ]
  }

  /** Makes nothing new any more. */
  drain(): void {
    this.#isDraining = true
  }

  stop(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
  }

  /** Commands find a live call without a disk. */
  #command(body: unknown): CommandAnswer | Promise<CommandAnswer> {
    const asked = readLiveCommand(body)
    if (asked) {
      const live = this.#liveOf(asked)
      return live ? asked.carryOut(live) : { live: false }
    }
    const command = readCallCommand(body)
    const live = command && this.#liveOf(command)
    if (!live) return { live: false }
    const wasOver = live.snapshot().status === 'hangup'
    live.hangup(command.reason, undefined, 'api')
    const answer = (): CallCommandAnswer => ({ live: true, call: live.snapshot(), wasOver })
    if (command.type === 'hangup') return answer()
    return new Promise((resolve) => live.whenStored(() => resolve(answer())))
  }

  #place(body: unknown): Promise<PlacedCalls> {
    const { id, request } = readPlaceCommand(body)
    return this.#forApi(() => this.#needs.placer.place(request, id))
  }

  async #groupcallCommand(body: unknown): Promise<GroupcallCommandAnswer> {
    const command = readGroupcallCommand(body)
    if (!command) return { live: false }
    if (command.type !== 'place') return this.#needs.groupcalls.end(command)
    const { id, request } = command
    const groupcall = await this.#forApi(() => this.#needs.groupPlacer.place(request, id))
    return { live: true, groupcall, wasOver: false }
  }

  #transferCommand(body: unknown): Promise<TransferAnswer> {
    const command = readTransferCommand(body)
    if (!command) return Promise.resolve({ live: false })
    return this.#forApi(() => this.#needs.transfers.command(command))
  }

  /** What the API has made: so many at once, and none that the database cannot keep. */
  async #forApi<T>(work: () => Promise<T>): Promise<T> {
    const leave = this.#isDraining ? undefined : this.#needs.places.enter()
    if (!leave) throw apiErrors.SERVICE_UNAVAILABLE({})
    try {
      return await work()
    } catch (cause) {
      if (cause instanceof DatabaseUnavailable) throw apiErrors.SERVICE_UNAVAILABLE({}, { cause })
      throw cause
    } finally {
      leave()
    }
  }

  /** A foreign call looks exactly like an unknown one. */
  #liveOf({ customer_id, call_id }: { customer_id: string; call_id: string }): LiveRunner | undefined {
    const live = this.#needs.leg(call_id)
    return live?.customer_id === customer_id ? live : undefined
  }
}
