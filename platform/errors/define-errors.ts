import { ReasonedError } from './reasoned-error.ts'
import type { Status } from './status.ts'

/** Who has to act; also the metric label. */
export type Blame = 'client' | 'callee' | 'carrier' | 'platform'

/** Whether repeating helps: never, once the cause is mended, with the same `Idempotency-Key`, or after a while. */
export type Retry = 'never' | 'after_fix' | 'same_key' | 'after_delay'

/** One way to fail, as it is declared: `P` are the facts that a thrower must give. */
// biome-ignore lint/suspicious/noExplicitAny: a list of declarations holds facts of every shape
export interface Declaration<P = any> {
  /** Canonical status; the HTTP code follows from it and from nothing else. */
  status: Status
  blame: Blame
  retry: Retry
  /** What happened, for the operator and the reference page. */
  cause: string
  /** What the caller does about it. */
  fix: string
  /** The sentence the caller reads; it may repeat what the caller sent, never internals. */
  message: (facts: P) => string
  /** What `details` holds; by default one object with the facts, and nothing when there are none. */
  details?: (facts: P) => readonly object[]
  /** JSON Schema of one entry of `details`. */
  details_schema?: object
  /** Published, but nothing emits it yet (decision 16); the list of these only shrinks. */
  pending?: true
  /** The version that released it. */
  since?: string
  /** Why and since when it is deprecated. */
  deprecated?: string
}

/** A declared reason: call it with its facts to get the error to throw. */
export interface Reason<P = never> {
  (facts: P, options?: { cause?: unknown }): ReasonedError
  readonly domain: string
  readonly reason: string
  readonly declaration: Declaration
  /** Whether a caught value is this very reason, of this domain. */
  readonly is: (error: unknown) => error is ReasonedError
}

/** A manager's reasons by name. */
export type Catalogue = Readonly<Record<string, Reason>>

/** `void`: what lets a reason without facts be called with nothing. */
type Absent = ReturnType<() => void>

/** What a thrower gives: nothing where the message needs no facts. */
type FactsOf<D extends Declaration> =
  Parameters<D['message']> extends []
    ? Absent
    : [] extends Parameters<D['message']>
      ? Parameters<D['message']>[0] | Absent
      : Parameters<D['message']>[0]

export type ReasonsOf<D extends Record<string, Declaration>> = { readonly [Name in keyof D]: Reason<FactsOf<D[Name]>> }

/** Declares a manager's reasons. From this one place come the class thrown, the envelope, OpenAPI, pages and SDK. */
export function defineErrors<const D extends Record<string, Declaration>>(domain: string, declarations: D) {
  const entries = Object.entries(declarations).map(([reason, declaration]) => [
    reason,
    makeReason(domain, reason, declaration),
  ])
  return Object.freeze(Object.fromEntries(entries)) as ReasonsOf<D>
}

function makeReason(domain: string, reason: string, declaration: Declaration): Reason<object> {
  const make = (facts: object = {}, options: { cause?: unknown } = {}) =>
    new ReasonedError({
      domain,
      reason,
      declaration,
      message: declaration.message(facts),
      details: declaration.details ? declaration.details(facts) : Object.keys(facts).length > 0 ? [facts] : [],
      ...(options.cause === undefined ? {} : { cause: options.cause }),
    })
  const is = (error: unknown): error is ReasonedError =>
    error instanceof ReasonedError && error.domain === domain && error.reason === reason
  return Object.assign(make, { domain, reason, declaration, is })
}
