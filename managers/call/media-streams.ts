import type { CommandDoor } from '#platform/bus'
import type { Database } from '#platform/db'
import { ReasonedError } from '#platform/errors'
import { apiErrors, type SocketRequest } from '#platform/http'
import type { Ids } from '#platform/ids'
import type { Counter, Metrics } from '#platform/metrics'
import type { Clock } from '#platform/time'
import { CredentialWatch } from './credential-watch.ts'
import { LiveCallDoor } from './live-call-door.ts'
import { MediaStream, StreamCloseCode } from './media-stream.ts'
import type { StreamCommand } from './stream-commands.ts'
import type { StreamConnection } from './stream-connection.ts'
import { encapsulationOf } from './stream-encapsulation.ts'
import { StreamGateway } from './stream-gateway.ts'

/** How long a call may take to begin a stream. */
const START_MS = 4_000

type Asked = Pick<
  SocketRequest<{ id: string }, { encapsulation?: string }>,
  'customer' | 'params' | 'query' | 'accept' | 'authenticateAgain'
>

/** `GET /calls/{id}/media_stream`: clients that hear a call and speak into it. */
export class MediaStreams {
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #door: LiveCallDoor
  readonly #gateway: StreamGateway
  readonly #open = new Set<MediaStream>()
  readonly #dropped: Counter

  constructor(needs: { db: Database; commands: CommandDoor; clock: Clock; ids: Ids; metrics: Metrics }) {
    this.#clock = needs.clock
    this.#ids = needs.ids
    this.#door = new LiveCallDoor(needs)
    this.#gateway = new StreamGateway(needs)
    needs.metrics.gauge('media_streams', 'Open media streams of calls.', [], (gauge) => gauge.set(this.#open.size))
    this.#dropped = needs.metrics.counter(
      'media_stream_dropped_frames_total',
      'Frames of 20 ms that clients of media streams were too slow for.',
    )
  }

  /** Everything that can be refused is refused before the upgrade; once it is open both sides are heard. */
  async connect({ customer, params, query, accept, authenticateAgain }: Asked): Promise<void> {
    const encapsulation = encapsulationOf(query.encapsulation)
    const connection = await this.#begin(customer, params.id)
    let stream: MediaStream | undefined
    const onRefused = (reason: string) => stream?.close(StreamCloseCode.credentials, reason)
    const credentials = new CredentialWatch({ clock: this.#clock, customer, authenticateAgain, onRefused })
    try {
      stream = new MediaStream({
        ...{ socket: accept(), connection, encapsulation, clock: this.#clock },
        onEnd: (dropped) => {
          credentials.stop()
          if (stream) this.#open.delete(stream)
          if (dropped > 0) this.#dropped.inc(undefined, dropped)
        },
      })
      if (!connection.ended) this.#open.add(stream)
    } catch (error) {
      credentials.stop()
      connection.close()
      throw error
    }
  }

  /** Closes all of them: clients may connect again elsewhere. */
  async stop(): Promise<void> {
    for (const stream of [...this.#open]) stream.close(StreamCloseCode.goingAway, 'the server stops')
    await this.#gateway.stop()
  }

  async #begin(customer_id: string, call_id: string): Promise<StreamConnection> {
    const stream_id = this.#ids.uuid()
    const { address, port, connection, forget } = await this.#gateway.expect(stream_id)
    const stream = { stream_id, address, port, listen: 'both', speak: true } as const
    const to = { customer_id, call_id }
    const command: StreamCommand = { id: this.#ids.uuid(), type: 'stream_start', ...to, stream }
    const late = this.#clock.after(START_MS, forget)
    try {
      await this.#door.ask(command, START_MS)
      return await connection.catch((cause) => {
        throw apiErrors.SERVICE_UNAVAILABLE({}, { cause })
      })
    } catch (error) {
      connection.then((late) => late.close()).catch(() => {})
      // where the call did not refuse nobody knows what it has begun
      if (!isRefusal(error)) this.#tell({ id: this.#ids.uuid(), type: 'stream_stop', ...to, stream_id })
      throw error
    } finally {
      late.cancel()
      forget()
    }
  }

  /** As well as it can be done: whether it was heard makes no difference to anybody. */
  #tell(command: StreamCommand): void {
    this.#door.ask(command, START_MS).catch(() => {})
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof ReasonedError && error.http < 500
}
