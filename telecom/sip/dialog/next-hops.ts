import { parseUri } from '../message/uri.ts'
import { type Destination, knownDestination } from '../transport/resolve.ts'
import { type DialogState, dialogKey, nextHopUri } from './dialog-state.ts'

/** Where a dialog goes next: known at once, or being looked up, or nowhere that we could reach. */
interface NextHop {
  readonly uri: string
  destination: Destination | undefined
  /** What waits for the name; `undefined` = it has been looked up. */
  waiting: (() => void)[] | undefined
}

/**
 * Where requests of dialogs go that are routed by their Route and remote target (RFC 3261 §12.2.1.1, RFC 3263). A name is
 * looked up once per dialog and target, so that a dialog stays where it began.
 */
export class NextHops {
  readonly #resolve: (uri: string) => Promise<readonly Destination[]>
  readonly #most: number
  readonly #hops = new Map<string, NextHop>()
  #stopped = false

  /** `most`: dialogs that are remembered; the oldest is forgotten first. */
  constructor(resolve: (uri: string) => Promise<readonly Destination[]>, most: number) {
    this.#resolve = resolve
    this.#most = most
  }

  /** What is known now. `undefined` also while a name is being looked up. */
  find(state: DialogState): Destination | undefined {
    return this.#hop(state)?.destination
  }

  /** Runs when as much is known as ever will be: at once unless a name is being looked up, which takes 3 s at most. */
  whenKnown(state: DialogState, run: () => void): void {
    const waiting = this.#hop(state)?.waiting
    if (waiting) waiting.push(run)
    else run()
  }

  forget(key: string): void {
    this.#hops.delete(key)
  }

  /** Forgets all of it; what waits for a name does not run any more. */
  clear(): void {
    this.#stopped = true
    this.#hops.clear()
  }

  #hop(state: DialogState): NextHop | undefined {
    if (state.routing === 'flow') return undefined
    const text = nextHopUri(state)
    const key = dialogKey(state)
    const known = this.#hops.get(key)
    if (known?.uri === text) return known
    const uri = parseUri(text)
    if (uri.kind !== 'sip') return undefined
    const destination = knownDestination(uri)
    if (destination) return { uri: text, destination, waiting: undefined }
    const hop: NextHop = { uri: text, destination: undefined, waiting: [] }
    this.#hops.set(key, hop)
    if (this.#hops.size > this.#most) this.#forgetOldest()
    this.#resolve(text).then(([first]) => {
      if (this.#stopped) return
      hop.destination = first
      const { waiting } = hop
      hop.waiting = undefined
      for (const run of waiting ?? []) run()
    })
    return hop
  }

  #forgetOldest(): void {
    const oldest = this.#hops.keys().next()
    if (!oldest.done) this.#hops.delete(oldest.value)
  }
}
