import { AUDIO_SOCKET_HEAD, AudioSocketKind, writeAudioSocketHead } from './audio-socket.ts'

export const FRAME_SAMPLES = 160
const FRAME_BYTES = AUDIO_SOCKET_HEAD + FRAME_SAMPLES * 2

/** Sound of a call on its way to a program: 20 ms each, as messages. */
export class HeardFrames {
  readonly #send: (message: Buffer) => void
  #message = newMessage()
  #filled = 0

  constructor(send: (message: Buffer) => void) {
    this.#send = send
  }

  /** The sum of both, as loud as there is room for; one of them may be missing. */
  push(one: Int16Array | undefined, other: Int16Array | undefined, count: number): void {
    for (let i = 0; i < count; i++) {
      const sum = (one ? (one[i] as number) : 0) + (other ? (other[i] as number) : 0)
      const sample = Math.max(-32_768, Math.min(32_767, sum))
      this.#message.writeInt16LE(sample, AUDIO_SOCKET_HEAD + this.#filled * 2)
      if (++this.#filled < FRAME_SAMPLES) continue
      this.#send(this.#message)
      this.#message = newMessage() // the network keeps the old one until it is sent
      this.#filled = 0
    }
  }
}

function newMessage(): Buffer {
  const message = Buffer.allocUnsafe(FRAME_BYTES)
  writeAudioSocketHead(message, AudioSocketKind.audio, FRAME_SAMPLES * 2)
  return message
}
