import type { ToWorker } from './protocol.ts'
import { patchMemory } from './worker/patch-ring.ts'

interface Patch {
  source: string
  from: number
  to: number
}

/**
 * Joins endpoints of different workers: from who lives where and who is to be heard by whom it follows which patches there
 * have to be, and that is what it makes. A patch is never repaired: after a crash at either end there is a new one.
 */
export class PatchPanel {
  readonly #send: (worker: number, message: ToWorker) => void
  /** How each worker is woken. */
  readonly #bells: readonly SharedArrayBuffer[]
  readonly #workers = new Map<string, number>()
  /** Whom each listener hears. */
  readonly #peers = new Map<string, string>()
  /** By the listener's id. */
  readonly #patches = new Map<string, Patch>()

  constructor(bells: readonly SharedArrayBuffer[], send: (worker: number, message: ToWorker) => void) {
    this.#bells = bells
    this.#send = send
  }

  /** How many patches there are. */
  get size(): number {
    return this.#patches.size
  }

  /** An endpoint lives in that worker from now on. */
  opened(id: string, worker: number): void {
    this.#workers.set(id, worker)
    this.#settleAround(id)
  }

  /** It lives nowhere any more. */
  gone(id: string): void {
    this.#workers.delete(id)
    this.#peers.delete(id)
    this.#settleAround(id)
  }

  /** This one hears that peer from now on; `undefined` = nobody. */
  hears(id: string, peer: string | undefined): void {
    if (peer === undefined) this.#peers.delete(id)
    else this.#peers.set(id, peer)
    this.#settle(id)
  }

  /** A worker started, again perhaps: it knows of no patch. */
  started(worker: number): void {
    for (const [id, { from, to }] of [...this.#patches]) {
      if (from !== worker && to !== worker) continue
      this.#patches.delete(id)
      this.#settle(id)
    }
  }

  #settleAround(id: string): void {
    this.#settle(id)
    for (const [listener, peer] of this.#peers) if (peer === id) this.#settle(listener)
  }

  #settle(id: string): void {
    const needed = this.#needed(id)
    const made = this.#patches.get(id)
    if (made && made.source === needed?.source && made.from === needed.from && made.to === needed.to) return
    if (made) {
      this.#patches.delete(id)
      this.#send(made.from, { type: 'unplug_outlet', id })
      this.#send(made.to, { type: 'unplug_inlet', id })
    }
    const bell = needed && this.#bells[needed.to]
    if (!needed || !bell) return
    this.#patches.set(id, needed)
    const memory = patchMemory()
    this.#send(needed.to, { type: 'plug_inlet', id, source: needed.source, memory })
    this.#send(needed.from, { type: 'plug_outlet', id, source: needed.source, memory, bell })
  }

  #needed(id: string): Patch | undefined {
    const source = this.#peers.get(id)
    const from = source === undefined ? undefined : this.#workers.get(source)
    const to = this.#workers.get(id)
    if (source === undefined || from === undefined || to === undefined || from === to) return undefined
    return { source, from, to }
  }
}
