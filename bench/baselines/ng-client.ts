import dgram from 'node:dgram'
import { once } from 'node:events'

const ANSWER_MS = 2_000

type Bencoded = string | number | Bencoded[] | { [key: string]: Bencoded }

/** Asks rtpengine over its ng protocol: a cookie and a bencoded dictionary in a datagram each way. */
export class NgClient {
  readonly #socket = dgram.createSocket('udp4')
  readonly #port: number
  readonly #answers = new Map<string, (answer: Record<string, Bencoded>) => void>()
  #cookie = 0

  constructor(port: number) {
    this.#port = port
    this.#socket.on('error', () => {})
    this.#socket.on('message', (message) => {
      const text = message.toString('latin1')
      const space = text.indexOf(' ')
      this.#answers.get(text.slice(0, space))?.(decode(text.slice(space + 1)) as Record<string, Bencoded>)
    })
  }

  async open(): Promise<void> {
    this.#socket.bind(0, '127.0.0.1')
    await once(this.#socket, 'listening')
  }

  /** Rejects where no answer comes or it is an error. */
  async ask(command: Record<string, Bencoded>): Promise<Record<string, Bencoded>> {
    const cookie = `c${this.#cookie++}`
    const signal = AbortSignal.timeout(ANSWER_MS)
    try {
      const answer = await new Promise<Record<string, Bencoded>>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error(`no answer to ${command.command}`)))
        this.#answers.set(cookie, resolve)
        this.#socket.send(Buffer.from(`${cookie} ${encode(command)}`, 'latin1'), this.#port, '127.0.0.1')
      })
      if (answer.result === 'error') throw new Error(`${command.command}: ${answer['error-reason']}`)
      return answer
    } finally {
      this.#answers.delete(cookie)
    }
  }

  close(): void {
    this.#socket.close()
  }
}

function encode(value: Bencoded): string {
  if (typeof value === 'string') return `${Buffer.byteLength(value, 'latin1')}:${value}`
  if (typeof value === 'number') return `i${value}e`
  if (Array.isArray(value)) return `l${value.map(encode).join('')}e`
  const entries = Object.entries(value).map(([key, each]) => encode(key) + encode(each))
  return `d${entries.join('')}e`
}

function decode(text: string): Bencoded {
  let at = 0
  const value = (): Bencoded => {
    const kind = text[at]
    if (kind === 'i') {
      const end = text.indexOf('e', at)
      const number = Number(text.slice(at + 1, end))
      at = end + 1
      return number
    }
    if (kind === 'l' || kind === 'd') {
      at++
      const items: Bencoded[] = []
      while (at < text.length && text[at] !== 'e') items.push(value())
      at++
      if (kind === 'l') return items
      const pairs = items.flatMap((key, n) => (n % 2 === 0 ? [[String(key), items[n + 1] ?? ''] as const] : []))
      return Object.fromEntries(pairs)
    }
    const colon = text.indexOf(':', at)
    const end = colon + 1 + Number(text.slice(at, colon))
    const string = text.slice(colon + 1, end)
    at = end
    return string
  }
  return value()
}
