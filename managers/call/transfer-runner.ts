import type { WriteLanes } from '#platform/db'
import { eventWrite } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock, Stopwatch } from '#platform/time'
import type { Attempt } from './attempt.ts'
import type { Ready } from './calling.ts'
import { awaitLeaving, joinForGood } from './join-legs.ts'
import type { LiveRunner } from './live-runner.ts'
import { RowWriter } from './row-writer.ts'
import type { Transfer } from './transfer.ts'
import { TransferActor, type TransferEffect, type TransferInput } from './transfer-actor.ts'
import { type TransferEvent, transferEvent } from './transfer-events.ts'
import { transferWrite } from './transfer-store.ts'

export interface TransferRunnerNeeds {
  clock: Clock
  log: Log
  lanes: WriteLanes
  node: string
  incarnation: string
  /** A live leg of this node. */
  leg(call_id: string): LiveRunner | undefined
}

export interface TransferParts {
  transfer: Transfer
  watch: Stopwatch
  transferer: LiveRunner
  /** Whom it talks with. */
  remaining: LiveRunner
  /** What the transferer's phone asked for, by the name that its line gave it. */
  asked?: string
  /** Makes the transferer ready to be called back for the one who remains. */
  recall: () => Promise<Ready>
  onOver: () => void
}

/** Runs one transfer's actor: moves its legs, calls whom it wants called, and writes what it says, in order. */
export class TransferRunner {
  readonly #needs: TransferRunnerNeeds
  readonly #parts: TransferParts
  readonly #actor: TransferActor
  readonly #writer: RowWriter
  readonly #queue: TransferInput[] = []
  #running = false
  #attempt: Attempt | undefined
  /** What followed the transferer for the sake of the one who remains. */
  #freed: readonly Attempt[] = []

  constructor(needs: TransferRunnerNeeds, parts: TransferParts) {
    this.#needs = needs
    this.#parts = parts
    this.#writer = new RowWriter(needs, parts.transfer.id)
    this.#actor = new TransferActor(parts.transfer, {
      now: () => parts.watch.now(),
      isAskedByPhone: parts.asked !== undefined,
    })
  }

  /** Resolves when everything written so far is on disk (or can never be). */
  get written(): Promise<void> {
    return this.#writer.written
  }

  snapshot(): Transfer {
    return structuredClone(this.#actor.transfer)
  }

  /** The first step: its row is on its way to the disk, the legs are moved, and they are called. */
  begin(ready: Ready): void {
    const { transferer, remaining } = this.#parts
    remaining.transfers++
    this.#freed = transferer.letGo(remaining.id)
    this.#running = true // what comes of it waits for the end of this step
    for (const effect of this.#actor.begin()) this.#do(effect)
    this.#call(ready)
    for (const [leg, type] of [
      [transferer, 'transferer_gone'],
      [remaining, 'remaining_gone'],
    ] as const)
      leg.subscribe((input) => {
        if (input.type === 'hungup') this.#take({ type })
      })
    this.#drain()
  }

  /** One input at a time: what comes while another is being handled waits. */
  #take(input: TransferInput): void {
    this.#queue.push(input)
    if (!this.#running) this.#drain()
  }

  #drain(): void {
    this.#running = true
    try {
      for (let at = this.#queue.shift(); at; at = this.#queue.shift())
        for (const effect of this.#actor.on(at)) this.#do(effect)
    } finally {
      this.#running = false
    }
  }

  #do(effect: TransferEffect) {
    const { transferer, remaining, asked } = this.#parts
    switch (effect.do) {
      case 'save':
        return this.#save(effect.transfer, effect.events)
      case 'lend':
        return (effect.leg === 'transferer' ? transferer : remaining).move({ type: 'lend', hears: effect.hears })
      case 'hangup_transferer':
        this.#unchain()
        return asked === undefined
          ? transferer.hangup('normal', undefined, 'transfer')
          : awaitLeaving(transferer, this.#needs.clock)
      case 'win':
        return this.#attempt?.win()
      case 'consult':
        return this.#consult(effect.call_id)
      case 'hand_over':
        return this.#handOver(effect.call_id)
      case 'give_back':
        transferer.leadAgain(this.#freed)
        transferer.move({ type: 'take_back', peer: remaining.id })
        return remaining.move({ type: 'take_back', peer: transferer.id })
      case 'abandon':
        return remaining.move({ type: 'abandon' })
      case 'end_attempt':
        return this.#attempt?.hangup('normal', undefined, 'transfer')
      case 'recall':
        return void this.#recall()
      case 'tell':
        return asked === undefined ? undefined : transferer.line.tellTransfer(asked, effect.status)
      case 'release':
        return this.#parts.onOver()
    }
  }

  #call(ready: Ready): void {
    this.#attempt = ready.begin((event) => this.#take({ type: 'attempt', event }))
  }

  #consult(call_id: string): void {
    const { transferer } = this.#parts
    transferer.steer({ type: 'join', peer: call_id })
    this.#needs.leg(call_id)?.steer({ type: 'join', peer: transferer.id })
  }

  /** The one who remains follows the transferer no more: whoever came in its place follows it. */
  #handOver(call_id: string): void {
    const { remaining } = this.#parts
    const leg = this.#needs.leg(call_id)
    this.#unchain()
    if (leg) {
      leg.transfers = remaining.transfers
      joinForGood(remaining, leg)
    } else remaining.move({ type: 'abandon' })
  }

  /** On the records: the one who remains does not follow the transferer any more. */
  #unchain(): void {
    if (this.#freed.length === 0) return
    const { transferer, remaining } = this.#parts
    this.#freed = []
    transferer.move({ type: 'unchain', call_id: remaining.id })
    remaining.move({ type: 'follow', master_call_id: NIL_UUID })
  }

  async #recall(): Promise<void> {
    const { remaining, recall } = this.#parts
    try {
      const ready = await recall()
      if (remaining.mayLead) return this.#call(ready)
      ready.discard()
    } catch (error) {
      this.#needs.log.info({ transfer_id: this.#actor.transfer.id, error }, 'a transferer could not be called back')
    }
    this.#take({ type: 'no_recall' })
  }

  #save(transfer: Transfer, events: readonly TransferEvent[]): void {
    const { node, incarnation } = this.#needs
    const tm_create = transfer.tm_update ?? transfer.tm_create
    this.#writer.save(
      transferWrite({ ...transfer, node, incarnation }),
      events.map((type) => eventWrite({ ...transferEvent(type, transfer), tm_create })),
    )
  }
}
