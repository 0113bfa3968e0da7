/** How many deliveries may be under way. */
export interface Limits {
  /** To endpoints that answer, together. */
  healthy: number
  /** To endpoints that fail, hang, or have not proved themselves, together: the rest is never short because of them. */
  ailing: number
  /** First attempts to one endpoint that answers. */
  perEndpoint: number
  /** First attempts to one that fails or has not proved itself; two, so that one that hangs lets others overtake it. */
  perAilingEndpoint: number
  /** Repeats to one endpoint, beside its first attempts, when it answers and when it does not. */
  repeatsPerEndpoint: number
  repeatsPerAilingEndpoint: number
}

export const DEFAULT_LIMITS: Limits = {
  healthy: 256,
  ailing: 128,
  perEndpoint: 8,
  perAilingEndpoint: 2,
  repeatsPerEndpoint: 4,
  repeatsPerAilingEndpoint: 1,
}

/** A first attempt, or one that failed before. */
export type Turn = 'first' | 'repeat'
/** How an attempt went for the endpoint, not for the delivery. */
export type Health = 'good' | 'bad' | 'unknown'

interface Endpoint {
  proven: boolean
  first: number
  repeat: number
}

/** Endpoints whose health is remembered while nothing is under way to them. */
const MOST_REMEMBERED = 10_000

/** The bounds on what is under way, per endpoint and together. */
export class Endpoints {
  readonly #limits: Limits
  readonly #known = new Map<string, Endpoint>()
  #healthy = 0
  #ailing = 0

  constructor(limits: Limits = DEFAULT_LIMITS) {
    this.#limits = limits
  }

  /** Attempts under way. */
  get underWay(): number {
    return this.#healthy + this.#ailing
  }

  mayStart(name: string, turn: Turn): boolean {
    const { healthy, ailing, ...limits } = this.#limits
    const endpoint = this.#known.get(name)
    const proven = endpoint?.proven ?? false
    if (proven ? this.#healthy >= healthy : this.#ailing >= ailing) return false
    if (turn === 'first') return (endpoint?.first ?? 0) < (proven ? limits.perEndpoint : limits.perAilingEndpoint)
    return (endpoint?.repeat ?? 0) < (proven ? limits.repeatsPerEndpoint : limits.repeatsPerAilingEndpoint)
  }

  /** Takes a place; the function that comes back gives it up and says how it went. */
  start(name: string, turn: Turn): (health: Health) => void {
    const endpoint = this.#known.get(name) ?? { proven: false, first: 0, repeat: 0 }
    this.#known.delete(name)
    this.#known.set(name, endpoint)
    const { proven } = endpoint
    endpoint[turn]++
    if (proven) this.#healthy++
    else this.#ailing++
    return (health) => {
      endpoint[turn]--
      if (proven) this.#healthy--
      else this.#ailing--
      if (health !== 'unknown') endpoint.proven = health === 'good'
      this.#forgetOldest()
    }
  }

  #forgetOldest(): void {
    if (this.#known.size <= MOST_REMEMBERED) return
    for (const [name, { first, repeat }] of this.#known) {
      if (first + repeat > 0) continue
      this.#known.delete(name)
      return
    }
  }
}
