import { COST_TYPES, type CostType } from '../cost.ts'
import type { RateRow } from './deck-store.ts'
import { PrefixTable } from './prefix-table.ts'
import type { Rate } from './price.ts'

/** The rates of one cost type: by prefix, by country, and for every number. */
interface OfOneType {
  prefixes: PrefixTable
  countries: Map<string, Rate>
  general: Rate | undefined
}

/** A version of the prices in memory; a lookup takes about a microsecond. */
export class LoadedDeck {
  readonly version: number
  readonly #types = new Map<CostType, OfOneType>()

  /** `sizes`: how many rates of each cost type are going to be added. */
  constructor(version: number, sizes: ReadonlyMap<string, number>) {
    this.version = version
    for (const type of COST_TYPES)
      this.#types.set(type, {
        prefixes: new PrefixTable(sizes.get(type) ?? 0),
        countries: new Map(),
        general: undefined,
      })
  }

  /** Adds a rate without a prefix. */
  add({ version: deck_version, ...row }: RateRow): void {
    const rates = this.#types.get(row.cost_type)
    if (rates && row.country !== '') rates.countries.set(row.country, { deck_version, ...row })
    else if (rates) rates.general = { deck_version, ...row }
  }

  /** Adds the next prefixes of a cost type, as the store writes them. */
  addPrefixes(cost_type: CostType, text: string): void {
    const prefixes = this.#types.get(cost_type)?.prefixes
    if (!prefixes || text === '') return
    const words = text.split(' ')
    for (let at = 0; at < words.length; at += 4)
      prefixes.add(words[at] ?? '', Number(words[at + 1]), Number(words[at + 2]), Number(words[at + 3]))
  }

  /** The rate for a number: of its longest prefix, else of its country, else the general one. */
  find(cost_type: CostType, digits: string, country: () => string): Rate | undefined {
    const rates = this.#types.get(cost_type)
    const found = digits === '' ? undefined : rates?.prefixes.find(digits)
    if (found) return { deck_version: this.version, cost_type, country: '', ...found }
    const ofCountry = rates && rates.countries.size > 0 ? rates.countries.get(country()) : undefined
    return ofCountry ?? rates?.general
  }
}
