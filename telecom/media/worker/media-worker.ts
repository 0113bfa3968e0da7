import type { Ids } from '#platform/ids'
import type { Clock } from '#platform/time'
import { SoundLibrary } from '../prompt/sound-library.ts'
import type { FromWorker, ToWorker } from '../protocol.ts'
import { RecordingTap } from '../recording/recording-tap.ts'
import { LatenessCounter } from '../tick-lateness.ts'
import type { CaptureTarget, EndpointSpec } from '../wanted-media.ts'
import { Doorbell } from './doorbell.ts'
import { Endpoint, type Wire } from './endpoint.ts'
import { Exchange } from './exchange.ts'
import { PacketCapture } from './packet-capture.ts'
import { openSockets, type SocketPair } from './sockets.ts'
import { type Ticked, TickWheel } from './tick-wheel.ts'

interface Open {
  endpoint: Endpoint
  sockets: SocketPair
  ticked: Ticked
  wire: CapturedWire
}

/** Joins endpoints with their sockets, the tick and the engine. One lives in each worker thread. */
export class MediaWorker {
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #post: (message: FromWorker) => void
  readonly #library = new SoundLibrary()
  readonly #wheel: TickWheel
  readonly #open = new Map<string, Open>()
  readonly #exchange = new Exchange()
  #doorbell: Doorbell | undefined
  #lateness: LatenessCounter | undefined

  constructor(needs: { clock: Clock; ids: Ids; post: (message: FromWorker) => void }) {
    this.#clock = needs.clock
    this.#ids = needs.ids
    this.#post = needs.post
    this.#wheel = new TickWheel(needs.clock, (ms) => this.#lateness?.add(ms))
  }

  /** Does what the engine says. */
  handle(message: ToWorker): void {
    switch (message.type) {
      case 'start':
        this.#lateness = new LatenessCounter(message.lateness)
        this.#doorbell ??= new Doorbell(message.bell, () => this.#exchange.drain())
        break
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
      case 'press':
        this.#open.get(message.id)?.endpoint.press(message.digit, message.durationMs)
        break
      case 'detect':
        this.#open.get(message.id)?.endpoint.detect()
        break
      case 'plug_outlet':
        this.#exchange.outlet(message.id, message.source, message.memory, message.bell)
        break
      case 'plug_inlet':
        this.#exchange.inlet(message.id, message.source, message.memory)
        break
      case 'unplug_outlet':
        this.#exchange.unplugOutlet(message.id)
        break
      case 'unplug_inlet':
        this.#exchange.unplugInlet(message.id)
        break
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
      let ticked: Ticked | undefined
      const sockets = await openSockets(address, port, () => endpoint?.socketFailed())
      const wire = new CapturedWire(sockets, { address, port }, this.#clock)
      endpoint = new Endpoint({
        id,
        wire,
        clock: this.#clock,
        ids: this.#ids,
        library: this.#library,
        on: (event) => this.#post({ type: 'event', id, event }),
        align: (earliestMs) => (ticked ? this.#wheel.align(ticked, earliestMs) : earliestMs),
      })
      ticked = this.#ticked(id, endpoint)
      this.#listen(sockets, endpoint, wire)
      this.#open.set(id, { endpoint, sockets, ticked, wire })
      this.#exchange.opened(id, endpoint.voice)
      this.#post({ type: 'opened', id })
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      const issue = error instanceof Error ? error.message : String(error)
      this.#post({ type: 'open_failed', id, in_use: code === 'EADDRINUSE' || code === 'EACCES', issue })
    }
  }

  #listen(sockets: SocketPair, endpoint: Endpoint, wire: CapturedWire): void {
    sockets.rtp.on('message', (packet, from) => {
      let accepted = false
      try {
        accepted = endpoint.receiveRtp(packet, from.address, from.port)
      } catch {
        endpoint.failed()
      }
      wire.heard(accepted ? 'in' : 'foreign', packet, 0, from)
    })
    sockets.rtcp.on('message', (packet, from) => {
      let accepted = false
      try {
        accepted = endpoint.receiveRtcp(packet, from.address, from.port)
      } catch {
        endpoint.failed()
      }
      wire.heard(accepted ? 'in' : 'foreign', packet, 1, from)
    })
  }

  /** One endpoint that fails must not take the others with it. */
  #want({ spec }: ToWorker & { type: 'want' }): void {
    const open = this.#open.get(spec.id)
    if (!open) return
    try {
      this.#apply(open, spec)
    } catch (error) {
      open.endpoint.failed()
      this.#shut(spec.id, open)
      const issue = error instanceof Error ? error.message : String(error)
      this.#post({ type: 'event', id: spec.id, event: { type: 'failed', issue } })
    }
  }

  #apply(open: Open, spec: EndpointSpec): void {
    const tickMs = open.endpoint.tickMs
    const first = !open.endpoint.wanted
    open.endpoint.want(spec)
    if (spec.capture) open.wire.capture(spec.capture)
    const { peer } = open.endpoint
    this.#exchange.hear(spec.id, peer === undefined ? undefined : { peer, listener: open.endpoint })
    if (!first && tickMs === open.endpoint.tickMs) return
    this.#wheel.remove(open.ticked)
    this.#wheel.add(open.ticked)
  }

  #close(id: string): void {
    const open = this.#open.get(id)
    if (open) this.#shut(id, open)
    this.#post({ type: 'closed', id })
  }

  #shut(id: string, { endpoint, ticked, wire, sockets }: Open): void {
    this.#open.delete(id)
    this.#exchange.closed(id)
    this.#wheel.remove(ticked)
    try {
      endpoint.close()
    } catch {
      endpoint.failed()
    }
    wire.close()
    sockets.rtp.close()
    sockets.rtcp.close()
  }

  /** Closes everything. */
  stop(): void {
    for (const id of [...this.#open.keys()]) this.#close(id)
    this.#wheel.stop()
    this.#doorbell?.stop()
  }

  /** One endpoint that fails must not take the others' tick away. */
  #ticked(id: string, endpoint: Endpoint): Ticked {
    const exchange = this.#exchange
    return {
      get tickMs() {
        return endpoint.tickMs
      },
      tick(missed) {
        try {
          // a bell that was not heard in time costs a tick at most
          exchange.drainFor(id)
          endpoint.tick(missed)
        } catch {
          endpoint.failed()
        }
      },
    }
  }
}

/** A pair of sockets whose datagrams are captured where that is wanted. */
class CapturedWire implements Wire {
  readonly #sockets: SocketPair
  readonly #local: { address: string; port: number }
  readonly #clock: Clock
  #capture: PacketCapture | undefined

  constructor(sockets: SocketPair, local: { address: string; port: number }, clock: Clock) {
    this.#sockets = sockets
    this.#local = local
    this.#clock = clock
  }

  rtp(packet: Buffer, bytes: number, address: string, port: number): void {
    this.#said(packet, bytes, 0, address, port)
    this.#sockets.rtp.send(packet, 0, bytes, port, address)
  }

  rtcp(packet: Buffer, bytes: number, address: string, port: number): void {
    this.#said(packet, bytes, 1, address, port)
    this.#sockets.rtcp.send(packet, 0, bytes, port, address)
  }

  /** A datagram came; `offset` is 0 at the RTP port and 1 at that of RTCP. */
  heard(how: 'in' | 'foreign', packet: Buffer, offset: number, from: { address: string; port: number }): void {
    this.#capture?.add(how, packet, this.#local.port + offset, from, this.#clock.wallMs())
  }

  capture(target: CaptureTarget): void {
    this.#capture ??= new PacketCapture(target, this.#local)
  }

  close(): void {
    this.#capture?.close()
    this.#capture = undefined
  }

  #said(packet: Buffer, bytes: number, offset: number, address: string, port: number): void {
    if (!this.#capture) return
    const payload = packet.subarray(0, bytes)
    this.#capture.add('out', payload, this.#local.port + offset, { address, port }, this.#clock.wallMs())
  }
}
