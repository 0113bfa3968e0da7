import type { Exchange, Party, VoicePacket } from './exchange.ts'
import { SoundReader } from './sound-reader.ts'

/** `unfit` = such packets cannot be relayed, `busy` = none can right now. */
export type Relayed = 'relayed' | 'unfit' | 'busy'

export interface BridgeNeeds {
  exchange: Exchange
  /** The endpoint whose sound is wanted. */
  peer: string
  /** Sends a packet on as it is, under other numbers. */
  relay: (packet: VoicePacket) => Relayed
}

/** So long without a packet to relay, and the tick sends again: nothing on the wire may be silent for more than 60 ms. */
const FILL_AFTER_MS = 35
/** After a packet of a form that cannot be relayed, none is for so long: the two ways do not take turns packet by packet. */
const PROCESS_FOR_MS = 1_000
const NEVER = Number.NEGATIVE_INFINITY

/**
 * Lets one endpoint send what another hears. Packets that fit are relayed the moment they come; everything else is
 * decoded, played out by the peer's jitter buffer and encoded anew.
 */
export class Bridge {
  readonly peer: string
  readonly #needs: BridgeNeeds
  readonly #party: Party
  readonly #reader = new SoundReader()
  #relayedMs = NEVER
  #processUntilMs = NEVER

  constructor(needs: BridgeNeeds) {
    this.#needs = needs
    this.peer = needs.peer
    this.#party = needs.exchange.listen(needs.peer, this)
  }

  packet(packet: VoicePacket, nowMs: number): void {
    if (nowMs < this.#processUntilMs) return
    const what = this.#needs.relay(packet)
    if (what === 'unfit') this.#processUntilMs = nowMs + PROCESS_FOR_MS
    this.#relayedMs = what === 'relayed' ? nowMs : NEVER
  }

  /** What is sent next is not relayed. */
  interrupt(): void {
    this.#relayedMs = NEVER
  }

  /** Whether packets are being relayed: the tick has nothing to send then. `ptimeMs` is how often they come. */
  relaying(nowMs: number, ptimeMs: number): boolean {
    return nowMs - this.#relayedMs < Math.max(FILL_AFTER_MS, ptimeMs + 15)
  }

  /** Whether keys come in the peer's sound. */
  get inband(): boolean {
    return this.#party.inband
  }

  /** The next `count` samples of what the peer hears; keys in it are left out where `mutesKeys`. */
  read(into: Int16Array, count: number, mutesKeys: boolean): void {
    const { ring } = this.#party
    this.#reader.read(ring, into, count)
    if (mutesKeys && ring?.keySounds) into.fill(0, 0, count)
  }

  close(): void {
    this.#needs.exchange.leave(this.peer, this)
  }
}
