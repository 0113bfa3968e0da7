import type { Log } from '#platform/log'
import type { Clock, Timer } from '#platform/time'
import type { SipStackDoor } from '#telecom/sip'
import type { Carrier } from './carrier.ts'
import { hasName } from './carrier-addresses.ts'
import { carrierUri } from './carrier-sip.ts'
import type { Carriers } from './carriers.ts'

export interface CarrierNamesNeeds {
  clock: Clock
  log: Log
  sip: Pick<SipStackDoor, 'lookUp'>
  carriers: Carriers
}

/** How long a start waits for names. */
const START_MS = 5_000
/** How often a name that is known is asked for, and one that is not. */
const EVERY_MS = 30_000
const AGAIN_MS = 5_000
/** For how long addresses count of a name that leads nowhere any more: name servers fail. */
const KEPT_MS = 3_600_000
/** Names that are looked up at once: calls look for names too. */
const AT_ONCE = 20

interface Watched {
  uri: string
  dueMs: number
  /** When it last led anywhere; `undefined` = not yet. */
  foundMs: number | undefined
}

/** Keeps what the host names of providers lead to, for whose calls are let in is known by their address. */
export class CarrierNames {
  readonly #needs: CarrierNamesNeeds
  readonly #watched = new Map<string, Watched>()
  #looking: Promise<void> | undefined
  #isStale = false
  #timer: Timer | undefined
  #isStopped = false

  constructor(needs: CarrierNamesNeeds) {
    this.#needs = needs
  }

  /** Resolves when every name has been looked up, after five seconds at most; those that are left are asked for again. */
  async start(): Promise<void> {
    const { carriers, clock, log } = this.#needs
    carriers.onChanged(() => void this.look())
    let timer: Timer | undefined
    const late = new Promise<void>((resolve) => {
      timer = clock.after(START_MS, resolve)
    })
    await Promise.race([this.look(), late])
    timer?.cancel()
    const missing = carriers.unresolved()
    if (missing.length > 0)
      log.warn({ hosts: missing.map(({ host }) => host) }, 'the names of providers cannot be looked up: they get 503')
    this.#poll()
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  /** Looks up what is due; resolves when it counts. */
  look(): Promise<void> {
    this.#isStale = true
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #look(): Promise<void> {
    while (this.#isStale && !this.#isStopped) {
      this.#isStale = false
      const due = this.#due().values()
      // each of them takes the next one
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (const [carrier, watched] of due) if (!this.#isStopped) await this.#ask(carrier, watched)
        }),
      )
    }
  }

  #due(): [Carrier, Watched][] {
    const { carriers, clock } = this.#needs
    const named = [...carriers.all()].filter(hasName)
    const ids = new Set(named.map(({ id }) => id))
    for (const id of this.#watched.keys()) if (!ids.has(id)) this.#watched.delete(id)
    const nowMs = clock.monotonicMs()
    return named.flatMap((carrier): [Carrier, Watched][] => {
      const uri = carrierUri(carrier)
      const known = this.#watched.get(carrier.id)
      const watched = known?.uri === uri ? known : { uri, dueMs: nowMs, foundMs: undefined }
      this.#watched.set(carrier.id, watched)
      return watched.dueMs <= nowMs ? [[carrier, watched]] : []
    })
  }

  async #ask(carrier: Carrier, watched: Watched): Promise<void> {
    const { carriers, clock, sip } = this.#needs
    const { destinations, issue } = await sip.lookUp(watched.uri)
    const nowMs = clock.monotonicMs()
    const isFound = destinations.length > 0
    if (isFound) watched.foundMs = nowMs
    watched.dueMs = nowMs + (issue === 'no_name_server' ? AGAIN_MS : EVERY_MS)
    if (this.#isStopped || this.#watched.get(carrier.id) !== watched) return // or it has moved meanwhile
    const isKept = !isFound && watched.foundMs !== undefined && nowMs - watched.foundMs < KEPT_MS
    if (isKept) return
    const addresses = issue === 'no_name_server' ? undefined : destinations.map(({ remote }) => remote.address)
    carriers.resolved(carrier, addresses)
  }

  #poll(): void {
    if (this.#isStopped) return
    this.#timer = this.#needs.clock.after(AGAIN_MS, () => void this.look().then(() => this.#poll()))
  }
}
