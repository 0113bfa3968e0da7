import type { Bus, Subscription } from '#platform/bus'
import { type AnyTransaction, type Database, DatabaseUnavailable } from '#platform/db'
import { LEDGER_MOVED } from '#platform/events'
import type { Log } from '#platform/log'
import { type Clock, type Timer, type Timestamp, timestampToMs } from '#platform/time'
import type { EndedUsage } from '../charge.ts'
import type { Ledger } from '../ledger.ts'
import { unitsOf } from '../rate/price.ts'
import { isCounted, isHeld, RESERVED_TYPES, type Reservation, type ReservedType } from './reservation.ts'
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
  /** Those of these lives that are over and have nothing left to be written. */
  livesOver(lives: readonly string[]): Promise<readonly string[]>
  /** How long a call that goes out may talk on beyond what is reserved while nobody can decide. */
  undecidedSeconds: number
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
    // asked before the records: what a life that is over has written is there then
    const gone = await this.#livesOver(open)
    const over: Over[] = []
    const unused: Reservation[] = []
    for (const type of RESERVED_TYPES) {
      const mine = open.filter(({ reference_type }) => reference_type === type)
      if (mine.length === 0) continue
      const ids = mine.map(({ reference_id }) => reference_id)
      const found = new Map((await uses.find(customer, type, ids)).map((use) => [use.id, use]))
      for (const reservation of mine) {
        const use = found.get(reservation.reference_id)
        const age = clock.wallMs() - (timestampToMs(reservation.tm_extend) ?? 0)
        if (use ? use.isOver : age > ORPHAN_MS) over.push({ reservation, use })
        else if (!use && isHeld(reservation) && gone.has(reservation.life)) unused.push(reservation)
      }
    }
    for (const mine of Map.groupBy(unused, ({ account_id }) => account_id).values()) await this.#tryToLapse(mine)
    let closed = 0
    for (const mine of Map.groupBy(over, ({ reservation }) => reservation.account_id).values())
      while (mine.length > 0) closed += await this.#tryToSettle(mine.splice(0, MOST_AT_ONCE))
    return closed
  }

  async #livesOver(open: readonly Reservation[]): Promise<ReadonlySet<string>> {
    const lives = new Set(open.filter(isHeld).map(({ life }) => life))
    lives.delete('')
    return new Set(lives.size > 0 ? await this.#needs.livesOver([...lives]) : [])
  }

  /** Lets go of what these of one account hold. They stay open: who was thought dead may still write what it has used. */
  async #tryToLapse(unused: readonly Reservation[]): Promise<void> {
    const [{ customer_id = '', account_id = '' } = {}] = unused
    const lives = new Map(unused.map(({ id, life }) => [id, life]))
    try {
      await this.#needs.db.transaction(async (trx: AnyTransaction) => {
        const [, open] = await Promise.all([
          this.#needs.billing.ledger.lock(trx, account_id),
          this.#store.openAmong(trx, customer_id, [...lives.keys()]),
        ])
        const mine = open.filter((each) => isHeld(each) && each.life === lives.get(each.id))
        if (mine.length > 0) await this.#spending.lapse(trx, customer_id, mine)
      })
    } catch (error) {
      this.#failed(error, 'what nobody uses could not be given back', { customer_id })
    }
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

  /** Under the account's lock, by what they have reserved then; gives how many it has closed. */
  async #settle(trx: AnyTransaction, { customer_id, account_id }: Reservation, over: readonly Over[]): Promise<number> {
    const { billing, clock, undecidedSeconds } = this.#needs
    const ids = over.map(({ reservation }) => reservation.id)
    const [, open] = await Promise.all([
      billing.ledger.lock(trx, account_id),
      this.#store.openAmong(trx, customer_id, ids),
    ])
    const now = new Map(open.map((reservation) => [reservation.id, reservation]))
    const ends = over.flatMap(({ reservation: { id, units }, use }) => {
      const reservation = now.get(id)
      if (!reservation || (!use && reservation.units !== units)) return [] // closed, or somebody goes on with it
      return [endOf({ reservation, use }, undecidedSeconds)]
    })
    if (ends.length === 0) return 0
    const closed = await this.#spending.close(trx, customer_id, ends, clock.wallMs())
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
function endOf({ reservation, use }: Over, undecidedSeconds: number) {
  if (!use?.tm_start || !use.tm_end) return { reservation, status: 'released' as const, units: 0 }
  const { cost_type, reference_type, reference_id, number, rate, amount_token, amount_credit } = reservation
  const spanMs = (timestampToMs(use.tm_end) ?? 0) - (timestampToMs(use.tm_start) ?? 0)
  const seconds = seenSeconds(reservation, Math.max(0, Math.trunc(spanMs / 1_000)), undecidedSeconds)
  const usage: EndedUsage = {
    ...{ cost_type, reference_type, reference_id, number, seconds },
    tm_billing_start: use.tm_start,
    tm_billing_end: use.tm_end,
    deck_version: rate.deck_version,
    reserved: { token: amount_token, credit: amount_credit },
  }
  return { reservation, status: 'settled' as const, units: unitsOf(rate, { seconds }), usage }
}

/**
 * So much of a span as the platform has seen. The clock of the wall may have been set between its ends (those of a crash are
 * of two clocks), so the intervals count that were reserved, with what may be talked on undecided, and those that have begun.
 */
function seenSeconds(reservation: Reservation, span: number, undecidedSeconds: number): number {
  const { rate, units, begun, most_units } = reservation
  if (rate.unit_seconds === 0) return span
  const least = begun === 0 ? 0 : (begun - 1) * rate.unit_seconds + 1
  const undecided = isCounted(reservation) ? undecidedSeconds : 0
  const most = most_units === null ? units * rate.unit_seconds + undecided : most_units * rate.unit_seconds
  return Math.min(most, Math.max(least, span))
}
