import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import type { Bus, RequestOptions, Subscription } from './bus.ts'
import { BusError, DeadlineExceeded, NoResponder } from './errors.ts'
import { type Frame, Link } from './link.ts'
import { decode, encode, type Handler, type Responder, Switchboard } from './switchboard.ts'
import { fromWire, type Reasons, toWire } from './wire-error.ts'

export interface BusOptions {
  clock: Clock
  log: Log
  /** Every declared reason, so that an error that crosses threads comes back as what it was. */
  reasons: Reasons
  /** Requests that may wait for their answers at the same time (10 000). */
  maxPending?: number
  /** Frames that may wait for another thread (10 000). */
  maxOutstanding?: number
}

interface Pending {
  resolve(body: string): void
  reject(error: unknown): void
  via: Peer
}

/** Another thread, and what it listens and responds to. */
interface Peer {
  link: Link
  listens: Set<string>
  responds: Set<string>
  /** Requests of that thread that are being answered for it. */
  answering: Map<number, AbortController>
}

/**
 * The bus inside one process group, one object per thread. The main thread holds the hub (`threadHub`) and gives each
 * worker a port (`connect`); the worker makes its bus of it (`threadBus`). Threads talk through the hub.
 */
class ThreadBus implements Bus {
  readonly #clock: Clock
  readonly #reasons: Reasons
  readonly #maxPending: number
  readonly #maxOutstanding: number | undefined
  readonly #here: Switchboard
  readonly #peers = new Set<Peer>()
  readonly #pending = new Map<number, Pending>()
  /** A worker knows only the hub and asks it whatever is not answered here; the hub knows who responds to what. */
  readonly #isHub: boolean
  #nextId = 1
  #asking = 0

  constructor({ clock, log, reasons, maxPending, maxOutstanding }: BusOptions, hub: MessagePort | undefined) {
    this.#clock = clock
    this.#reasons = reasons
    this.#maxPending = maxPending ?? 10_000
    this.#maxOutstanding = maxOutstanding
    this.#here = new Switchboard(clock, log)
    this.#isHub = hub === undefined
    if (hub) this.#join(hub)
  }

  /** A port for a worker thread: hand it over in `workerData` with `transferList`, and make its bus by `threadBus`. */
  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel()
    this.#join(port1)
    return port2
  }

  publish(subject: string, body: unknown): void {
    this.#publish(subject, encode(body), undefined)
  }

  subscribe(subject: string, handler: Handler): Subscription {
    return this.#here.subscribe(subject, handler, (present) => this.#tell({ type: 'subscribers', subject, present }))
  }

  respond(subject: string, handler: Responder): Subscription {
    return this.#here.respond(subject, handler, (present) => this.#tell({ type: 'responder', subject, present }))
  }

  async request(subject: string, body: unknown, options: RequestOptions): Promise<unknown> {
    return decode(await this.#request(subject, encode(body), options, undefined))
  }

  /** Requests that wait for their answers. */
  get pending(): number {
    return this.#asking
  }

  /** Pokes that were dropped because a thread did not keep up. */
  get dropped(): number {
    return [...this.#peers].reduce((sum, { link }) => sum + link.dropped, 0)
  }

  /** Closes every port; what waits for an answer rejects. */
  close(): void {
    for (const peer of [...this.#peers]) {
      peer.link.close()
      this.#leave(peer)
    }
  }

  #join(port: MessagePort): void {
    const peer: Peer = {
      link: new Link(
        port,
        (frame) => this.#take(peer, frame),
        () => this.#leave(peer),
        this.#maxOutstanding,
      ),
      listens: new Set(),
      responds: new Set(),
      answering: new Map(),
    }
    this.#peers.add(peer)
  }

  #leave(peer: Peer): void {
    this.#peers.delete(peer)
    for (const asked of peer.answering.values()) asked.abort()
    for (const [id, pending] of this.#pending) {
      if (pending.via !== peer) continue
      this.#pending.delete(id)
      pending.reject(new BusError('closed', ''))
    }
  }

  #take(peer: Peer, frame: Frame): void {
    switch (frame.type) {
      case 'publish':
        this.#publish(frame.subject, frame.body, peer)
        break
      case 'request':
        void this.#serve(peer, frame)
        break
      case 'cancel':
        peer.answering.get(frame.id)?.abort()
        break
      case 'subscribers':
        note(peer.listens, frame)
        break
      case 'responder':
        note(peer.responds, frame)
        break
      case 'answer':
        this.#settled(frame.id)?.resolve(frame.body)
        break
      case 'failure':
        this.#settled(frame.id)?.reject(fromWire(frame.error, '', this.#reasons))
        break
    }
  }

  #settled(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    return pending
  }

  #publish(subject: string, body: string, from: Peer | undefined): void {
    this.#here.deliver(subject, body)
    for (const peer of this.#peers) {
      const wanted = !this.#isHub || peer.listens.has(subject)
      if (peer !== from && wanted) peer.link.send({ type: 'publish', subject, body })
    }
  }

  /** Answers what another thread asked. */
  async #serve(peer: Peer, { id, subject, body, deadlineMs }: Frame & { type: 'request' }): Promise<void> {
    const gone = new AbortController()
    peer.answering.set(id, gone)
    try {
      const answer = await this.#request(subject, body, { deadlineMs, signal: gone.signal }, peer)
      peer.link.send({ type: 'answer', id, body: answer })
    } catch (error) {
      peer.link.send({ type: 'failure', id, error: toWire(error, subject) })
    } finally {
      peer.answering.delete(id)
    }
  }

  async #request(subject: string, body: string, options: RequestOptions, from: Peer | undefined): Promise<string> {
    if (this.#asking >= this.#maxPending) throw new BusError('overloaded', subject)
    this.#asking++
    try {
      if (this.#here.responds(subject)) return await this.#here.answer(subject, body, options)
      const peer = [...this.#peers].find((each) => each !== from && (!this.#isHub || each.responds.has(subject)))
      if (!peer) throw new NoResponder(subject)
      return await this.#ask(peer, subject, body, options)
    } finally {
      this.#asking--
    }
  }

  #ask(peer: Peer, subject: string, body: string, { deadlineMs, signal }: RequestOptions): Promise<string> {
    if (signal?.aborted) return Promise.reject(new BusError('aborted', subject))
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const leave = () => {
        timer.cancel()
        signal?.removeEventListener('abort', abort)
      }
      const giveUp = (error: BusError) => {
        leave()
        this.#pending.delete(id)
        peer.link.send({ type: 'cancel', id })
        reject(error)
      }
      const abort = () => giveUp(new BusError('aborted', subject))
      const timer = this.#clock.after(deadlineMs, () => giveUp(new DeadlineExceeded(subject)))
      signal?.addEventListener('abort', abort)
      this.#pending.set(id, {
        via: peer,
        resolve: (answer) => {
          leave()
          resolve(answer)
        },
        reject: (error) => {
          leave()
          reject(error)
        },
      })
      if (peer.link.send({ type: 'request', id, subject, body, deadlineMs })) return
      leave()
      this.#pending.delete(id)
      reject(new BusError('overloaded', subject))
    })
  }

  #tell(frame: Frame): void {
    if (!this.#isHub) for (const { link } of this.#peers) link.send(frame)
  }
}

function note(subjects: Set<string>, { subject, present }: { subject: string; present: boolean }): void {
  if (present) subjects.add(subject)
  else subjects.delete(subject)
}

/** The bus of the main thread, to which workers connect. */
export function threadHub(options: BusOptions): ThreadBus {
  return new ThreadBus(options, undefined)
}

/** The bus of a worker thread, by the port that the hub's `connect` gave. */
export function threadBus(port: MessagePort, options: BusOptions): ThreadBus {
  return new ThreadBus(options, port)
}

export type { ThreadBus }
