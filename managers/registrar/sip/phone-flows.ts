/** A phone that has registered over a flow. */
export interface RegisteredPhone {
  readonly customer: string
  readonly extension_id: string
  /** `+sip.instance`; empty where it gives none. */
  readonly instance: string
}

/** Connections that are remembered, those that are open and those that broke lately; the oldest is forgotten first. */
const MOST_FLOWS = 100_000
/** Phones of one connection: the lines of a desk phone. */
const MOST_PHONES = 16

/** Which phones have registered over which connection, also for as long as it takes one to come back by another. */
export class PhoneFlows {
  /** By the flow's key. */
  readonly #phones = new Map<string, RegisteredPhone[]>()

  has(flow: string): boolean {
    return this.#phones.has(flow)
  }

  note(flow: string, phone: RegisteredPhone): void {
    const known = this.#phones.get(flow) ?? []
    const others = known.filter((one) => one.extension_id !== phone.extension_id || one.instance !== phone.instance)
    this.#phones.delete(flow) // the one noted last is forgotten last
    this.#phones.set(flow, [...others, phone].slice(-MOST_PHONES))
    const oldest = this.#phones.keys().next()
    if (this.#phones.size > MOST_FLOWS && !oldest.done) this.#phones.delete(oldest.value)
  }

  phonesOf(flow: string): readonly RegisteredPhone[] {
    return this.#phones.get(flow) ?? []
  }
}
