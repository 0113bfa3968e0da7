import type { CallEffect } from './call-effect.ts'

/** What one leg of a conversation is told about the other. */
export type PeerInput =
  /** Hear this leg from now on. */
  | { type: 'join'; peer: string }
  /** The phone of this leg holds its line, or has taken it back. */
  | { type: 'peer_held'; peer: string; held: boolean }
  /** Something else has sounded at the peer: what joins the two is said again. */
  | { type: 'peer_again'; peer: string }

/** What a leg hears while whom it talked with is called away, or somebody else is called for it. */
export type Waiting = 'music' | 'ringback' | 'silence'

/**
 * Whom one leg hears: its peer, or music while the peer's phone holds the line. Each leg of a conversation has its own,
 * and says to its own line only. Part of the call's actor.
 */
export class Conversation {
  #peer: string | undefined
  /** The other side holds; it may say so before we are joined with it. */
  #holder: string | undefined
  #held = false
  #waiting: Waiting | undefined

  /** The leg that is heard, if any. */
  get peer(): string | undefined {
    return this.#peer
  }

  /** Hears this leg from now on; it learns whether our phone holds. */
  join(peer: string): CallEffect[] {
    this.#peer = peer
    this.#waiting = undefined
    return [
      ...this.again(),
      ...(this.#held ? [{ do: 'steer' as const, peer, input: { type: 'peer_held' as const, held: true } }] : []),
    ]
  }

  /** Hears nobody for now, but this; until it is joined with somebody, or parts. */
  wait(sound: Waiting): CallEffect[] {
    this.#peer = undefined
    this.#holder = undefined
    this.#waiting = sound
    return this.again()
  }

  /** Hears nobody any more. */
  part(): CallEffect[] {
    if (this.#peer === undefined && this.#waiting === undefined) return []
    this.#peer = undefined
    this.#waiting = undefined
    this.#holder = undefined
    return [{ do: 'silence' }]
  }

  /** Our own phone holds, or has taken the line back. */
  own(held: boolean): CallEffect[] {
    if (held === this.#held) return []
    this.#held = held
    const peer = this.#peer
    if (peer === undefined) return []
    return [...(held ? [] : this.again()), { do: 'steer', peer, input: { type: 'peer_held', held } }]
  }

  on(input: PeerInput): CallEffect[] {
    switch (input.type) {
      case 'join':
        return this.join(input.peer)
      case 'peer_held':
        if (input.held) this.#holder = input.peer
        else if (this.#holder === input.peer) this.#holder = undefined
        return input.peer === this.#peer ? this.again() : []
      case 'peer_again':
        return input.peer === this.#peer ? this.again() : []
    }
  }

  /** Something else has sounded: the conversation goes on, at both ends. */
  goOn(): CallEffect[] {
    const peer = this.#peer
    return peer === undefined ? this.again() : [...this.again(), { do: 'steer', peer, input: { type: 'peer_again' } }]
  }

  /** Says to the line what is heard now. */
  again(): CallEffect[] {
    if (this.#waiting) return [{ do: this.#waiting }]
    if (this.#peer === undefined) return []
    return [this.#holder === this.#peer ? { do: 'music' } : { do: 'bridge', peer: this.#peer }]
  }
}
