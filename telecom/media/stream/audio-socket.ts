/**
 * AudioSocket (the public protocol of Asterisk): messages of one octet for the kind, two for the length, and the payload.
 * Sound is 16-bit signed linear PCM, little-endian, 8 kHz, mono.
 */
export const AudioSocketKind = {
  hangup: 0x00,
  id: 0x01,
  silence: 0x02,
  digit: 0x03,
  audio: 0x10,
  error: 0xff,
} as const

const KINDS: ReadonlySet<number> = new Set(Object.values(AudioSocketKind))

/** Whether the protocol has such a kind: those up to 0x18 are sound of other rates. */
export function isAudioSocketKind(kind: number): boolean {
  return KINDS.has(kind) || (kind > AudioSocketKind.audio && kind <= 0x18)
}

export const AUDIO_SOCKET_HEAD = 3
/** The longest payload that a media worker reads: half a second of sound. */
export const MOST_AUDIO_SOCKET_PAYLOAD = 8_192

/** A message with this payload. */
export function audioSocketMessage(kind: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const message = Buffer.allocUnsafe(AUDIO_SOCKET_HEAD + payload.length)
  writeAudioSocketHead(message, kind, payload.length)
  message.set(payload, AUDIO_SOCKET_HEAD)
  return message
}

/** Writes the head of a message into its first three octets. */
export function writeAudioSocketHead(into: Buffer, kind: number, payloadBytes: number): void {
  into[0] = kind
  into.writeUInt16BE(payloadBytes, 1)
}

/** The octets of a UUID, as the id message carries them. */
export function uuidBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex')
}

/** The UUID of an id message; `undefined` where it is none. */
export function uuidOfBytes(bytes: Buffer): string | undefined {
  if (bytes.length !== 16) return undefined
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Takes a stream of octets apart into messages, however it was cut, and copies each octet once at most. */
export class AudioSocketReader {
  readonly #on: (kind: number, payload: Buffer) => void
  readonly #mostPayload: number
  readonly #head = Buffer.alloc(AUDIO_SOCKET_HEAD)
  #headFilled = 0
  /** The payload of a message that came in pieces. */
  #payload: Buffer | undefined
  #filled = 0
  #isBroken = false

  /** The payload is only lent. */
  constructor(on: (kind: number, payload: Buffer) => void, mostPayload = 0xffff) {
    this.#on = on
    this.#mostPayload = mostPayload
  }

  /** False once a message is longer than `mostPayload`: from there on nothing is read. */
  push(chunk: Buffer): boolean {
    let at = 0
    while (!this.#isBroken && at < chunk.length) {
      if (this.#headFilled < AUDIO_SOCKET_HEAD) {
        this.#head[this.#headFilled++] = chunk[at++] as number
        if (this.#headFilled < AUDIO_SOCKET_HEAD) continue
        this.#isBroken = this.#length > this.#mostPayload
      }
      if (!this.#isBroken) at = this.#readPayload(chunk, at)
    }
    return !this.#isBroken
  }

  get #length(): number {
    return this.#head.readUInt16BE(1)
  }

  /** Gives where it ended. */
  #readPayload(chunk: Buffer, at: number): number {
    const length = this.#length
    const end = Math.min(chunk.length, at + length - this.#filled)
    if (!this.#payload && end - at === length) {
      this.#done(chunk.subarray(at, end))
      return end
    }
    this.#payload ??= Buffer.allocUnsafe(length)
    this.#filled += chunk.copy(this.#payload, this.#filled, at, end)
    if (this.#filled === length) this.#done(this.#payload)
    return end
  }

  #done(payload: Buffer): void {
    this.#headFilled = 0
    this.#filled = 0
    this.#payload = undefined
    this.#on(this.#head[0] as number, payload)
  }
}
