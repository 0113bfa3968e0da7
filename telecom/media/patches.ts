import type { ToWorker } from './protocol.ts'
import { SOUND_RING_BYTES } from './worker/sound-ring.ts'

export interface PatchesNeeds {
  /** The worker that an endpoint lives in; `undefined` = there is no such endpoint. */
  workerOf: (id: string) => number | undefined
  isUp: (worker: number) => boolean
  send: (worker: number, message: ToWorker) => void
}

interface Listener {
  peer: string
  worker: number
}

/**
 * Memory between workers: while endpoints of one worker want to hear an endpoint of another, both workers share a ring
 * for its sound. One per heard endpoint and hearing worker, whatever the order in which things are opened, wanted,
 * closed or crash.
 */
export class Patches {
  readonly #needs: PatchesNeeds
  readonly #listeners = new Map<string, Listener>()
  readonly #listenersOf = new Map<string, Set<string>>()
  /** By heard endpoint: the worker that it was in, and those that were given its sound. */
  readonly #made = new Map<string, { from: number; to: Set<number> }>()

  constructor(needs: PatchesNeeds) {
    this.#needs = needs
  }

  /** The endpoint `id` of this worker wants to hear `peer`; `undefined` = nobody. */
  want(id: string, worker: number, peer: string | undefined): void {
    const before = this.#listeners.get(id)
    if (before?.peer === peer && before?.worker === worker) return
    if (before) {
      this.#listeners.delete(id)
      const others = this.#listenersOf.get(before.peer)
      others?.delete(id)
      if (others?.size === 0) this.#listenersOf.delete(before.peer)
      this.review(before.peer)
    }
    if (peer === undefined) return
    this.#listeners.set(id, { peer, worker })
    const all = this.#listenersOf.get(peer) ?? new Set()
    this.#listenersOf.set(peer, all.add(id))
    this.review(peer)
  }

  /** A worker ended: what it shared is lost. */
  onDown(worker: number): void {
    for (const [peer, { from, to }] of [...this.#made]) if (from === worker || to.has(worker)) this.review(peer)
  }

  /** A worker is there again. */
  onUp(): void {
    for (const peer of [...this.#listenersOf.keys()]) this.review(peer)
  }

  /** Makes and removes what is (no longer) needed for this endpoint to be heard: call it when it opens or is gone. */
  review(peer: string): void {
    const from = this.#needs.workerOf(peer)
    const needed = this.#needed(peer, from)
    const made = this.#made.get(peer)
    if (made) {
      for (const worker of made.to) {
        if (made.from === from && needed.has(worker)) continue
        made.to.delete(worker)
        this.#needs.send(made.from, { type: 'patch_out', id: peer, worker, memory: null })
        this.#needs.send(worker, { type: 'patch_in', id: peer, memory: null })
      }
      if (made.to.size === 0) this.#made.delete(peer)
    }
    if (from === undefined) return
    for (const worker of needed) if (!made?.to.has(worker)) this.#make(peer, from, worker)
  }

  #needed(peer: string, from: number | undefined): Set<number> {
    const needed = new Set<number>()
    if (from === undefined || !this.#needs.isUp(from)) return needed
    for (const id of this.#listenersOf.get(peer) ?? []) {
      const worker = this.#listeners.get(id)?.worker
      if (worker !== undefined && worker !== from && this.#needs.isUp(worker)) needed.add(worker)
    }
    return needed
  }

  #make(peer: string, from: number, worker: number): void {
    const made = this.#made.get(peer) ?? { from, to: new Set() }
    this.#made.set(peer, made)
    made.to.add(worker)
    const memory = new SharedArrayBuffer(SOUND_RING_BYTES)
    this.#needs.send(from, { type: 'patch_out', id: peer, worker, memory })
    this.#needs.send(worker, { type: 'patch_in', id: peer, memory })
  }
}
