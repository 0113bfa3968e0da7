import { once } from 'node:events'
import { type ClientOptions, WebSocket } from 'ws'
import { eventually } from './eventually.ts'
import type { Answer } from './http.ts'
import type { Json } from './platform.ts'

export interface WebSocketClientOptions {
  headers?: Record<string, string>
  /** Answers pings by itself, as every client must; `false` to be one that has died. */
  pong?: boolean
}

/** A WebSocket of a customer's program: keeps what it was told, and how it ended. */
export class WebSocketClient {
  readonly socket: WebSocket
  /** Every message, read as JSON. */
  readonly messages: Json[] = []
  /** Pings that came. */
  pings = 0
  /** How the server closed it. */
  closed: { code: number; reason: string } | undefined

  /** Opens one; rejects with a `Refused` where the server answers anything but 101. */
  static async open(url: string, options: WebSocketClientOptions = {}): Promise<WebSocketClient> {
    const client = new WebSocketClient(url, options)
    client.socket.on('unexpected-response', async (request, response) => {
      let text = ''
      for await (const part of response) text += part
      const headers = new Headers(response.headers as Record<string, string>)
      const status = response.statusCode ?? 0
      const body = headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : undefined
      request.destroy()
      client.socket.emit('error', new Refused({ status, headers, text, body }))
    })
    await once(client.socket, 'open')
    client.socket.on('error', () => {})
    return client
  }

  private constructor(url: string, { headers = {}, pong = true }: WebSocketClientOptions) {
    const options: ClientOptions = { headers, autoPong: pong, perMessageDeflate: true }
    this.socket = new WebSocket(url.replace(/^http/, 'ws'), options)
    this.socket.on('message', (data) => this.messages.push(JSON.parse(String(data))))
    this.socket.on('ping', () => {
      this.pings++
    })
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) }
    })
  }

  /** Sends a message, and waits for its acknowledgement or error where it has a `request_id`. */
  async say(message: Json): Promise<Json> {
    this.socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message))
    const request_id: unknown = message?.request_id
    if (typeof request_id !== 'string') return undefined
    return eventually(`an answer to ${request_id}`, () => this.messages.find((each) => each.request_id === request_id))
  }

  /** Subscribes and waits until it is so; gives the sequence behind which everything comes. */
  async subscribe(...topics: string[]): Promise<number> {
    const answer = await this.say({ type: 'subscribe', topics, request_id: `s${this.messages.length}` })
    if (answer.type !== 'ack') throw new Error(`refused: ${JSON.stringify(answer)}`)
    return answer.data.sequence
  }

  /** The events so far: what is neither an answer nor a notice. */
  get events(): Json[] {
    return this.messages.filter(({ type }) => !['ack', 'error', 'overflow'].includes(type))
  }

  /** Waits until there are so many events. */
  until(count: number): Promise<Json[]> {
    return eventually(`${count} events`, () => (this.events.length >= count ? this.events : undefined))
  }

  /** Waits until the server has closed it. */
  ended(ms?: number): Promise<{ code: number; reason: string }> {
    return eventually('the server closes the socket', () => this.closed, ms)
  }

  close(): void {
    this.socket.terminate()
  }
}

/** The server answered something else than 101. */
export class Refused extends Error {
  readonly answer: Answer

  constructor(answer: Answer) {
    super(`refused with ${answer.status}: ${answer.text}`)
    this.answer = answer
  }
}

/** The answer of a server that must refuse. */
export async function refused(url: string, options?: WebSocketClientOptions): Promise<Answer> {
  try {
    const client = await WebSocketClient.open(url, options)
    client.close()
  } catch (error) {
    if (error instanceof Refused) return error.answer
    throw error
  }
  throw new Error('it was accepted')
}
