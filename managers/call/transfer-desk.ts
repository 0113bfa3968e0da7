import { NOBODY, type Spender } from '#managers/billing'
import { type Address, apiErrors } from '#platform/http'
import { type Ids, uuidOfName } from '#platform/ids'
import { Stopwatch } from '#platform/time'
import { type AskedTransfer, type ReplacedDialog, sipStatusOfCause } from '#telecom/line'
import { faultOfCallee } from './callee.ts'
import type { Ready } from './calling.ts'
import { type Dialled, hostOf } from './dialled-address.ts'
import { callErrors } from './errors.ts'
import type { GroupPlacer } from './group-placer.ts'
import { partnerOf } from './join-legs.ts'
import type { LiveRunner } from './live-runner.ts'
import { Once } from './once.ts'
import type { PhoneJoins } from './phone-joins.ts'
import { recallAddress, recallSource } from './recall.ts'
import { causeOfRefusal } from './refusal-cause.ts'
import type { RingingLegs } from './ringing-leg.ts'
import { spenderOfPhone } from './spender.ts'
import { newTransfer, type TransferType } from './transfer.ts'
import type { TransferAnswer, TransferCommand } from './transfer-commands.ts'
import { TransferRunner, type TransferRunnerNeeds } from './transfer-runner.ts'
import type { TransferStore } from './transfer-store.ts'

export interface TransferDeskNeeds extends TransferRunnerNeeds {
  ids: Ids
  store: Pick<TransferStore, 'find'>
  groups: Pick<GroupPlacer, 'prepareFor'>
  joins: PhoneJoins
  ringing: Pick<RingingLegs, 'get'>
  /** Whom a URI means that a phone names; `undefined` = nobody. */
  dialled(dialled: Dialled): Promise<Address | undefined>
}

/** So often is who is on a leg handed over; a phone that transfers to itself comes to an end. */
const MOST_TRANSFERS = 20
const REMEMBERED = { most: 2_000, rememberMs: 120_000 }
const FORBIDDEN = 403
const REQUEST_PENDING = 491
const DECLINE = 603

/** Two who talk with each other and are not being transferred. */
interface Pair {
  transferer: LiveRunner
  remaining: LiveRunner
}

interface Wish {
  id: string
  type: TransferType
  /** Whom to call. Throws a reason where that is nobody. */
  find(): Promise<readonly Address[]>
  /** Nobody proved who wants it: no paid destination is dialled. */
  free_only: boolean
  /** On whose account they are called. */
  spender: Spender
  asked?: string
}

/** The transfers of this node: as the API and as phones ask for them (REFER). */
export class TransferDesk {
  readonly #needs: TransferDeskNeeds
  readonly #once: Once<TransferAnswer>
  /** Legs that are being transferred. */
  readonly #busy = new Set<string>()

  constructor(needs: TransferDeskNeeds) {
    this.#needs = needs
    this.#once = new Once(needs.clock, REMEMBERED)
  }

  /** What the API asks. Throws the reason of a refusal, and then nothing has changed. */
  command(command: TransferCommand): Promise<TransferAnswer> {
    return this.#once.do(command.id, () => this.#command(command))
  }

  /** What the phone of a leg asks; it hears how it goes. Only phones of the customer's own may: they have proved who they are. */
  asked(transferer: LiveRunner, transfer: AskedTransfer): void {
    const { line } = transferer
    const remaining = partnerOf(transferer, this.#needs.leg)
    const status = this.#refusalOf(transferer, remaining)
    if (!remaining || status !== undefined) {
      line.refuseTransfer(transfer.id, status ?? DECLINE)
      return
    }
    const pair = { transferer, remaining }
    if (transfer.replaces) {
      this.#needs.joins.join(pair, transfer, (call_id) => this.#busy.has(call_id))
      return
    }
    if (!line.acceptTransfer(transfer.id)) return
    this.#referred(pair, transfer).catch((error: unknown) => {
      this.#needs.log.info({ call_id: transferer.id, error }, 'a phone asked for a transfer that could not be made')
      line.tellTransfer(transfer.id, sipStatusOfCause(causeOfRefusal(error, [])))
    })
  }

  /** The leg of this customer whose place a call that comes in may take, or the status that the caller deserves. */
  replaceable(customer: string, wanted: ReplacedDialog): LiveRunner | number {
    const found = this.#needs.joins.find(customer, wanted)
    if (typeof found === 'number') return found
    const { leg, early } = found
    if (early) return this.#needs.ringing.get(leg.id) ? leg : DECLINE
    const partner = partnerOf(leg, this.#needs.leg)
    if (!partner) return DECLINE
    if (this.#busy.has(leg.id) || this.#busy.has(partner.id)) return REQUEST_PENDING
    return partner.transfers < MOST_TRANSFERS ? leg : FORBIDDEN
  }

  /** The newcomer has answered and takes the leg's place, or answers for one that rings; where that cannot be any more it ends. */
  takePlace(newcomer: LiveRunner, replaced: LiveRunner): void {
    const rings = this.#needs.ringing.get(replaced.id)
    const took = rings
      ? rings.pickUp(newcomer)
      : !this.#busy.has(replaced.id) && this.#needs.joins.takePlace(newcomer, replaced)
    if (!took) newcomer.hangup('normal', undefined, 'transfer')
  }

  async #command({
    id: key,
    customer_id,
    transfer_type,
    call_id,
    addresses,
    spender = NOBODY,
  }: TransferCommand): Promise<TransferAnswer> {
    const id = uuidOfName(`transfer:${key}`)
    const transferer = this.#needs.leg(call_id)
    if (!transferer || transferer.customer_id !== customer_id) {
      const made = await this.#needs.store.find(customer_id, id)
      return made ? { live: true, transfer: made } : { live: false }
    }
    const pair = this.#pairOf(transferer)
    const runner = await this.#begin(pair, {
      ...{ id, type: transfer_type, free_only: false, spender },
      find: async () => addresses,
    })
    await runner.written
    return { live: true, transfer: runner.snapshot() }
  }

  /** A blind transfer, as a phone asks for it in words of its own. */
  async #referred(pair: Pair, { id: asked, target }: AskedTransfer): Promise<void> {
    const { customer_id, free_only, line } = pair.transferer
    // a phone that somebody called spends as itself, not as who called it
    const phone = spenderOfPhone(pair.transferer.snapshot())
    const spender = phone.kind === '' ? pair.transferer.spender : phone
    const { local_uri, local_contact } = line.dialog
    const find = async () => {
      const hosts = [hostOf(local_uri), hostOf(local_contact)]
      const address = await this.#needs.dialled({ customer: customer_id, uri: target, hosts })
      if (!address) throw callErrors.NO_ROUTE_TO_DESTINATION()
      const fault = faultOfCallee(address)
      if (fault) throw apiErrors.INVALID_ARGUMENT({ field: `target.${fault.member}`, issue: fault.issue })
      return [address]
    }
    await this.#begin(pair, { id: this.#needs.ids.uuid(), type: 'blind', find, free_only, spender, asked })
  }

  /** Looks up whom to call before anything changes; who has gone or was moved meanwhile is not transferred. */
  async #begin(pair: Pair, { id, type, find, free_only, spender, asked }: Wish): Promise<TransferRunner> {
    const { clock, ids, groups } = this.#needs
    const { transferer, remaining } = pair
    const watch = new Stopwatch(clock)
    const hold = this.#hold(pair)
    try {
      const groupcall_id = ids.uuid()
      const { customer_id, source } = transferer.snapshot()
      const addresses = await find()
      const ready = await groups.prepareFor(remaining, {
        ...{ id: groupcall_id, destinations: addresses, source, free_only, spender },
        // what a phone asks for by itself is bounded more closely than what a credential of the API asks for
        ...(asked === undefined ? {} : { occasion: 'refer' as const }),
      })
      if (partnerOf(transferer, this.#needs.leg) !== remaining || !remaining.mayLead) {
        ready.discard()
        throw notTalking(transferer)
      }
      const runner = new TransferRunner(this.#needs, {
        transfer: newTransfer({
          ...{ id, type, groupcall_id, customer_id, transferer_call_id: transferer.id },
          transferee_addresses: [...addresses],
          tm_create: watch.now(),
        }),
        ...{ watch, transferer, remaining },
        ...(asked === undefined ? {} : { asked }),
        recall: () => this.#recall(pair, free_only),
        onOver: () => hold.release(),
      })
      runner.begin(ready)
      return runner
    } catch (error) {
      hold.release()
      throw error
    }
  }

  async #recall({ transferer, remaining }: Pair, free_only: boolean): Promise<Ready> {
    const call = transferer.snapshot()
    const address = recallAddress(call, transferer.isOwnPhone)
    if (faultOfCallee(address)) throw callErrors.NO_ROUTE_TO_DESTINATION()
    const { spender } = transferer
    const group = {
      id: this.#needs.ids.uuid(),
      destinations: [address],
      source: recallSource(call),
      free_only,
      spender,
    }
    return this.#needs.groups.prepareFor(remaining, group)
  }

  #pairOf(transferer: LiveRunner): Pair {
    const { status, tm_hangup } = transferer.snapshot()
    const { id: call_id } = transferer
    if (status === 'hangup') throw callErrors.CALL_ALREADY_HANGUP({ call_id, tm_hangup })
    const remaining = partnerOf(transferer, this.#needs.leg)
    if (!remaining) throw notTalking(transferer)
    if (this.#busy.has(call_id) || this.#busy.has(remaining.id))
      throw callErrors.CALL_STATE_INVALID({ call_id, status, issue: 'The call is being transferred already.' })
    if (remaining.transfers >= MOST_TRANSFERS)
      throw callErrors.CALL_STATE_INVALID({ call_id, status, issue: 'The call was transferred too often.' })
    return { transferer, remaining }
  }

  /** The status for a phone that may not transfer, or not now. */
  #refusalOf(transferer: LiveRunner, remaining: LiveRunner | undefined): number | undefined {
    if (!transferer.isOwnPhone) return FORBIDDEN
    if (!remaining) return DECLINE
    if (this.#busy.has(transferer.id) || this.#busy.has(remaining.id)) return REQUEST_PENDING
    return remaining.transfers < MOST_TRANSFERS ? undefined : FORBIDDEN
  }

  /** Nobody else transfers these two until it is released. */
  #hold({ transferer, remaining }: Pair): { release(): void } {
    const ids = [transferer.id, remaining.id].filter((id) => !this.#busy.has(id))
    for (const id of ids) this.#busy.add(id)
    return { release: () => ids.splice(0).forEach((id) => void this.#busy.delete(id)) }
  }
}

function notTalking(leg: LiveRunner) {
  const { id: call_id, status } = leg.snapshot()
  const issue = status === 'progressing' ? { issue: 'The call is in no conversation.' } : {}
  return callErrors.CALL_STATE_INVALID({ call_id, status, ...issue })
}
