import { type AnyTransaction, type Database, DatabaseUnavailable } from '#platform/db'
import type { Ids } from '#platform/ids'
import { type Clock, type Timestamp, timestamp, timestampToMs } from '#platform/time'
import type { Usage } from '../caps/decide.ts'
import { credentialLimitsOf, customerLimitsOf, LimitStore, type SaidLimits } from '../caps/limit-store.ts'
import { NOBODY, type Spender } from '../caps/limits.ts'
import { emptyUsage, OUTSIDE, QUARANTINE_MS, UsageStore, WHOLE_CUSTOMER } from '../caps/usage-store.ts'
import type { Ledger, Payer } from '../ledger.ts'
import type { Rate } from '../rate/price.ts'
import type { RateDeck } from '../rate/rate-deck.ts'
import { AccountLanes } from './account-lane.ts'
import { Book, type Decision, destinationOf, keyOf, type Purse, quarantineKey } from './book.ts'
import { type ExtendRequest, isHeld, moneyOf, type Reservation, type ReserveRequest, stepOf } from './reservation.ts'
import { type Extension, ReservationStore } from './reservation-store.ts'
import { Spending, type SpentUnits } from './spending.ts'

/** What a paid thing that goes on asks for. */
export interface Reservations {
  /**
   * The first interval of something that is about to begin. A repeat for the same thing gives what is reserved already.
   * Throws `DatabaseUnavailable` where it cannot be decided.
   */
  reserve(request: ReserveRequest): Promise<Decision<Reservation>>
  /** More intervals, so that it has as many as it says. Throws like `reserve`. */
  extend(request: ExtendRequest): Promise<Decision<{ units: number }>>
  /** It will not begin: nothing is held for it any more. */
  release(customer: string, id: string): Promise<void>
}

export interface ReservationDeskNeeds {
  db: Database
  clock: Clock
  ids: Ids
  /** The incarnation that uses what is reserved; unknown unless said. */
  life?: string
  billing: { ledger: Pick<Ledger, 'lockPayers'>; rates: RateDeck }
}

type Wish =
  | { type: 'begin'; request: ReserveRequest; rate: Rate }
  | { type: 'extend'; request: ExtendRequest }
  | { type: 'release'; id: string }
  | { type: 'forget'; request: ReserveRequest }

/** What bounds those who wish. */
interface Facts {
  nowMs: number
  spenders: readonly Spender[]
  said: SaidLimits[]
  usages: Map<string, Usage>
  quarantine: Awaited<ReturnType<UsageStore['quarantine']>>
  held: Map<string, Purse['held']>
}

type Answer = Decision<Reservation | { units: number } | undefined>

/** What one transaction changes. */
interface Changes {
  /** Those for whose things money was reserved before, and is no more. */
  replaced: string[]
  begun: Reservation[]
  /** Those of an earlier life for things that this one begins anew. */
  adopted: string[]
  extended: Extension[]
  spent: SpentUnits[]
}

/** How long a decision may take before it counts as one that cannot be made. */
const DECIDE_MS = 3_000
/** What may be reserved although nobody heard of it is given back as soon as the database answers. */
const FORGET_AGAIN_MS = 5_000
/** After so many tries it is two hours old, and its settlement lets go of it. */
const FORGETS = 1_440

/**
 * Reserves money of accounts: decided and written in one transaction under the account's lock, so that nothing passes a
 * balance or a limit together; wishes of one customer that come at once share a transaction.
 */
export class ReservationDesk implements Reservations {
  readonly #needs: ReservationDeskNeeds
  readonly #store = new ReservationStore()
  readonly #usage = new UsageStore()
  readonly #spending = new Spending()
  readonly #limits: LimitStore
  readonly #life: string
  /** What nobody heard the answer to, by what it was for. */
  readonly #unheard = new Map<string, ReserveRequest>()
  readonly #lanes = new AccountLanes<Wish, Answer>((customer, wishes) => this.#carryOut(customer, wishes))

  constructor(needs: ReservationDeskNeeds) {
    this.#needs = needs
    this.#limits = new LimitStore(needs.db)
    this.#life = needs.life ?? ''
  }

  async reserve(request: ReserveRequest): Promise<Decision<Reservation>> {
    const { cost_type, number, customer_id } = request
    const rate = await this.#needs.billing.rates.rateOf({ cost_type, number })
    this.#unheard.delete(request.reference_id) // it is asked for anew
    try {
      return (await this.#lanes.ask(customer_id, { type: 'begin', request, rate })) as Decision<Reservation>
    } catch (error) {
      this.#unheard.set(request.reference_id, request)
      this.#forget(request, FORGETS)
      throw error
    }
  }

  extend(request: ExtendRequest): Promise<Decision<{ units: number }>> {
    return this.#lanes.ask(request.customer_id, { type: 'extend', request }) as Promise<Decision<{ units: number }>>
  }

  async release(customer: string, id: string): Promise<void> {
    await this.#lanes.ask(customer, { type: 'release', id })
  }

  /** An answer was lost, and perhaps money is held for something that now never begins. */
  #forget(request: ReserveRequest, left: number): void {
    this.#needs.clock.after(FORGET_AGAIN_MS, async () => {
      if (this.#unheard.get(request.reference_id) !== request) return
      try {
        await this.#lanes.ask(request.customer_id, { type: 'forget', request })
      } catch (error) {
        const isStopping = error instanceof DatabaseUnavailable && error.why === 'closed'
        if (left > 1 && !isStopping) return this.#forget(request, left - 1)
      }
      if (this.#unheard.get(request.reference_id) === request) this.#unheard.delete(request.reference_id)
    })
  }

  #carryOut(customer: string, wishes: readonly Wish[]): Promise<Answer[]> {
    const { db, billing } = this.#needs
    const extended = wishes.flatMap((wish) => (wish.type === 'extend' ? [wish.request.id] : []))
    return db.withDeadline(DECIDE_MS, () =>
      db.transaction(async (trx) => {
        // the lock is taken first, whatever is read after it waits for it: all of it is one round trip
        const [payers, known, facts] = await Promise.all([
          billing.ledger.lockPayers(trx, customer, extended),
          this.#known(trx, customer, wishes),
          this.#facts(trx, customer, wishes, extended),
        ])
        const { payer } = payers
        if (!payer) return wishes.map(() => ({ ok: false, refusal: 'account_suspended' }))
        const book = await this.#open(trx, customer, { payer, all: payers.all }, facts, known.map(spenderOfOpen))
        const changes: Changes = { replaced: [], begun: [], adopted: [], extended: [], spent: [] }
        const answers: Answer[] = []
        for (const wish of wishes)
          answers.push(await this.#one(trx, { wish, book, account: payer.account, known, changes }))
        await trx.last(() => this.#write(trx, customer, changes))
        return answers
      }),
    )
  }

  async #one(
    trx: AnyTransaction,
    at: { wish: Wish; book: Book; account: { id: string }; known: readonly Reservation[]; changes: Changes },
  ): Promise<Answer> {
    const { wish, book, account, known, changes } = at
    switch (wish.type) {
      case 'begin': {
        const before = findFor(wish.request, [...changes.begun, ...known])
        if (!before) return this.#begin(wish, book, account, changes)
        if (before.status === 'settled') return { ok: true, reserved: before }
        if (isHeld(before)) {
          if (before.life !== this.#life) changes.adopted.push(before.id)
          return { ok: true, reserved: { ...before, life: this.#life } }
        }
        const again = this.#begin(wish, book, account, changes)
        if (again.ok) changes.replaced.push(before.id)
        return again
      }
      case 'extend': {
        const open = known.find(({ id }) => id === wish.request.id)
        return open?.status === 'open'
          ? this.#extend(trx, open, wish.request, book, changes)
          : { ok: false, refusal: 'closed' }
      }
      case 'release': {
        await this.#release(
          trx,
          known.find(({ id }) => id === wish.id),
        )
        return { ok: true, reserved: undefined }
      }
      case 'forget': {
        await this.#release(trx, findFor(wish.request, known))
        return { ok: true, reserved: undefined }
      }
    }
  }

  async #release(trx: AnyTransaction, open: Reservation | undefined): Promise<void> {
    if (open?.status !== 'open') return
    const end = { reservation: { ...open }, status: 'released' as const, units: 0 }
    open.status = 'released' // whoever wishes something of it in the same transaction finds it so
    await this.#spending.close(trx, open.customer_id, [end], this.#needs.clock.wallMs())
  }

  #begin(
    { request, rate }: Wish & { type: 'begin' },
    book: Book,
    account: { id: string },
    changes: Changes,
  ): Decision<Reservation> {
    const decision = book.begin(request, rate)
    if (!decision.ok) return decision
    const { customer_id, reference_type, reference_id, cost_type, number, spender } = request
    const now = this.#now()
    const reservation: Reservation = {
      id: this.#needs.ids.uuid(),
      account_id: account.id,
      ...{ customer_id, reference_type, reference_id, cost_type, number, rate },
      credential_kind: spender.kind,
      credential_id: spender.id,
      status: 'open',
      life: this.#life,
      units: stepOf(rate),
      ...decision.reserved,
      money: moneyOf(rate, stepOf(rate)),
      most_units: null,
      begun: 0,
      tm_create: now,
      tm_extend: now,
      tm_end: null,
    }
    changes.begun.push(reservation)
    changes.spent.push({ reservation, units: reservation.units, atMs: this.#needs.clock.wallMs() })
    return { ok: true, reserved: reservation }
  }

  async #extend(
    trx: AnyTransaction,
    open: Reservation,
    { units, begun }: ExtendRequest,
    book: Book,
    changes: Changes,
  ): Promise<Decision<{ units: number }>> {
    const more = units - open.units
    if (more <= 0) return { ok: true, reserved: { units: open.units } }
    const decision = book.extend(open, more)
    if (!decision.ok) {
      const limit = { begun, most_units: Math.max(open.units, begun) }
      await this.#store.limitUnits(trx, open, limit)
      for (const each of changes.extended) if (each.id === open.id) Object.assign(each, limit)
      return decision
    }
    const extended = {
      id: open.id,
      units,
      begun,
      most_units: null, // who was refused and asks again has not heard it, and does not end
      amount_token: open.amount_token + decision.reserved.amount_token,
      amount_credit: open.amount_credit + decision.reserved.amount_credit,
      money: moneyOf(open.rate, units),
      tm_extend: this.#now(),
    }
    changes.extended.push(extended)
    Object.assign(open, extended) // whoever wishes something of it in the same transaction finds it so
    changes.spent.push({ reservation: open, units: more, atMs: this.#needs.clock.wallMs() })
    return { ok: true, reserved: { units } }
  }

  /** The open reservations that wishes are about, and those that were made for the same things before. */
  async #known(trx: AnyTransaction, customer: string, wishes: readonly Wish[]): Promise<Reservation[]> {
    const begun = wishes.flatMap((wish) => ('request' in wish && wish.type !== 'extend' ? [wish.request] : []))
    const ids = wishes.flatMap((wish) =>
      wish.type === 'extend' ? [wish.request.id] : wish.type === 'release' ? [wish.id] : [],
    )
    const [repeated, open] = await Promise.all([
      begun.length > 0 ? this.#store.findAll(trx, customer, begun) : [],
      ids.length > 0 ? this.#store.openAmong(trx, customer, ids) : [],
    ])
    return [...new Map([...repeated, ...open].map((each) => [each.id, each])).values()]
  }

  /** What bounds these, as it is under the lock. */
  async #facts(
    trx: AnyTransaction,
    customer: string,
    wishes: readonly Wish[],
    extended: readonly string[],
  ): Promise<Facts> {
    const nowMs = this.#needs.clock.wallMs()
    const spenders = wishes.map(spenderOf)
    const destinations = wishes.flatMap((wish) => (wish.type === 'begin' ? [destinationOf(wish.rate)] : []))
    const [said, usages, quarantine, held] = await Promise.all([
      this.#said(trx, customer, spenders),
      this.#usage.usages(trx, customer, nowMs),
      this.#usage.quarantine(trx, customer, { destinations, reservations: extended }),
      this.#store.heldByPayers(trx, customer, extended),
    ])
    return { nowMs, spenders, said, usages, quarantine, held }
  }

  #said(trx: AnyTransaction, customer: string, spenders: readonly Spender[]): Promise<SaidLimits[]> {
    return this.#limits.said(
      customer,
      spenders.flatMap(({ id }) => (id === '' ? [] : [id])),
      trx,
    )
  }

  /** `others`: who spends on what goes on already. */
  async #open(
    trx: AnyTransaction,
    customer: string,
    { payer, all: payers }: { payer: Payer; all: readonly Payer[] },
    { nowMs, spenders, said, usages, quarantine, held }: Facts,
    others: readonly Spender[],
  ): Promise<Book> {
    const all = [...said, ...(others.length > 0 ? await this.#said(trx, customer, others) : [])]
    const usage = (of: { kind: string; id: string }) => usages.get(keyOf(of)) ?? emptyUsage()
    const credentials = [...spenders, ...others].flatMap((spender) => {
      if (spender.kind === '') return []
      const limits = credentialLimitsOf(all, spender.kind, spender.id)
      return [[keyOf(spender), { ...spender, limits, usage: usage(spender) }] as const]
    })
    const isOver = (tm_create: string) => nowMs - (timestampToMs(tm_create) ?? 0) >= QUARANTINE_MS
    const purses = payers.map((each): [string, Purse] => [
      each.account.id,
      { payer: each, held: held.get(each.account.id) ?? { token: 0, credit: 0 } },
    ])
    const limits = customerLimitsOf(said)
    return new Book({
      payer: payer.account.id,
      purses: new Map(purses),
      customer: { ...WHOLE_CUSTOMER, limits, usage: usage(WHOLE_CUSTOMER) },
      outside: { ...OUTSIDE, limits: limits.outside, usage: usage(OUTSIDE) },
      credentials: new Map(credentials),
      quarantine: new Map(
        quarantine.map(({ destination, outside, seconds, money, tm_create }) => [
          quarantineKey(destination, outside),
          { seconds, money, isOver: isOver(tm_create) },
        ]),
      ),
    })
  }

  async #write(trx: AnyTransaction, customer: string, changes: Changes): Promise<void> {
    const { replaced, begun, adopted, extended, spent } = changes
    await Promise.all([
      this.#store.remove(trx, customer, replaced),
      this.#store.insert(trx, customer, begun),
      this.#store.adopt(trx, customer, adopted, this.#life),
      this.#store.extend(trx, customer, extended),
      this.#spending.add(trx, customer, spent),
    ])
  }

  #now(): Timestamp {
    return timestamp(this.#needs.clock.wallMs())
  }
}

/** The reservation for the same thing. */
function findFor(
  { reference_type: type, reference_id: id }: ReserveRequest,
  among: readonly Reservation[],
): Reservation | undefined {
  return among.find(({ reference_type, reference_id }) => reference_type === type && reference_id === id)
}

function spenderOf(wish: Wish): Spender {
  return wish.type === 'begin' ? wish.request.spender : NOBODY
}

function spenderOfOpen({ credential_kind: kind, credential_id: id }: Reservation): Spender {
  return kind === '' ? NOBODY : { kind, id }
}
