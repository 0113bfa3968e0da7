import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '#platform/time'
import { eventually } from './eventually.ts'

/** A webhook as it arrived. */
export interface ReceivedWebhook {
  type: string
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into resources of every kind
  data: any
  method: string
  path: string
  headers: http.IncomingHttpHeaders
  /** The raw body. */
  raw: string
  event_id: string
  /** The customer's sequence; 0 where there is none. */
  sequence: number
  signature: string
  atMs: number
  /** What it was answered with; 0 = it was left without an answer. */
  status: number
}

/** How one request is treated: a status, no answer at all, or anything that the test writes itself. */
export type Treatment = number | 'hang' | ((request: IncomingMessage, response: ServerResponse) => void)

/** A web server on 127.0.0.1 that records what arrives, and fails or hangs when it is told to. */
export class WebhookReceiver {
  readonly received: ReceivedWebhook[] = []
  /** Decides about each request; everything is answered with 200 by default. */
  treat: (webhook: ReceivedWebhook) => Treatment = () => 200
  readonly #server: http.Server
  #open = 0
  /** The most requests that were open at the same time. */
  mostAtOnce = 0

  private constructor(server: http.Server) {
    this.#server = server
  }

  /** Starts it on a free port, or on `port`. */
  static async start(port = 0): Promise<WebhookReceiver> {
    const server = http.createServer()
    const receiver = new WebhookReceiver(server)
    server.on('request', (request, response) => receiver.#take(request, response))
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return receiver
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Where webhooks are sent to; `path` tells targets apart. */
  url(path = '/'): string {
    return `http://127.0.0.1:${this.port}${path}`
  }

  /** What was taken as delivered (answered below 500), in the order of arrival. */
  delivered(path?: string): ReceivedWebhook[] {
    return this.received.filter((each) => each.status > 0 && each.status < 500 && (path ?? each.path) === each.path)
  }

  /** Waits until `count` have been delivered. */
  async until(count: number, withinMs = 10_000): Promise<ReceivedWebhook[]> {
    return eventually(
      `${count} webhooks arrive (${this.received.map(({ type, status }) => `${type} ${status}`).slice(-10)})`,
      () => this.delivered().length >= count && this.delivered(),
      withinMs,
    )
  }

  /** Waits until one of this type has been delivered, and gives it. */
  async untilType(type: string, withinMs = 10_000): Promise<ReceivedWebhook> {
    return eventually(
      `the webhook ${type} arrives`,
      () => this.delivered().find((each) => each.type === type),
      withinMs,
    )
  }

  /** Fails unless each delivery carries the signature of its raw body by this secret. */
  checkSignatures(secret: string): void {
    for (const { raw, signature, type } of this.received) {
      const expected = `sha256=${createHmac('sha256', secret).update(raw).digest('hex')}`
      if (signature !== expected) throw new Error(`${type} is signed ${signature}, not ${expected}`)
    }
  }

  /**
   * Fails unless the delivered events of each resource came in the order of their sequence (repeats of one aside), and,
   * from `first` on, no sequence of the customer is missing. Gives how many different events came.
   */
  checkOrder({ first = 1, gaps = false }: { first?: number; gaps?: boolean } = {}): number {
    const last = new Map<string, ReceivedWebhook>()
    const seen = new Set<number>()
    for (const each of this.delivered()) {
      const resource = `${each.path} ${resourceOf(each)}`
      const before = last.get(resource)
      if (!seen.has(each.sequence) && before && before.sequence > each.sequence)
        throw new Error(
          `${before.type} (${before.sequence}) of ${resource} came before ${each.type} (${each.sequence})`,
        )
      if (!seen.has(each.sequence)) last.set(resource, each)
      seen.add(each.sequence)
    }
    const highest = Math.max(first - 1, ...seen)
    for (let sequence = first; sequence <= highest && !gaps; sequence++)
      if (!seen.has(sequence)) throw new Error(`event ${sequence} is missing; the last one is ${highest}`)
    return seen.size
  }

  /** Stops it; open requests are cut off. */
  async stop(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#open++
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#open)
    response.once('close', () => this.#open--)
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk)
    } catch {
      return // cut off before it was whole
    }
    const webhook = readWebhook(request, Buffer.concat(chunks).toString())
    this.received.push(webhook)
    const treatment = this.treat(webhook)
    if (treatment === 'hang') return
    if (typeof treatment === 'function') return treatment(request, response)
    webhook.status = treatment
    response.writeHead(treatment).end()
  }
}

function resourceOf({ type, data }: ReceivedWebhook): string {
  return `${type.split('_')[0]} ${data?.id}`
}

function readWebhook(request: IncomingMessage, raw: string): ReceivedWebhook {
  const header = (name: string) => String(request.headers[name] ?? '')
  let body: { type?: string; data?: unknown } = {}
  try {
    body = JSON.parse(raw)
  } catch {
    // a flow's own request may be anything
  }
  return {
    type: body.type ?? '',
    data: body.data,
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    raw,
    event_id: header('x-voipbin-event-id'),
    sequence: Number(header('x-voipbin-sequence')),
    signature: header('x-voipbin-signature'),
    atMs: systemClock.monotonicMs(),
    status: 0,
  }
}
