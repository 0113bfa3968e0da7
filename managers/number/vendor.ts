/** What a number can do beside being there. */
export const NUMBER_FEATURES = ['emergency', 'fax', 'mms', 'sms', 'voice'] as const
export type NumberFeature = (typeof NUMBER_FEATURES)[number]

/** A number that could be had at the moment of the search; nothing is reserved. */
export interface AvailableNumber {
  /** E.164. */
  number: string
  /** ISO 3166 alpha-2 in lower case, or `sandbox`. */
  country: string
  region: string
  postal_code: string
  features: NumberFeature[]
}

/** What is looked for. */
export interface NumberSearch {
  /** ISO 3166 alpha-2 in lower case, a calling code without its `+`, or `sandbox`. */
  country_code: string
  /** Each number found has all of them. */
  features: readonly NumberFeature[]
  /** At most so many. */
  limit: number
  /** Which of these belong to a customer of this platform already. */
  exclude(numbers: readonly string[]): Promise<ReadonlySet<string>>
}

/** A number that was bought at a vendor. */
export interface BoughtNumber {
  /** How the vendor names what it sold: needed to give it back. */
  reference: string
  t38_enabled: boolean
  emergency_enabled: boolean
}

/**
 * Who sells telephone numbers; one adapter for each. `key` names one purchase for ever: `buy` and `find` with the same key
 * speak of the same purchase, however often and from whichever process. Each method throws a `NumberVendorError` and
 * nothing else, and answers or throws within 10 s.
 */
export interface NumberVendor {
  /** Stored with each number that it sold; never changes. */
  readonly name: string
  /** Whether it would sell this number, from the number's text alone. */
  serves(number: string): boolean
  /** Numbers that can be bought now; none where it serves no such country. */
  search(search: NumberSearch): Promise<AvailableNumber[]>
  /** Buys the number. Asked again with the same key, it gives what was bought the first time. */
  buy(number: string, key: string): Promise<BoughtNumber>
  /** What was bought with this key; `undefined` where nothing was, or where it has been given back. */
  find(number: string, key: string): Promise<BoughtNumber | undefined>
  /** Gives the number back; one that has been given back already is none of our business any more, and no failure. */
  release(number: string, reference: string): Promise<void>
}

/** Why a vendor did not do what it was asked. */
export type VendorProblem =
  /** It does not sell this number, or not any more. Nothing was bought. */
  | 'not_available'
  /** It refuses the platform itself: its credentials, its contract, its money. Nothing was bought. */
  | 'refused'
  /** It cannot be reached, or answered with a fault of its own. What was asked may or may not have happened. */
  | 'unreachable'

/** A vendor that did not do what it was asked; the cause is for the log. */
export class NumberVendorError extends Error {
  readonly problem: VendorProblem

  constructor(problem: VendorProblem, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'NumberVendorError'
    this.problem = problem
  }
}
