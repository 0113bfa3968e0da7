import { isSupportedCountry } from 'libphonenumber-js/max'
import type { Database } from '#platform/db'
import { apiErrors } from '#platform/http'
import type { Ids } from '#platform/ids'
import type { AvailableQuery } from './contract.ts'
import { drawFree } from './draw-free.ts'
import { numberErrors } from './errors.ts'
import { NumberStore } from './store.ts'
import { type AvailableNumber, NUMBER_FEATURES, type NumberFeature, NumberVendorError } from './vendor.ts'
import type { Vendors } from './vendors.ts'

/** Free virtual numbers are in this range, both ends included, after `+`. */
const VIRTUAL_FROM = 899_001_000_000
const VIRTUAL_TO = 899_999_999_999
/** Numbers of an answer unless fewer are asked for. */
const MOST = 100

/** What can be had at the moment. Nothing is reserved: whoever creates it first has it. */
export class AvailableNumbers {
  readonly #store: NumberStore
  readonly #ids: Ids
  readonly #vendors: Vendors

  constructor(needs: { db: Database; ids: Ids; vendors: Vendors }) {
    this.#store = new NumberStore(needs.db)
    this.#ids = needs.ids
    this.#vendors = needs.vendors
  }

  /** Numbers of a country, or virtual ones; each has all the features that are asked for. */
  async search(query: AvailableQuery): Promise<{ result: AvailableNumber[] }> {
    const features = readFeatures(query.features ?? '')
    const limit = query.page_size !== undefined && query.page_size >= 1 ? Math.min(query.page_size, MOST) : MOST
    const exclude = (numbers: readonly string[]) => this.#store.takenOf(numbers)
    if (query.type === 'virtual') return { result: await this.#virtual(features, limit, exclude) }
    const country_code = readCountry(query.country_code ?? '')
    try {
      return { result: await this.#vendors.search({ country_code, features, limit, exclude }) }
    } catch (error) {
      throw error instanceof NumberVendorError ? numberErrors.NUMBER_PROVIDER_UNAVAILABLE() : error
    }
  }

  async #virtual(
    features: readonly NumberFeature[],
    limit: number,
    exclude: (numbers: readonly string[]) => Promise<ReadonlySet<string>>,
  ): Promise<AvailableNumber[]> {
    if (features.some((feature) => feature !== 'voice')) return []
    const draw = () => `+${VIRTUAL_FROM + this.#ids.integer(VIRTUAL_TO - VIRTUAL_FROM + 1)}`
    const numbers = await drawFree({ draw, limit, exclude })
    return numbers.map((number) => ({ number, country: '899', region: '', postal_code: '', features: ['voice'] }))
  }
}

function readFeatures(text: string): NumberFeature[] {
  const wanted = text.split(',').map((each) => each.trim())
  return wanted.filter((each): each is NumberFeature => {
    if (each === '') return false
    if ((NUMBER_FEATURES as readonly string[]).includes(each)) return true
    throw apiErrors.INVALID_ARGUMENT({ field: 'features', issue: `must be of ${NUMBER_FEATURES.join(', ')}` })
  })
}

/** A country as vendors are asked for it. */
function readCountry(text: string): string {
  const code = text.trim().replace(/^\+/, '').toLowerCase()
  if (code === '') throw apiErrors.MISSING_REQUEST_PARAMETER({ field: 'country_code', issue: 'is missing' })
  const isKnown = code === 'sandbox' || /^[1-9][0-9]{0,2}$/.test(code) || isSupportedCountry(code.toUpperCase())
  if (!isKnown)
    throw apiErrors.INVALID_ARGUMENT({
      field: 'country_code',
      issue: 'must be ISO 3166 alpha-2 such as us, a calling code, or sandbox',
    })
  return code
}
