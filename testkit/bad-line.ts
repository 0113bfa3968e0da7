import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the line does with a request. "After" means: the server has answered, and the client does not learn of it. */
export type LineFault =
  | 'reset before'
  | 'refuse before'
  | 'reset midway'
  | 'reset after'
  | 'refuse after'
  | 'cut answer'
  | 'no answer'

const REFUSAL = JSON.stringify({
  error: {
    status: 'UNAVAILABLE',
    reason: 'SERVICE_UNAVAILABLE',
    domain: 'api-manager',
    message: 'A part of the platform is not available for the moment.',
    request_id: 'req_line',
  },
})

/** A bad line between a client and a server: passes requests on, and fails as it is told. */
export class BadLine {
  /** How often each thing was done. */
  readonly counts = new Map<LineFault | 'passed', number>()
  readonly #server: http.Server
  readonly #target: URL
  readonly #agent = new http.Agent({ keepAlive: true })
  readonly #choose: (request: IncomingMessage) => LineFault | undefined

  private constructor(server: http.Server, target: URL, choose: (request: IncomingMessage) => LineFault | undefined) {
    this.#server = server
    this.#target = target
    this.#choose = choose
  }

  /** Opens a line to `target`; `choose` says what happens to each request. */
  static async open(target: string, choose: (request: IncomingMessage) => LineFault | undefined): Promise<BadLine> {
    const server = http.createServer()
    const line = new BadLine(server, new URL(target), choose)
    server.on('request', (request, response) => void line.#carry(request, response))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return line
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    this.#agent.destroy()
    await once(this.#server, 'close')
  }

  async #carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = this.#choose(request)
    this.counts.set(fault ?? 'passed', (this.counts.get(fault ?? 'passed') ?? 0) + 1)
    const body = await bytesOf(request).catch(() => undefined)
    if (!body) return
    if (fault === 'reset before') return reset(response)
    if (fault === 'refuse before') return refuse(response)
    if (fault === 'reset midway') {
      await this.#begin(request, body)
      return reset(response)
    }
    const answer = await this.#ask(request, body).catch(() => undefined)
    if (!answer || fault === 'reset after') return reset(response)
    if (fault === 'refuse after') return refuse(response)
    if (fault === 'no answer') return
    response.writeHead(answer.status, answer.headers)
    if (fault !== 'cut answer') return void response.end(answer.body)
    response.write(answer.body.subarray(0, answer.body.length / 2), () => reset(response))
  }

  #open({ method, url, headers }: IncomingMessage): http.ClientRequest {
    const { hostname, port } = this.#target
    return http.request({ hostname, port, method, path: url, headers, agent: this.#agent })
  }

  async #ask(request: IncomingMessage, body: Buffer) {
    const upstream = this.#open(request)
    upstream.end(body)
    const [answer] = (await once(upstream, 'response')) as [IncomingMessage]
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: await bytesOf(answer) }
  }

  /** Sends the request and goes away: whether the server acts is up to chance. */
  async #begin(request: IncomingMessage, body: Buffer): Promise<void> {
    const upstream = this.#open(request)
    upstream.on('error', () => {})
    upstream.end(body)
    await once(upstream, 'finish').catch(() => {})
    upstream.destroy()
  }
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function reset({ socket }: ServerResponse) {
  socket?.resetAndDestroy()
}

function refuse(response: ServerResponse) {
  response.writeHead(503, { 'content-type': 'application/json', 'retry-after': '0' }).end(REFUSAL)
}
