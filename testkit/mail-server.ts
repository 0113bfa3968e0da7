import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

/** A mail as it arrived. */
export interface ReceivedMail {
  from: string
  to: string[]
  /** Header and body as they were sent. */
  raw: string
  /** By name in lower case, unfolded. */
  headers: Map<string, string>
  /** The body, decoded. */
  text: string
}

/** What the server does with a mail: takes it, answers the recipient or the message with a code, or cuts the connection. */
export type MailTreatment = 'take' | 'cut' | { recipient: number } | { message: number }

/** A real mail server on 127.0.0.1 that keeps what arrives, and refuses when it is told to. */
export class MailServer {
  readonly received: ReceivedMail[] = []
  /** Decides about each mail by its recipient; everything is taken by default. */
  treat: (recipient: string) => MailTreatment = () => 'take'
  /** Recipients that were named, also of mails that were refused. */
  readonly asked: string[] = []
  #server: SMTPServer | undefined
  #port = 0

  /** Starts on a free port. */
  static async start(): Promise<MailServer> {
    const mails = new MailServer()
    await mails.open()
    return mails
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.#port}`
  }

  /** Begins to listen, on the port of before where there was one. */
  async open(): Promise<void> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      logger: false,
      onRcptTo: ({ address }, session, callback) => {
        this.asked.push(address)
        const treatment = this.treat(address)
        if (treatment === 'cut') return void cut(server, session.id)
        callback(typeof treatment === 'object' && 'recipient' in treatment ? refusal(treatment.recipient) : null)
      },
      onData: (stream, session, callback) => {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => {
          const to = session.envelope.rcptTo.map(({ address }) => address)
          const treatment = this.treat(to[0] ?? '')
          if (typeof treatment === 'object' && 'message' in treatment) return callback(refusal(treatment.message))
          const { mailFrom } = session.envelope
          this.received.push(parsed(mailFrom ? mailFrom.address : '', to, Buffer.concat(chunks).toString()))
          callback()
        })
      },
    })
    server.on('error', () => {}) // connections that are cut are the tests' business
    this.#server = server
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (server.server.address() as AddressInfo).port
  }

  /** Stops listening and drops whoever is connected. */
  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server) await new Promise<void>((resolve) => server.close(resolve))
  }
}

function refusal(responseCode: number): Error {
  return Object.assign(new Error('not here'), { responseCode })
}

function cut(server: SMTPServer, id: string) {
  const connections = (server as unknown as { connections: Set<{ id: string; _socket: { destroy(): void } }> })
    .connections
  for (const connection of connections) if (connection.id === id) connection._socket.destroy()
}

function parsed(from: string, to: string[], raw: string): ReceivedMail {
  const end = raw.indexOf('\r\n\r\n')
  const lines = raw
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const body = raw.slice(end + 4)
  const encoding = headers.get('content-transfer-encoding')
  const text =
    encoding === 'quoted-printable'
      ? body.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
      : body
  return { from, to, raw, headers, text: text.replaceAll('\r\n', '\n') }
}
