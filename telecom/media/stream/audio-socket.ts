/**
 * AudioSocket (the public protocol of Asterisk): messages of one octet for the kind, two for the length, and the payload.
 * Sound is 16-bit signed linear PCM, little-endian, 8 kHz, mono.
 */
export const AudioSocketKind = { hangup: 0x00, id: 0x01, digit: 0x03, audio: 0x10, error: 0xff } as const

export const AUDIO_SOCKET_HEAD = 3

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

/** Takes a stream of octets apart into messages, however it was cut; keeps less than one message. */
export class AudioSocketReader {
  readonly #on: (kind: number, payload: Buffer) => void
  #kept: Buffer = Buffer.alloc(0)

  /** The payload is only lent. */
  constructor(on: (kind: number, payload: Buffer) => void) {
    this.#on = on
  }

  push(chunk: Buffer): void {
    let data = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk])
    while (data.length >= AUDIO_SOCKET_HEAD) {
      const end = AUDIO_SOCKET_HEAD + data.readUInt16BE(1)
      if (data.length < end) break
      this.#on(data[0] as number, data.subarray(AUDIO_SOCKET_HEAD, end))
      data = data.subarray(end)
    }
    this.#kept = data.length === 0 ? data : Buffer.from(data)
  }
}
