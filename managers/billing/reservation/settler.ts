import type { Bus, Subscription } from '#platform/bus'
import { type AnyTransaction, type Database, DatabaseUnavailable } from '#platform/db'
import { LEDGER_MOVED } from '#platform/events'
import type { Log } from '#platform/log'
import { type Clock, type Timer, type Timestamp, timestampToMs } from '#platform/time'
import type { EndedUsage } from '../charge.ts'
import type { Ledger } from '../ledger.ts'
import { unitsOf } from '../rate/price.ts'
import { RESERVED_TYPES, type Reservation, type ReservedType } from './reservation.ts'
import { ReservationStore } from './reservation-store.ts'
import { Spending } from './spending.ts'

/** What became of something that money was reserved for. */
export interface Use {
  id: string
  isOver: boolean
  /** From when on it costs something; null: it never did. */
  tm_start: Timestamp | null
  tm_end: Timestamp | null
}

/** Who knows what became of it. What it does not know is not among the answers. */
export interface Uses {
  find(customer: string, type: ReservedType, ids: readonly string[]): Promise<Use[]>
}

export interface SettlerNeeds {
  db: Database
  bus: Bus
  clock: Clock
  log: Log
  billing: { ledger: Pick<Ledger, 'lock' | 'settle'> }
  uses: Uses
}

/** An open reservation whose use is over, or that has none. */
interface Over {
  reservation: Reservation
  use: Use | undefined
}

/** What is settled together holds the account for as long as a few statements take. */
const MOST_AT_ONCE = 200
/** Pokes that come so close together are one. */
const SOON_MS = 250
/** Finds what a lost poke, or a database that was away, has left. */
const NET_MS = 10_000
/** Something that has no record after so long never began: it waited for its disk no longer than a call may last. */
const ORPHAN_MS = 2 * 3_600_000

/**
 * Turns what is reserved into charges: an open reservation is what remains to be settled, and the record of its call or
 * recording says when it is over. The charge, the end of the reservation and what was spent are one transaction, and only
 * the one that closes the reservation charges, so it happens once however often it is told, by whichever node, after
 * whatever crash. Those of one account share transactions: whoever wants to begin something waits for its lock.
 */
export class Settler {
  readonly #needs: SettlerNeeds
  readonly #store = new ReservationStore()
  readonly #spending = new Spending()
  #subscription: Subscription | undefined
  #soon: Timer | undefined
  #net: Timer | undefined
  #running: Promise<void> | undefined
  #isStopped = false

  constructor(needs: SettlerNeeds) {
    this.#needs = needs
  }

  start(): void {
    this.#subscription = this.#needs.bus.subscribe(LEDGER_MOVED, () => this.#poke())
    this.#poke()
    this.#again()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#subscription?.unsubscribe()
    this.#soon?.cancel()
    this.#net?.cancel()
    await this.#running
  }

  /** One round over everything that is open. What fails is left for the next. Gives how many were closed. */
  async run(): Promise<number> {
    let closed = 0
    for (const customer of await this.#store.customersWithOpen(this.#needs.db))
      if (!this.#isStopped) closed += await this.#settleAll(customer)
    return closed
  }

  #poke(): void {
    if (this.#isStopped) return
    this.#soon ??= this.#needs.clock.after(SOON_MS, () => {
      this.#soon = undefined
      if (this.#running) this.#poke()
      else this.#round()
    })
  }

  #again(): void {
    this.#net = this.#needs.clock.after(NET_MS, () => {
      this.#poke()
      this.#again()
    })
  }

  #round(): void {
    this.#running = this.run()
      .then(
        () => {},
        (error: unknown) => this.#failed(error, 'what is reserved could not be read'),
      )
      .finally(() => {
        this.#running = undefined
      })
  }

  async #settleAll(customer: string): Promise<number> {
    const { db, uses, clock } = this.#needs
    const open = await this.#store.open(db, customer)
    const over: Over[] = []
    for (const type of RESERVED_TYPES) {
      const mine = open.filter(({ reference_type }) => reference_type === type)
      if (mine.length === 0) continue
      const ids = mine.map(({ reference_id }) => reference_id)
      const found = new Map((await uses.find(customer, type, ids)).map((use) => [use.id, use]))
      for (const reservation of mine) {
        const use = found.get(reservation.reference_id)
        const age = clock.wallMs() - (timestampToMs(reservation.tm_create) ?? 0)
        if (use ? use.isOver : age > ORPHAN_MS) over.push({ reservation, use })
      }
    }
    let closed = 0
    for (const mine of Map.groupBy(over, ({ reservation }) => reservation.account_id).values())
      while (mine.length > 0) closed += await this.#tryToSettle(mine.splice(0, MOST_AT_ONCE))
    return closed
  }

  /** Settles these of one account together; where one of them spoils it, each by itself. */
  async #tryToSettle(over: readonly Over[]): Promise<number> {
    const [first] = over
    if (!first) return 0
    const { customer_id, reference_id } = first.reservation
    try {
      return await this.#needs.db.transaction((trx) => this.#settle(trx, first.reservation, over))
    } catch (error) {
      const ofOne = over.length === 1 ? { reference_id } : {}
      this.#failed(error, 'a charge could not be settled', { customer_id, ...ofOne })
      if (over.length === 1 || error instanceof DatabaseUnavailable) return 0
      let closed = 0
      for (const each of over) closed += await this.#tryToSettle([each])
      return closed
    }
  }

  /** Under the account's lock; gives how many it has closed. */
  async #settle(trx: AnyTransaction, { customer_id, account_id }: Reservation, over: readonly Over[]): Promise<number> {
    const { billing, clock } = this.#needs
    const ends = over.map(endOf)
    const [, closed] = await Promise.all([
      billing.ledger.lock(trx, account_id),
      this.#spending.close(trx, customer_id, ends, clock.wallMs()),
    ])
    const charged = ends.flatMap(({ reservation, usage }) => (usage && closed.has(reservation.id) ? [usage] : []))
    if (charged.length > 0) await billing.ledger.settle(trx, customer_id, account_id, charged)
    return closed.size
  }

  #failed(error: unknown, what: string, of: object = {}): void {
    if (error instanceof DatabaseUnavailable) this.#needs.log.info({ ...of, error }, what)
    else this.#needs.log.warn({ ...of, error }, what)
  }
}

/** How an open reservation ends: what is charged, nothing where it was never used. */
function endOf({ reservation, use }: Over) {
  if (!use?.tm_start || !use.tm_end) return { reservation, status: 'released' as const, units: 0 }
  const { cost_type, reference_type, reference_id, number, rate, most_units, amount_token, amount_credit } = reservation
  const most = most_units === null ? Number.POSITIVE_INFINITY : most_units * rate.unit_seconds
  const spanMs = (timestampToMs(use.tm_end) ?? 0) - (timestampToMs(use.tm_start) ?? 0)
  const seconds = Math.min(most, Math.max(0, Math.trunc(spanMs / 1_000)))
  const usage: EndedUsage = {
    ...{ cost_type, reference_type, reference_id, number, seconds },
    tm_billing_start: use.tm_start,
    tm_billing_end: use.tm_end,
    deck_version: rate.deck_version,
    reserved: { token: amount_token, credit: amount_credit },
  }
  return { reservation, status: 'settled' as const, units: unitsOf(rate, { seconds }), usage }
}
