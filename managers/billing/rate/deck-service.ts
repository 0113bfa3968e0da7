import { type AnyTransaction, type Database, uniqueViolation } from '#platform/db'
import { apiErrors, type Page, type PageRequest, paginate } from '#platform/http'
import type { Ids } from '#platform/ids'
import { type Clock, type Timestamp, timestamp, timestampToMs } from '#platform/time'
import { COST_TYPES, measureOf } from '../cost.ts'
import { billingErrors } from '../errors.ts'
import { MOST_SHOWN, type NewRateDeck, type RateDeckView, type RateFields } from './contract.ts'
import { DeckStore, type RateDeckRecord, type RateRow } from './deck-store.ts'
import { LEAD_MS } from './lead.ts'

const MINUTE_SECONDS = 60
/** Rates that are written at once. */
const PUT_AT_ONCE = 1_000

/** The versions of the prices, as the operator makes and reads them. A version never changes. */
export class RateDecks {
  readonly #db: Database
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #store = new DeckStore()

  constructor(needs: { db: Database; clock: Clock; ids: Ids }) {
    this.#db = needs.db
    this.#clock = needs.clock
    this.#ids = needs.ids
  }

  async list(page: PageRequest): Promise<Page<RateDeckRecord>> {
    return paginate(await this.#store.list(this.#db, page), page.size)
  }

  /** A version with its first rates, of those whose prefix begins with the given digits. */
  async get(id: string, prefix: string): Promise<RateDeckView> {
    const deck = await this.#store.find(this.#db, id)
    if (!deck) throw billingErrors.RATE_DECK_NOT_FOUND()
    const rows = await this.#store.rates(this.#db, { version: deck.version, prefix, most: MOST_SHOWN + 1 })
    const rates = rows.slice(0, MOST_SHOWN).map(({ version: _, ...rate }) => rate)
    return { ...deck, rates, is_whole: rows.length <= MOST_SHOWN }
  }

  /**
   * Makes the next version, which prices what starts from `tm_from` on. Throws `INVALID_ARGUMENT` for a rate that is there
   * twice, for a cost type without a price, and for a beginning that is not ahead when the version is whole.
   */
  async create(wanted: NewRateDeck): Promise<RateDeckRecord> {
    const tm_from = this.#beginning(wanted.tm_from)
    refuseTwice(wanted.rates)
    if (wanted.based_on === undefined) requireAll(wanted.rates)
    const { name, detail = '' } = wanted
    const deck = { id: this.#ids.uuid(), name, detail, tm_from, tm_create: timestamp(this.#clock.wallMs()) }
    return this.#again(() => this.#db.transaction((trx) => this.#insert(trx, deck, wanted)))
  }

  async #insert(
    trx: AnyTransaction,
    deck: Omit<RateDeckRecord, 'version'>,
    { rates, based_on, tm_from }: NewRateDeck,
  ): Promise<RateDeckRecord> {
    const version = (await this.#store.latestVersion(trx)) + 1
    const record = { ...deck, version }
    await this.#store.insert(trx, record)
    if (based_on !== undefined && !(await this.#store.copy(trx, based_on, version)))
      throw billingErrors.RATE_DECK_NOT_FOUND()
    for (let from = 0; from < rates.length; from += PUT_AT_ONCE) {
      const some = rates.slice(from, from + PUT_AT_ONCE)
      await this.#store.put(
        trx,
        some.map((rate) => rowOf(version, rate)),
      )
    }
    // a long deck takes seconds to copy: nobody has heard of it before it is whole
    const begins = this.#beginning(tm_from)
    if (begins === record.tm_from) return record
    await this.#store.begin(trx, version, begins)
    return { ...record, tm_from: begins }
  }

  #beginning(wanted: string | undefined): Timestamp {
    const earliestMs = this.#clock.wallMs() + LEAD_MS
    if (wanted === undefined) return timestamp(earliestMs)
    const wantedMs = timestampToMs(wanted) ?? 0
    if (wantedMs < earliestMs)
      throw apiErrors.INVALID_ARGUMENT({ field: 'tm_from', issue: `must be ${LEAD_MS / 1_000} s ahead or more` })
    return timestamp(wantedMs)
  }

  /** Two that are made at once want the same number; the second one takes the next. */
  async #again<T>(work: () => Promise<T>): Promise<T> {
    for (;;)
      try {
        return await work()
      } catch (error) {
        if (uniqueViolation(error) !== 'rate_decks_pkey') throw error
      }
  }
}

function rowOf(version: number, rate: RateFields): RateRow {
  const { cost_type, prefix = '', country = '', token_per_unit, credit_per_unit } = rate
  const unit_seconds = measureOf(cost_type) === 'count' ? 0 : (rate.unit_seconds ?? MINUTE_SECONDS)
  return { version, cost_type, prefix, country, token_per_unit, credit_per_unit, unit_seconds }
}

function refuseTwice(rates: readonly RateFields[]): void {
  const seen = new Set<string>()
  for (const [at, rate] of rates.entries()) {
    const { cost_type, prefix = '', country = '' } = rate
    const key = `${cost_type} ${prefix} ${country}`
    if (seen.has(key)) throw apiErrors.INVALID_ARGUMENT({ field: `rates[${at}]`, issue: 'is there twice' })
    if (prefix !== '' && country !== '')
      throw apiErrors.INVALID_ARGUMENT({
        field: `rates[${at}].country`,
        issue: 'must be empty where there is a prefix',
      })
    if (measureOf(cost_type) === 'count' && (rate.unit_seconds ?? 0) !== 0)
      throw apiErrors.INVALID_ARGUMENT({
        field: `rates[${at}].unit_seconds`,
        issue: 'must be 0: it is sold by the piece',
      })
    if (measureOf(cost_type) === 'duration' && rate.unit_seconds === 0)
      throw apiErrors.INVALID_ARGUMENT({ field: `rates[${at}].unit_seconds`, issue: 'must be 1 or more: it lasts' })
    seen.add(key)
  }
}

function requireAll(rates: readonly RateFields[]): void {
  const forAll = new Set(rates.filter(({ prefix, country }) => !prefix && !country).map(({ cost_type }) => cost_type))
  const missing = COST_TYPES.filter((cost_type) => !forAll.has(cost_type))
  if (missing.length > 0)
    throw apiErrors.INVALID_ARGUMENT({
      faults: missing.map((cost_type) => ({ field: 'rates', issue: `must have a price for ${cost_type} in general` })),
    })
}
