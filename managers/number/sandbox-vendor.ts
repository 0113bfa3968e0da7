import type { Ids } from '#platform/ids'
import { drawFree } from './draw-free.ts'
import type { AvailableNumber, BoughtNumber, NumberFeature, NumberSearch, NumberVendor } from './vendor.ts'

/** `+9991…` to `+9999…`, nine digits after `+999`: `+9990…` are the sandbox carrier's own. */
const FOR_SALE = /^\+999[1-9][0-9]{8}$/
const FIRST = 999_100_000_000
const LAST = 999_999_999_999
const FEATURES: readonly NumberFeature[] = ['voice']

/**
 * Sells the numbers of the sandbox carrier, without an account anywhere. It keeps no books: whatever the platform itself has
 * not sold yet is for sale, and a purchase is known by its key alone, so that it survives every restart.
 */
export class SandboxVendor implements NumberVendor {
  readonly name = 'sandbox'
  readonly #ids: Ids

  constructor({ ids }: { ids: Ids }) {
    this.#ids = ids
  }

  serves(number: string): boolean {
    return FOR_SALE.test(number)
  }

  async search({ country_code, features, limit, exclude }: NumberSearch): Promise<AvailableNumber[]> {
    const isOurs = country_code === 'sandbox' || country_code === '999'
    if (!isOurs || features.some((feature) => !FEATURES.includes(feature))) return []
    const draw = () => `+${FIRST + this.#ids.integer(LAST - FIRST + 1)}`
    const numbers = await drawFree({ draw, limit, exclude })
    return numbers.map((number) => ({
      ...{ number, country: 'sandbox', region: '', postal_code: '' },
      features: [...FEATURES],
    }))
  }

  async buy(_number: string, key: string): Promise<BoughtNumber> {
    return bought(key)
  }

  async find(_number: string, key: string): Promise<BoughtNumber> {
    return bought(key)
  }

  async release(): Promise<void> {}
}

function bought(key: string): BoughtNumber {
  return { reference: `sandbox-${key}`, t38_enabled: false, emergency_enabled: false }
}
