import type net from 'node:net'
import { AudioSocketKind, AudioSocketReader, audioSocketMessage, MOST_AUDIO_SOCKET_PAYLOAD } from '#telecom/media'

/** One connection to a media worker: messages of AudioSocket, both ways. */
export class StreamConnection {
  readonly #socket: net.Socket
  /** Replaced by who owns the connection; what it is given is only lent. */
  onMessage: (kind: number, payload: Buffer) => void = () => {}
  /** It is over: by a word of the other side's (the call has ended), or without. */
  onEnd: (saidSo: boolean) => void = () => {}
  /** There is room again after `say` was told that there is none. */
  onRoom: () => void = () => {}
  #saidSo = false
  #ended: { saidSo: boolean } | undefined

  constructor(socket: net.Socket) {
    this.#socket = socket
    const reader = new AudioSocketReader((kind, payload) => {
      if (kind === AudioSocketKind.hangup) this.#saidSo = true
      else this.onMessage(kind, payload)
    })
    socket.on('data', (chunk) => reader.push(chunk))
    socket.on('drain', () => this.onRoom())
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#ended = { saidSo: this.#saidSo }
      this.onEnd(this.#saidSo)
    })
  }

  /** Whether it is over already, and how. */
  get ended(): { saidSo: boolean } | undefined {
    return this.#ended
  }

  /** Says sound into the call; false where the other side has to catch up first (`onRoom`). */
  say(sound: Buffer): boolean {
    let room = true
    for (let at = 0; at < sound.length; at += MOST_AUDIO_SOCKET_PAYLOAD)
      room = this.#socket.write(
        audioSocketMessage(AudioSocketKind.audio, sound.subarray(at, at + MOST_AUDIO_SOCKET_PAYLOAD)),
      )
    return room
  }

  close(): void {
    this.#socket.destroy()
  }
}
