import { type Ids, systemIds } from '#platform/ids'
import type { Log } from '#platform/log'
import { type Clock, systemClock } from '#platform/time'
import { ManagedEndpoint } from './managed-endpoint.ts'
import { MediaError } from './media-error.ts'
import type { EndpointStatistics, MediaEvent } from './media-event.ts'
import { PatchPanel } from './patch-panel.ts'
import { PortPool } from './port-pool.ts'
import type { FromWorker, ToWorker } from './protocol.ts'
import { Recorder } from './recording/recorder.ts'
import { latenessMemory, TickLateness } from './tick-lateness.ts'
import type { WantedMedia } from './wanted-media.ts'
import { doorbellMemory } from './worker/doorbell.ts'
import { WorkerHost } from './worker-host.ts'

/** Whether an endpoint lives in the worker of its hint, or in another one. */
export type Placement = 'together' | 'apart'

export interface MediaEngineOptions {
  log: Log
  /** Default: the machine's. */
  clock?: Clock
  /** Default: the machine's. */
  ids?: Ids
  /** How many worker threads; at least 1. */
  workers: number
  /** Default `together`, which spares the way between threads; `apart` lets one conversation use two of them. */
  placement?: Placement
  /** The local address that sockets are bound to. Default `0.0.0.0`. */
  address?: string
  /** The range of UDP ports: pairs of an even one (RTP) and the next (RTCP). */
  ports: { first: number; last: number }
  /** What runs in the thread that writes recordings: tests give one whose disk misbehaves. */
  recordingWriter?: URL
}

/** One line's sound: a pair of sockets that stays in its worker until `close`. */
export interface MediaEndpoint {
  readonly id: string
  /** The local address that it is bound to (may be `0.0.0.0`; what goes into SDP is the caller's decision). */
  readonly address: string
  /** The local RTP port; RTCP is the next one. */
  readonly port: number
  readonly worker: number
  /** Declares what it shall be and do from now on. Returns at once; repeating the same is harmless. */
  want(wanted: WantedMedia): void
  /**
   * Presses a key (`0-9 A-D * #`) for the far end over whatever sounds: a telephone event where agreed (RFC 4733), else a
   * tone in place of the sound. 40 ms to 10 s; keys wait for each other, a gap between them. Never stops the sending. Lost
   * with more than 64 waiting, or with the worker.
   */
  press(digit: string, durationMs: number): void
  /**
   * Listens from now on whether a person or a machine speaks; `answered_by` follows within 6 s of sound, unless the endpoint
   * ends before, or it is asked anew. A worker that crashes meanwhile begins anew with what comes after it.
   */
  detect(): void
  /** What it has seen and done so far. Rejects when it is closed or its worker is down. */
  statistics(): Promise<EndpointStatistics>
  /**
   * Stops it (RTCP BYE, `prompt_finished` stopped, last `statistics` event) and frees its ports. Its recording ends,
   * which is told when the files are closed; this does not wait for it. Harmless when repeated.
   */
  close(): Promise<void>
}

export interface OpenEndpoint {
  id: string
  /** The local address to bind to; default: the engine's. */
  address?: string
  /** The worker that it would best live in, e.g. its peer's (with the placement `apart`: best not). */
  workerHint?: number
  /** Called for each event, in order, never during a call of ours. */
  on: (event: MediaEvent) => void
}

const MOST_PORT_TRIES = 32

type Opening = FromWorker & { type: 'opened' | 'open_failed' }

/** The media workers, their ports and their endpoints. Lives in the `call` role. */
export class MediaEngine {
  readonly #clock: Clock
  readonly #log: Log
  readonly #address: string
  readonly #ports: PortPool
  readonly #apart: boolean
  readonly #recorder: Recorder
  readonly #hosts: WorkerHost<ToWorker, FromWorker>[] = []
  readonly #bells: SharedArrayBuffer[] = []
  readonly #lateness: SharedArrayBuffer[] = []
  readonly #patches = new PatchPanel(this.#bells, (worker, message) => this.#hosts[worker]?.send(message))
  readonly #endpoints = new Map<string, ManagedEndpoint>()
  /** Endpoints that are being opened for the first time. */
  readonly #opening = new Map<string, { worker: number; done: (result: Opening) => void }>()
  readonly #asked = new Map<number, { worker: number; answer: (statistics: EndpointStatistics | null) => void }>()
  readonly #waitingForUp = new Set<() => void>()
  #nextRequest = 1
  #running = false

  constructor(options: MediaEngineOptions) {
    this.#clock = options.clock ?? systemClock
    this.#log = options.log
    this.#address = options.address ?? '0.0.0.0'
    this.#apart = options.placement === 'apart'
    this.#recorder = new Recorder({ clock: this.#clock, log: this.#log, script: options.recordingWriter })
    this.#ports = new PortPool(options.ports, options.ids ?? systemIds)
    for (let number = 0; number < Math.max(1, options.workers); number++) {
      this.#bells.push(doorbellMemory())
      this.#lateness.push(latenessMemory())
      this.#hosts.push(this.#makeHost(number))
    }
  }

  #makeHost(number: number): WorkerHost<ToWorker, FromWorker> {
    return new WorkerHost({
      name: `media-${number}`,
      script: new URL('./worker/main.ts', import.meta.url),
      limits: { maxYoungGenerationSizeMb: 12, maxOldGenerationSizeMb: 96 },
      clock: this.#clock,
      log: this.#log,
      onMessage: (message) => this.#onMessage(message),
      onDown: () => this.#onDown(number),
      onUp: () => this.#onUp(number),
    })
  }

  /** Starts the workers; resolves when all of them are ready. */
  async start(): Promise<void> {
    this.#running = true
    for (const host of this.#hosts) host.start()
    while (this.#running && this.#hosts.some((host) => !host.up)) {
      await new Promise<void>((resolve) => this.#waitingForUp.add(resolve))
    }
  }

  /** Closes every endpoint and ends the workers. */
  async stop(): Promise<void> {
    if (!this.#running) return
    this.#running = false
    this.#wake()
    await Promise.all([...this.#endpoints.values()].map((endpoint) => endpoint.close()))
    await this.#recorder.stop()
    await Promise.all(this.#hosts.map((host) => host.stop()))
  }

  /** How many endpoints are open, and how many pairs of ports are free. */
  get load(): { endpoints: number; freePorts: number } {
    return { endpoints: this.#endpoints.size, freePorts: this.#ports.free }
  }

  /** How punctual the ticks of all workers have been since the start. */
  get tickLateness(): TickLateness {
    return new TickLateness(this.#lateness)
  }

  /** Opens an endpoint in the hinted worker, else in the one with the fewest. Rejects with a `MediaError`. */
  async open(options: OpenEndpoint): Promise<MediaEndpoint> {
    const { id } = options
    if (this.#endpoints.has(id) || this.#opening.has(id)) throw new MediaError('duplicate_id', `${id} is open already`)
    const address = options.address ?? this.#address
    const held: number[] = []
    try {
      for (let tries = 0; tries < MOST_PORT_TRIES; tries++) {
        if (!this.#running) throw new MediaError('not_running', 'the media engine is stopped')
        const worker = this.#chooseWorker(options.workerHint)
        const port = this.#ports.take()
        if (worker === undefined) throw new MediaError('not_running', 'no media worker is up')
        if (port === undefined) break
        const result = await this.#tryOpen(worker, id, address, port)
        if (result.type === 'opened') return this.#register(options, worker, address, port)
        held.push(port)
        if (!result.in_use) throw new MediaError('address', `cannot bind ${address}: ${result.issue}`)
      }
      throw new MediaError('no_ports', 'no pair of RTP ports is free')
    } finally {
      for (const port of held) this.#ports.release(port)
    }
  }

  #chooseWorker(hint: number | undefined): number | undefined {
    if (hint !== undefined && !this.#apart && this.#hosts[hint]?.up) return hint
    const counts = this.#hosts.map(() => 0)
    for (const { worker } of this.#endpoints.values()) counts[worker] = (counts[worker] ?? 0) + 1
    const up = this.#hosts.map((_, number) => number).filter((number) => this.#hosts[number]?.up)
    up.sort((a, b) => (counts[a] ?? 0) - (counts[b] ?? 0))
    return up.find((number) => number !== hint) ?? up[0]
  }

  #tryOpen(worker: number, id: string, address: string, port: number) {
    return new Promise<Opening>((resolve) => {
      const done = (result: Opening) => {
        this.#opening.delete(id)
        resolve(result)
      }
      this.#opening.set(id, { worker, done })
      this.#hosts[worker]?.send({ type: 'open', id, address, port })
    })
  }

  #register(options: OpenEndpoint, worker: number, address: string, port: number): MediaEndpoint {
    const endpoint = new ManagedEndpoint({
      id: options.id,
      address,
      port,
      worker,
      clock: this.#clock,
      log: this.#log,
      recorder: this.#recorder,
      on: options.on,
      send: (message) => this.#hosts[worker]?.send(message),
      onHears: (peer) => this.#patches.hears(options.id, peer),
      askStatistics: (id) => this.#askStatistics(worker, id),
      onGone: () => {
        if (this.#endpoints.get(options.id) !== endpoint) return
        this.#endpoints.delete(options.id)
        this.#patches.gone(options.id)
        this.#ports.release(port)
      },
    })
    this.#endpoints.set(options.id, endpoint)
    this.#patches.opened(options.id, worker)
    return endpoint
  }

  #askStatistics(worker: number, id: string): Promise<EndpointStatistics> {
    return new Promise((resolve, reject) => {
      const request = this.#nextRequest++
      const answer = (statistics: EndpointStatistics | null) => {
        this.#asked.delete(request)
        if (statistics) resolve(statistics)
        else reject(new MediaError('closed', `endpoint ${id} is gone`))
      }
      this.#asked.set(request, { worker, answer })
      this.#hosts[worker]?.send({ type: 'statistics', id, request })
    })
  }

  #onMessage(message: FromWorker): void {
    if (message.type === 'ready') return
    if (message.type === 'statistics') {
      this.#asked.get(message.request)?.answer(message.statistics)
      return
    }
    const opening = this.#opening.get(message.id)
    if (opening && (message.type === 'opened' || message.type === 'open_failed')) opening.done(message)
    else this.#endpoints.get(message.id)?.onMessage(message)
  }

  #onDown(worker: number): void {
    for (const { worker: asked, answer } of [...this.#asked.values()]) if (asked === worker) answer(null)
    for (const [id, { worker: at, done }] of [...this.#opening]) {
      if (at === worker) done({ type: 'open_failed', id, in_use: true, issue: 'the media worker ended' })
    }
    for (const endpoint of [...this.#endpoints.values()]) if (endpoint.worker === worker) endpoint.onDown()
  }

  #onUp(worker: number): void {
    const bell = this.#bells[worker]
    const lateness = this.#lateness[worker]
    if (bell && lateness) this.#hosts[worker]?.send({ type: 'start', bell, lateness })
    this.#patches.started(worker)
    for (const endpoint of this.#endpoints.values()) if (endpoint.worker === worker) endpoint.reopen()
    this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#waitingForUp) resolve()
    this.#waitingForUp.clear()
  }

  /** Ends a worker thread as a crash would: for tests and drills. */
  async crashWorker(worker: number): Promise<void> {
    await this.#hosts[worker]?.crash()
  }

  /** Ends the thread that writes recordings as a crash would: for tests and drills. */
  async crashRecordingWriter(): Promise<void> {
    await this.#recorder.crashWriter()
  }
}
