import type { AvailableNumber, NumberSearch, NumberVendor } from './vendor.ts'

/** The vendors that the operator has set up, in the order in which they are asked. */
export class Vendors {
  readonly #vendors: readonly NumberVendor[]

  constructor(vendors: readonly NumberVendor[]) {
    this.#vendors = vendors
  }

  /** Who sells this number. */
  serving(number: string): NumberVendor | undefined {
    return this.#vendors.find((vendor) => vendor.serves(number))
  }

  named(name: string): NumberVendor | undefined {
    return this.#vendors.find((vendor) => vendor.name === name)
  }

  /** What can be bought, from one vendor after the other until there are enough. Throws a `NumberVendorError`. */
  async search(wanted: NumberSearch): Promise<AvailableNumber[]> {
    const found: AvailableNumber[] = []
    for (const vendor of this.#vendors) {
      if (found.length >= wanted.limit) break
      found.push(...(await vendor.search({ ...wanted, limit: wanted.limit - found.length })))
    }
    return found
  }
}
