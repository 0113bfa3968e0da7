import net from 'node:net'

const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * One kept-alive HTTP/1.1 connection that asks the same again and again. It knows answers with a Content-Length only,
 * which is all that the platform sends, and costs a fraction of `node:http`: the client must not be what is measured.
 */
export class HttpConnection {
  readonly #socket: net.Socket
  readonly #request: Buffer
  readonly #onAnswer: (status: number, tookMs: number) => void
  readonly #onBroken: () => void
  #buffer: Buffer = Buffer.alloc(0)
  #sentMs = 0

  constructor(needs: {
    port: number
    request: Buffer
    onAnswer: (status: number, tookMs: number) => void
    onBroken: () => void
  }) {
    this.#request = needs.request
    this.#onAnswer = needs.onAnswer
    this.#onBroken = needs.onBroken
    this.#socket = net.connect({ port: needs.port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (chunk) => this.#read(chunk))
    this.#socket.on('error', () => {})
    this.#socket.once('close', () => this.#onBroken())
  }

  ask(): void {
    this.#sentMs = performance.now()
    this.#socket.write(this.#request)
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk])
    const headEnd = this.#buffer.indexOf(HEAD_END)
    if (headEnd < 0) return
    const head = this.#buffer.toString('latin1', 0, headEnd).toLowerCase()
    const at = head.indexOf('\r\ncontent-length:')
    if (at < 0) throw new Error(`an answer without Content-Length: ${head}`)
    const length = Number.parseInt(head.slice(at + 17), 10)
    const end = headEnd + HEAD_END.length + length
    if (this.#buffer.length < end) return
    this.#buffer = this.#buffer.subarray(end)
    this.#onAnswer(Number(head.slice(9, 12)), performance.now() - this.#sentMs)
  }
}

/** The bytes of one request. */
export function requestBytes(from: {
  method: string
  path: string
  headers: Record<string, string>
  body?: string
}): Buffer {
  const { method, path, headers, body = '' } = from
  const all = { host: '127.0.0.1', ...headers, ...(body ? { 'content-length': String(Buffer.byteLength(body)) } : {}) }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}
