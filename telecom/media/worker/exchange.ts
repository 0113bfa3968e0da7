import type { Codec } from '../codecs/index.ts'
import { SOUND_RING_BYTES, SoundRing } from './sound-ring.ts'

/** A voice packet as it came, only lent: codec octets at `offset`. */
export interface VoicePacket {
  codec: Codec
  octets: Buffer
  offset: number
  length: number
  timestamp: number
}

/** Somebody in this worker who hears what an endpoint hears. */
export interface Listener {
  /** A voice packet was accepted, newer than all before. */
  packet(packet: VoicePacket, nowMs: number): void
}

/**
 * What one endpoint hears, for all who want to hear it too. It is there from whichever side comes first, so that
 * endpoints may open, want and close in any order.
 */
export class Party {
  readonly listeners = new Set<Listener>()
  /** Towards other workers, by their number. */
  readonly patches = new Map<number, SoundRing>()
  /** Its sound: written here by an endpoint of this worker, or from another worker through a patch. */
  ring: SoundRing | undefined
  /** It is in this worker. */
  local = false
  /** Keys come in its sound. */
  inband = false

  /** Whether anybody wants to hear it. */
  get heard(): boolean {
    return this.listeners.size > 0 || this.patches.size > 0
  }

  get unused(): boolean {
    return !this.heard && !this.ring
  }

  /** The next samples that it hears. */
  write(samples: Int16Array, count: number, keySounds: boolean): void {
    if (this.listeners.size > 0) this.ring?.write(samples, count, keySounds)
    for (const patch of this.patches.values()) patch.write(samples, count, keySounds)
  }
}

/** Where the endpoints of one worker find each other, and the sound of those in other workers. */
export class Exchange {
  readonly #parties = new Map<string, Party>()

  /** An endpoint of this worker begins. */
  open(id: string): Party {
    const party = this.#at(id)
    party.local = true
    party.ring = new SoundRing(new ArrayBuffer(SOUND_RING_BYTES))
    return party
  }

  /** It is over. */
  close(id: string): void {
    const party = this.#at(id)
    party.local = false
    party.inband = false
    party.ring = undefined
    this.#release(id, party)
  }

  listen(id: string, listener: Listener): Party {
    const party = this.#at(id)
    party.listeners.add(listener)
    return party
  }

  leave(id: string, listener: Listener): void {
    const party = this.#at(id)
    party.listeners.delete(listener)
    this.#release(id, party)
  }

  /** What the endpoint hears goes to that worker too; `null` = no more. */
  patchOut(id: string, worker: number, memory: SharedArrayBuffer | null): void {
    const party = this.#at(id)
    if (memory) party.patches.set(worker, new SoundRing(memory))
    else party.patches.delete(worker)
    this.#release(id, party)
  }

  /** What an endpoint of another worker hears comes here; `null` = no more. */
  patchIn(id: string, memory: SharedArrayBuffer | null): void {
    const party = this.#at(id)
    if (!party.local) party.ring = memory ? new SoundRing(memory) : undefined
    this.#release(id, party)
  }

  #at(id: string): Party {
    let party = this.#parties.get(id)
    if (!party) {
      party = new Party()
      this.#parties.set(id, party)
    }
    return party
  }

  #release(id: string, party: Party): void {
    if (party.unused) this.#parties.delete(id)
  }
}
