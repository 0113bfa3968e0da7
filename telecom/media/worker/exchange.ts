import { ring } from './doorbell.ts'
import { PatchReader, PatchWriter } from './patch-ring.ts'
import type { DistantListener, VoiceSource } from './voice-packet.ts'

interface Wish {
  peer: string
  listener: DistantListener
}

interface Outlet {
  source: string
  writer: PatchWriter
}

interface Inlet {
  source: string
  reader: PatchReader
}

/**
 * Who hears whom in one worker. A listener names its peer; where both live here packets pass directly, else the engine lays
 * a patch: an outlet in the peer's worker and an inlet in the listener's. Everything may come in any order, and what is
 * missing is joined when it comes.
 */
export class Exchange {
  readonly #sources = new Map<string, VoiceSource>()
  /** By the listener's id, like all that follow. */
  readonly #wishes = new Map<string, Wish>()
  readonly #outlets = new Map<string, Outlet>()
  readonly #inlets = new Map<string, Inlet>()

  /** An endpoint can be heard from now on. */
  opened(id: string, source: VoiceSource): void {
    this.#sources.set(id, source)
    for (const { peer, listener } of this.#wishes.values()) if (peer === id) source.attach(listener)
    for (const outlet of this.#outlets.values()) if (outlet.source === id) source.attach(outlet.writer)
  }

  /** It is gone; who wants to hear it waits for it to come back. */
  closed(id: string): void {
    this.hear(id, undefined)
    this.#sources.delete(id)
  }

  /** This listener hears that peer and nobody else from now on. */
  hear(id: string, wish: Wish | undefined): void {
    const before = this.#wishes.get(id)
    if (before?.peer === wish?.peer && before?.listener === wish?.listener) return
    if (before) this.#sources.get(before.peer)?.detach(before.listener)
    this.#wishes.delete(id)
    if (!wish) return
    this.#wishes.set(id, wish)
    this.#sources.get(wish.peer)?.attach(wish.listener)
  }

  /** What `source` hears goes into a patch for a listener elsewhere, whose worker is woken by its `bell`. */
  outlet(id: string, source: string, memory: SharedArrayBuffer, bell: SharedArrayBuffer): void {
    this.unplugOutlet(id)
    const words = new Int32Array(bell)
    const writer = new PatchWriter(memory, () => ring(words))
    this.#outlets.set(id, { source, writer })
    this.#sources.get(source)?.attach(writer)
  }

  unplugOutlet(id: string): void {
    const outlet = this.#outlets.get(id)
    if (!outlet) return
    this.#outlets.delete(id)
    this.#sources.get(outlet.source)?.detach(outlet.writer)
  }

  /** What `source` hears elsewhere comes out of a patch for a listener here. */
  inlet(id: string, source: string, memory: SharedArrayBuffer): void {
    this.#inlets.set(id, { source, reader: new PatchReader(memory) })
  }

  unplugInlet(id: string): void {
    this.#inlets.delete(id)
  }

  /** Hands over what has come through all patches. */
  drain(): void {
    for (const id of this.#inlets.keys()) this.drainFor(id)
  }

  /** Hands over what has come for one listener. */
  drainFor(id: string): void {
    if (this.#inlets.size === 0) return
    const inlet = this.#inlets.get(id)
    const wish = this.#wishes.get(id)
    if (!inlet || wish?.peer !== inlet.source) return
    const lost = inlet.reader.drain(wish.listener)
    if (lost > 0) wish.listener.overrun(lost)
  }
}
