import type { Ids } from '#platform/ids'
import type { Clock } from '#platform/time'
import { SoundLibrary } from '../prompt/sound-library.ts'
import type { FromWorker, ToWorker } from '../protocol.ts'
import { RecordingTap } from '../recording/recording-tap.ts'
import { Endpoint, type Wire } from './endpoint.ts'
import { openSockets, type SocketPair } from './sockets.ts'
import { type Ticked, TickWheel } from './tick-wheel.ts'

interface Open {
  endpoint: Endpoint
  sockets: SocketPair
  ticked: Ticked
}

/** Joins endpoints with their sockets, the tick and the engine. One lives in each worker thread. */
export class MediaWorker {
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #post: (message: FromWorker) => void
  readonly #library = new SoundLibrary()
  readonly #wheel: TickWheel
  readonly #open = new Map<string, Open>()

  constructor(needs: {
    clock: Clock
    ids: Ids
    post: (message: FromWorker) => void
    onLateness?: (ms: number) => void
  }) {
    this.#clock = needs.clock
    this.#ids = needs.ids
    this.#post = needs.post
    this.#wheel = new TickWheel(needs.clock, needs.onLateness)
  }

  /** Does what the engine says. */
  handle(message: ToWorker): void {
    switch (message.type) {
      case 'open':
        void this.#openEndpoint(message.id, message.address, message.port)
        break
      case 'want':
        this.#want(message)
        break
      case 'record': {
        const { id, source } = message
        this.#open.get(id)?.endpoint.tap(source ? new RecordingTap(this.#clock, source) : undefined)
        break
      }
      case 'statistics': {
        const statistics = this.#open.get(message.id)?.endpoint.statistics() ?? null
        this.#post({ type: 'statistics', request: message.request, statistics })
        break
      }
      case 'close':
        this.#close(message.id)
        break
    }
  }

  async #openEndpoint(id: string, address: string, port: number): Promise<void> {
    try {
      // errors may come before the endpoint exists
      let endpoint: Endpoint | undefined
      const sockets = await openSockets(address, port, () => endpoint?.socketFailed())
      endpoint = new Endpoint({
        id,
        wire: wireOf(sockets),
        clock: this.#clock,
        ids: this.#ids,
        library: this.#library,
        on: (event) => this.#post({ type: 'event', id, event }),
      })
      this.#listen(sockets, endpoint)
      this.#open.set(id, { endpoint, sockets, ticked: guarded(endpoint) })
      this.#post({ type: 'opened', id })
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      const issue = error instanceof Error ? error.message : String(error)
      this.#post({ type: 'open_failed', id, in_use: code === 'EADDRINUSE' || code === 'EACCES', issue })
    }
  }

  #listen(sockets: SocketPair, endpoint: Endpoint): void {
    sockets.rtp.on('message', (packet, from) => {
      try {
        endpoint.receiveRtp(packet, from.address, from.port)
      } catch {
        endpoint.failed()
      }
    })
    sockets.rtcp.on('message', (packet, from) => {
      try {
        endpoint.receiveRtcp(packet, from.address, from.port)
      } catch {
        endpoint.failed()
      }
    })
  }

  #want({ spec }: ToWorker & { type: 'want' }): void {
    const open = this.#open.get(spec.id)
    if (!open) return
    const tickMs = open.endpoint.tickMs
    const first = !open.endpoint.wanted
    open.endpoint.want(spec)
    if (!first && tickMs === open.endpoint.tickMs) return
    this.#wheel.remove(open.ticked)
    this.#wheel.add(open.ticked)
  }

  #close(id: string): void {
    const open = this.#open.get(id)
    if (open) {
      this.#open.delete(id)
      this.#wheel.remove(open.ticked)
      open.endpoint.close()
      open.sockets.rtp.close()
      open.sockets.rtcp.close()
    }
    this.#post({ type: 'closed', id })
  }

  /** Closes everything. */
  stop(): void {
    for (const id of [...this.#open.keys()]) this.#close(id)
    this.#wheel.stop()
  }
}

function wireOf({ rtp, rtcp }: SocketPair): Wire {
  return {
    rtp: (packet, bytes, address, port) => rtp.send(packet, 0, bytes, port, address),
    rtcp: (packet, bytes, address, port) => rtcp.send(packet, 0, bytes, port, address),
  }
}

/** One endpoint that fails must not take the others' tick away. */
function guarded(endpoint: Endpoint): Ticked {
  return {
    get tickMs() {
      return endpoint.tickMs
    },
    tick(missed) {
      try {
        endpoint.tick(missed)
      } catch {
        endpoint.failed()
      }
    },
  }
}
