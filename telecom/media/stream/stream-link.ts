import net from 'node:net'
import type { Clock, Timer } from '#platform/time'
import type { StreamIssue } from '../media-event.ts'
import type { StreamTarget } from '../wanted-media.ts'
import {
  AudioSocketKind,
  AudioSocketReader,
  audioSocketMessage,
  isAudioSocketKind,
  MOST_AUDIO_SOCKET_PAYLOAD,
  uuidBytes,
} from './audio-socket.ts'
import { HeardFrames } from './heard-frames.ts'
import { ReadPace } from './read-pace.ts'
import { SpokenQueue } from './spoken-queue.ts'

const CONNECT_MS = 2_000
/** A second of sound that the network has not taken yet. */
const MOST_WAITING = 50
/** What the network may hold of it. */
const MOST_BUFFERED_BYTES = 16_384

export interface StreamLinkNeeds {
  clock: Clock
  /** The program is there. */
  started: () => void
  /** It is over, by itself; once, and not after `close`. */
  ended: (issue: StreamIssue | undefined) => void
}

/**
 * The connection to a program that hears a call and speaks into it: AudioSocket over TCP, and we connect. Neither side can
 * hold the call up: a program that reads too slowly loses the oldest sound, which is counted; one that sends too fast waits,
 * whatever it sends; one that does not speak the protocol is cut off.
 */
export class StreamLink {
  readonly target: StreamTarget
  readonly #needs: StreamLinkNeeds
  readonly #socket: net.Socket
  readonly #spoken = new SpokenQueue()
  readonly #heard = new HeardFrames((message) => this.#send(message))
  readonly #waiting: Buffer[] = []
  readonly #reader = new AudioSocketReader((kind, payload) => this.#hear(kind, payload), MOST_AUDIO_SOCKET_PAYLOAD)
  readonly #pace: ReadPace
  /** Nothing is read while it runs. */
  #rest: Timer | undefined
  #patience: Timer | undefined
  #connected = false
  #over = false
  #dropped = 0

  /** Throws where the target is no address and port at all. */
  constructor(target: StreamTarget, needs: StreamLinkNeeds) {
    this.target = target
    this.#needs = needs
    this.#pace = new ReadPace(needs.clock)
    const socket = net.connect({ host: target.address, port: target.port, noDelay: true })
    this.#socket = socket
    this.#patience = needs.clock.after(CONNECT_MS, () => this.#end('unreachable'))
    socket.on('connect', () => this.#begin())
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('error', () => this.#end(this.#connected ? 'broken' : 'unreachable'))
    socket.on('close', () => {
      this.#rest?.cancel()
      this.#end(this.#connected ? undefined : 'unreachable')
    })
  }

  /** Frames that the program was too slow for, and those of its own that found no room. */
  get dropped(): number {
    return this.#dropped + Math.ceil(this.#spoken.lost / 160)
  }

  /** Lets the program hear what the party says and hears. */
  hear(party: Int16Array, ours: Int16Array, count: number): void {
    const { listen } = this.target
    if (!this.#connected || listen === 'none') return
    this.#heard.push(listen === 'out' ? undefined : party, listen === 'in' ? undefined : ours, count)
  }

  /** Adds what the program says. */
  mixInto(frame: Int16Array, count: number): void {
    this.#spoken.mixInto(frame, count)
    this.#readOn()
  }

  /** Ends it from our side: the program is told that the call hangs up. */
  close(): void {
    if (this.#over) return
    this.#over = true
    this.#patience?.cancel()
    if (!this.#connected) this.#socket.destroy()
    else {
      this.#socket.end(audioSocketMessage(AudioSocketKind.hangup))
      this.#readOn() // whatever it still says
      this.#patience = this.#needs.clock.after(CONNECT_MS, () => this.#socket.destroy())
      this.#socket.once('close', () => this.#patience?.cancel())
    }
  }

  #begin(): void {
    this.#patience?.cancel()
    this.#connected = true
    this.#socket.write(audioSocketMessage(AudioSocketKind.id, uuidBytes(this.target.stream_id)))
    this.#needs.started()
  }

  #read(chunk: Buffer): void {
    const restMs = this.#pace.took(chunk.length)
    if (restMs > 0) {
      this.#rest?.cancel()
      this.#rest = this.#needs.clock.after(restMs, () => {
        this.#rest = undefined
        this.#readOn()
      })
    }
    if (!this.#over && !this.#reader.push(chunk)) this.#end('broken')
    if (this.#rest || (!this.#over && this.#spoken.isFull)) this.#socket.pause()
  }

  #readOn(): void {
    if (this.#rest || !this.#socket.isPaused()) return
    if (this.#over || this.#spoken.mayGoOn) this.#socket.resume()
  }

  #hear(kind: number, payload: Buffer): void {
    if (this.#over) return
    if (kind === AudioSocketKind.audio) {
      if (this.target.speak) this.#spoken.push(payload)
    } else if (kind === AudioSocketKind.hangup) this.#end(undefined)
    else if (kind === AudioSocketKind.error) this.#end('refused')
    else if (!isAudioSocketKind(kind)) this.#end('broken')
  }

  #send(message: Buffer): void {
    if (this.#over) return
    this.#waiting.push(message)
    if (this.#waiting.length > MOST_WAITING) {
      this.#waiting.shift()
      this.#dropped++
    }
    this.#pump()
  }

  /** Once the network has taken a message it takes the next. */
  #pump = (): void => {
    while (!this.#over && this.#waiting.length > 0 && this.#socket.writableLength < MOST_BUFFERED_BYTES) {
      const message = this.#waiting.shift()
      if (message) this.#socket.write(message, this.#pump)
    }
  }

  #end(issue: StreamIssue | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#patience?.cancel()
    this.#rest?.cancel()
    this.#rest = undefined
    this.#socket.destroy()
    this.#needs.ended(issue)
  }
}
