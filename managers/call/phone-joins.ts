import { eventWrite } from '#platform/events'
import { type Ids, NIL_UUID } from '#platform/ids'
import { Stopwatch } from '#platform/time'
import type { AskedTransfer, LineDirectory, ReplacedDialog } from '#telecom/line'
import { awaitLeaving, joinForGood, partnerOf } from './join-legs.ts'
import type { LiveRunner } from './live-runner.ts'
import { RowWriter } from './row-writer.ts'
import { newTransfer, type Transfer } from './transfer.ts'
import { transferEvent } from './transfer-events.ts'
import type { TransferRunnerNeeds } from './transfer-runner.ts'
import { transferWrite } from './transfer-store.ts'

export interface PhoneJoinsNeeds extends TransferRunnerNeeds {
  ids: Ids
  directory: Pick<LineDirectory, 'find'>
  /** The live leg on this line. */
  legOfLine(line_id: string): LiveRunner | undefined
}

const NO_SUCH_DIALOG = 481
const REQUEST_PENDING = 491
const DECLINE = 603

/**
 * What phones do with calls that there are: one talks on two calls of its own and asks that who is on the one is joined with
 * who is on the other (REFER with Replaces, RFC 5589 §7), or calls in to take the place of a leg (RFC 3891).
 */
export class PhoneJoins {
  readonly #needs: PhoneJoinsNeeds

  constructor(needs: PhoneJoinsNeeds) {
    this.#needs = needs
  }

  /** `isBusy`: whether a leg is being transferred. The phone hears how it goes; another customer's dialog is none. */
  join(
    { transferer, remaining }: { transferer: LiveRunner; remaining: LiveRunner },
    asked: AskedTransfer,
    isBusy: (call_id: string) => boolean,
  ): void {
    const { line } = transferer
    const watch = new Stopwatch(this.#needs.clock)
    const found = this.#consultation(transferer, remaining, asked)
    const isAnyBusy = typeof found === 'object' && (isBusy(found.consultation.id) || isBusy(found.consulted.id))
    if (typeof found === 'number' || isAnyBusy) {
      line.refuseTransfer(asked.id, typeof found === 'number' ? found : REQUEST_PENDING)
      return
    }
    if (!line.acceptTransfer(asked.id)) return
    const { consultation, consulted } = found
    this.#moveTogether({ transferer, remaining, consultation, consulted })
    this.#write(transferer, consulted, watch)
    line.tellTransfer(asked.id, 200)
    for (const leg of [transferer, consultation]) awaitLeaving(leg, this.#needs.clock)
  }

  /** The customer's other leg and who talks there, or the status that the phone deserves. */
  #consultation(
    transferer: LiveRunner,
    remaining: LiveRunner,
    { replaces }: AskedTransfer,
  ): { consultation: LiveRunner; consulted: LiveRunner } | number {
    const found = replaces ? this.find(transferer.customer_id, replaces) : NO_SUCH_DIALOG
    if (typeof found === 'number') return found
    const { leg: consultation, early } = found
    if (consultation === transferer) return NO_SUCH_DIALOG
    const consulted = partnerOf(consultation, this.#needs.leg)
    return early || !consulted || consulted === remaining ? DECLINE : { consultation, consulted }
  }

  /**
   * A phone has called in to take the place of this leg (INVITE with Replaces, RFC 3891): who talks there talks with the
   * newcomer from now on, and the leg ends. False where nobody talks there any more.
   */
  takePlace(newcomer: LiveRunner, replaced: LiveRunner): boolean {
    const watch = new Stopwatch(this.#needs.clock)
    const remaining = partnerOf(replaced, this.#needs.leg)
    if (!remaining || !newcomer.isUp) return false
    free(replaced, remaining)
    for (const leg of [replaced, remaining]) leg.move({ type: 'lend', hears: 'silence' })
    bind(remaining, newcomer)
    this.#write(replaced, newcomer, watch)
    replaced.hangup('normal', undefined, 'transfer')
    return true
  }

  /** The live leg of this customer that a phone means, and whether it rings; or the status that the phone deserves. */
  find(customer: string, wanted: ReplacedDialog): { leg: LiveRunner; early: boolean } | number {
    const found = this.#needs.directory.find(wanted)
    if ('status' in found) return found.status
    const leg = this.#needs.legOfLine(found.line.id)
    return leg?.customer_id === customer ? { leg, early: found.early } : NO_SUCH_DIALOG
  }

  /** Neither of the two follows the phone's legs any more. */
  #moveTogether(legs: Record<'transferer' | 'remaining' | 'consultation' | 'consulted', LiveRunner>): void {
    const { transferer, remaining, consultation, consulted } = legs
    free(transferer, remaining)
    free(consultation, consulted)
    // what waited for the end of these conversations is in our hands: the phone's legs end without ending it
    for (const leg of [transferer, consultation, remaining, consulted]) leg.move({ type: 'lend', hears: 'silence' })
    bind(remaining, consulted)
  }

  #write(transferer: LiveRunner, consulted: LiveRunner, watch: Stopwatch): void {
    const { ids, node, incarnation } = this.#needs
    const begun = newTransfer({
      id: ids.uuid(),
      customer_id: transferer.customer_id,
      type: 'attended',
      transferer_call_id: transferer.id,
      transferee_addresses: [partyOf(consulted)],
      groupcall_id: NIL_UUID,
      tm_create: watch.now(),
    })
    const done: Transfer = { ...begun, status: 'completed', transferee_call_id: consulted.id, tm_update: watch.now() }
    new RowWriter(this.#needs, done.id).save(transferWrite({ ...done, node, incarnation }), [
      eventWrite({ ...transferEvent('transfer_created', begun), tm_create: begun.tm_create }),
      eventWrite({ ...transferEvent('transfer_completed', done), tm_create: done.tm_update ?? done.tm_create }),
    ])
  }
}

/** They talk for good; one that waits for nothing of its own follows the other. */
function bind(remaining: LiveRunner, other: LiveRunner): void {
  remaining.transfers = other.transfers = Math.max(remaining.transfers, other.transfers) + 1
  const [leader, follower] = remaining.isConnected || !other.isConnected ? [remaining, other] : [other, remaining]
  joinForGood(leader, follower)
  if (follower.isConnected) return
  leader.lead(follower)
  follower.move({ type: 'follow', master_call_id: leader.id })
}

/** Our leg's end ends this one no more. */
function free(leader: LiveRunner, follower: LiveRunner): void {
  if (leader.letGo(follower.id).length === 0) return
  leader.move({ type: 'unchain', call_id: follower.id })
  follower.move({ type: 'follow', master_call_id: NIL_UUID })
}

/** Who is at the other end of a leg. */
function partyOf(leg: LiveRunner) {
  const { direction, source, destination } = leg.snapshot()
  return direction === 'incoming' ? source : destination
}
