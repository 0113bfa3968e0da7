import { type BlockList, isIP } from 'node:net'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import type { Counters } from './counters.ts'
import { type DialogState, dialogKey } from './dialog/dialog-state.ts'
import { NextHops } from './dialog/next-hops.ts'
import type { Limits } from './limits.ts'
import { SipError } from './message/sip-error.ts'
import { parseUri } from './message/uri.ts'
import type { Breaker } from './transport/breaker.ts'
import { canonicalRemote, type Flow, type Listener, parseFlowKey, type RemoteAddress } from './transport/flow.ts'
import { listenerFor } from './transport/listener-for.ts'
import type { Names } from './transport/names.ts'
import { allowed, type Destination, type Resolution, type ResolveNeeds, resolveUri } from './transport/resolve.ts'
import { isListed } from './transport/true-source.ts'

/** Requests above it go over a stream (RFC 3261 §18.1.1). */
const MOST_DATAGRAM_BYTES = 1_300
/** Who takes no connection is not tried with one again for so long. */
const NO_STREAM_MS = 60_000
/** How long a phone whose connection broke is looked for. */
const FLOW_LOOKUP_MS = 3_000

/** What the ways need of the stack. */
export interface WaysNeeds {
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly limits: Limits
  readonly counters: Counters
  readonly listeners: readonly Listener[]
  readonly names: Names
  readonly breaker: Breaker
  readonly edges: BlockList
  readonly mayReach: ((address: string) => boolean) | undefined
  readonly flowInstead: ((state: DialogState) => Promise<Flow | undefined>) | undefined
}

/** Which way leads where: flows by their key, addresses, names, and the next hops of dialogs. */
export class Ways {
  readonly #needs: WaysNeeds
  readonly #resolving: ResolveNeeds
  readonly #hops: NextHops
  readonly breaker: Breaker
  readonly #stopping = new AbortController()
  #lookups = 0

  constructor(needs: WaysNeeds) {
    this.#needs = needs
    const { listeners, names, clock, ids, limits } = needs
    this.#resolving = {
      ...{ names, clock, ids, stopping: this.#stopping.signal },
      mayReach: (address) => this.#mayReach(address),
      serves: (transport, family) =>
        listeners.some(
          (one) => one.transport === transport && isIP(one.local.address) === (family ?? isIP(one.local.address)),
        ),
    }
    this.breaker = needs.breaker
    this.#hops = new NextHops((uri) => this.resolve(uri), limits.dialogs)
  }

  flow(key: string): Flow | undefined {
    const parsed = parseFlowKey(key)
    if (!parsed) return undefined
    const sameTransport = this.#needs.listeners.filter((listener) => listener.transport === parsed.transport)
    const sameAddress = sameTransport.filter((listener) => listener.local.address === parsed.local.address)
    const listener = sameAddress.find((one) => one.local.port === parsed.local.port) ?? sameAddress[0]
    return listener?.flowOf(parsed)
  }

  /** The way to an address, from the listener of `like` or one beside it where that leads there. */
  flowTo(remote: RemoteAddress, transport: Destination['transport'], like?: Flow): Flow | undefined {
    const listeners = this.#needs.listeners.filter((listener) => listener.transport === transport)
    const to = canonicalRemote(remote)
    return listenerFor(listeners, to.address, like?.listener.local)?.flowTo(to)
  }

  async resolve(text: string): Promise<readonly Destination[]> {
    return (await this.lookUp(text)).destinations
  }

  /** Where a SIP URI leads, or why nowhere. Never rejects. */
  async lookUp(text: string): Promise<Resolution> {
    if (!this.#mayLookUp()) return { destinations: [], issue: 'no_name_server' }
    this.#lookups++
    try {
      const uri = parseUri(text)
      if (uri.kind !== 'sip') return { destinations: [], issue: 'unsupported_transport' }
      return this.#inOrder(await resolveUri(uri, this.#resolving))
    } catch (error) {
      if (!(error instanceof SipError)) this.#needs.log.error({ error }, 'a SIP URI could not be resolved')
      return { destinations: [], issue: 'unknown_name' }
    } finally {
      this.#lookups--
    }
  }

  /** The same of destinations that are known: those that a listener of ours leads to and that may be reached. */
  allowed(destinations: readonly Destination[]): Resolution {
    return this.#inOrder(allowed(destinations, this.#resolving))
  }

  /**
   * Where a request of so many bytes goes in place of a destination: one over UDP that may not fit into a packet goes by TCP
   * (RFC 3261 §18.1.1), unless the other side was found to take no connection. `undefined`: where it was meant to.
   */
  streamFor({ remote, transport }: Destination, bytes: number): Destination | undefined {
    if (transport !== 'udp' || bytes <= MOST_DATAGRAM_BYTES) return undefined
    const over: Destination = { remote, transport: 'tcp' }
    return this.flowTo(remote, 'tcp') && this.breaker.state(over) !== 'open' ? over : undefined
  }

  /** Nobody took a connection there: large requests go by UDP for a minute. */
  refusesStream({ remote }: Pick<Destination, 'remote'>): void {
    this.breaker.rest({ remote, transport: 'tcp' }, NO_STREAM_MS)
  }

  nextHop(state: DialogState, flow: Flow): Flow {
    const found = this.#hops.find(state)
    if (!found || !(found.remote.address === flow.remote.address || this.#mayReach(found.remote.address))) return flow
    return this.flowTo(found.remote, found.transport, flow) ?? flow
  }

  /** Runs when `nextHop` knows as much as it ever will. */
  whenHopKnown(state: DialogState, run: () => void): void {
    this.#hops.whenKnown(state, run)
  }

  /** Begins to look up the next hop of a dialog before it is needed. */
  prepare(state: DialogState): void {
    this.#hops.find(state)
  }

  forget(state: DialogState): void {
    this.#hops.forget(dialogKey(state))
  }

  flowInstead(state: DialogState, run: (flow: Flow | undefined) => void): void {
    const { clock, flowInstead, log } = this.#needs
    if (!flowInstead || !this.#mayLookUp()) {
      run(undefined)
      return
    }
    this.#lookups++
    const { signal } = this.#stopping
    let waits = true
    const settle = (flow: Flow | undefined) => {
      if (!waits) return
      waits = false
      timer.cancel()
      signal.removeEventListener('abort', giveUp)
      this.#lookups--
      if (!signal.aborted) run(flow?.alive ? flow : undefined)
    }
    const giveUp = () => settle(undefined)
    const timer = clock.after(FLOW_LOOKUP_MS, giveUp)
    signal.addEventListener('abort', giveUp)
    flowInstead(state).then(settle, (error: unknown) => {
      log.warn({ error }, 'a phone whose connection broke could not be looked for')
      settle(undefined)
    })
  }

  /** Forgets all of it; what waits for a name or a phone does not run any more. */
  stop(): void {
    this.#hops.clear()
    this.#stopping.abort()
  }

  #inOrder({ destinations, ...rest }: Resolution): Resolution {
    return { destinations: this.breaker.inOrder(destinations, (one) => one), ...rest }
  }

  #mayLookUp(): boolean {
    if (this.#stopping.signal.aborted) return false
    if (this.#lookups < this.#needs.limits.lookups) return true
    this.#needs.counters.refused_overload++
    return false
  }

  #mayReach(address: string): boolean {
    return (this.#needs.mayReach?.(address) ?? true) || isListed(this.#needs.edges, address)
  }
}
