import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, isIP } from 'node:net'
import { ReasonedError } from '#platform/errors'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Carrier } from './carrier.ts'
import { carrierErrors } from './errors.ts'
import { readNumber } from './script.ts'
import { isObject, readSteps, ScriptFault, type Step } from './steps.ts'

const MOST_BODY_BYTES = 65_536
/** Who calls where a request does not say: a number that can be called back. */
const DEFAULT_FROM = '+999000000200'
/** What a caller does where a request does not say: it listens for a minute. */
const DEFAULT_STEPS: readonly Step[] = [{ do: 'listen', seconds: 60 }]

type Reply = { status: number; type: string; body: string | Buffer }

/**
 * The carrier's own API, for programs on this machine: what can be dialled, what has happened, and calls into the platform.
 * It has no credentials: it listens on an address of this machine alone, and turns away what a web page could send.
 */
export class CallsApi {
  readonly #carrier: Carrier
  readonly #needs: { ids: Ids; log: Log }
  readonly #server: Server

  private constructor(carrier: Carrier, needs: { ids: Ids; log: Log }) {
    this.#carrier = carrier
    this.#needs = needs
    this.#server = createServer((request, response) => void this.#answer(request, response))
    this.#server.requestTimeout = 10_000
    this.#server.maxConnections = 64
  }

  /** Listens; rejects where the port is taken (0 takes a free one). */
  static async start(carrier: Carrier, at: { host: string; port: number }, needs: { ids: Ids; log: Log }) {
    const api = new CallsApi(carrier, needs)
    api.#server.listen(at.port, at.host)
    await once(api.#server, 'listening')
    return api
  }

  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo
    return `http://${address}:${port}`
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, type, body } = await this.#reply(request)
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
  }

  async #reply(request: IncomingMessage): Promise<Reply> {
    try {
      return await this.#serve(request)
    } catch (error) {
      const reasoned = this.#reasonOf(error)
      return json(reasoned.http, envelope(reasoned, `req_${this.#needs.ids.uuid().replaceAll('-', '')}`))
    }
  }

  #reasonOf(error: unknown): ReasonedError {
    if (error instanceof ReasonedError) return error
    if (error instanceof ScriptFault)
      return carrierErrors.INVALID_REQUEST({ field: error.field, problem: error.problem })
    this.#needs.log.error({ err: error }, 'a request could not be answered')
    return carrierErrors.INTERNAL(undefined, { cause: error })
  }

  async #serve(request: IncomingMessage): Promise<Reply> {
    const { method = 'GET', headers, url = '/' } = request
    if (!isLocal(headers.host)) throw carrierErrors.NOT_LOCAL()
    const path = url.split('?')[0] ?? '/'
    const [, collection, id, part, ...rest] = path.split('/')
    if (rest.length > 0) throw carrierErrors.PATH_NOT_FOUND({ method, path })
    const what = [method, collection, id === undefined ? '' : '{id}', part ?? ''].join(' ').trim()
    switch (what) {
      case 'GET numbers':
        return json(200, { result: this.#carrier.script.numbers.rows })
      case 'GET registrations':
        return json(200, { result: this.#carrier.registrations.list() })
      case 'GET calls':
        return json(200, { result: this.#carrier.log.list() })
      case 'POST calls':
        return json(201, this.#call(await bodyOf(request)))
      case 'GET calls {id}':
        return json(200, this.#find(id))
      case 'DELETE calls {id}':
        this.#carrier.hangUp(this.#find(id).id)
        return json(200, this.#find(id))
      case 'GET calls {id} heard.wav':
        return this.#heard(this.#find(id).id)
      default:
        throw carrierErrors.PATH_NOT_FOUND({ method, path })
    }
  }

  #call(body: Record<string, unknown>) {
    const { from = DEFAULT_FROM, to, steps = DEFAULT_STEPS, ...rest } = body
    for (const field of Object.keys(rest)) throw new ScriptFault(field, 'is no field of a call')
    const taken = readSteps(steps, 'steps')
    for (const [at, step] of taken.entries())
      if (ONLY_CALLED.includes(step.do))
        throw new ScriptFault(`steps[${at}].do`, `is nothing for a caller: ${step.do} is what a called number does`)
    return this.#carrier.call({ from: readNumber(from, 'from'), to: readNumber(to, 'to'), steps: taken })
  }

  #find(call_id = '') {
    const call = this.#carrier.log.find(call_id)
    if (!call) throw carrierErrors.CALL_NOT_FOUND({ call_id })
    return call
  }

  async #heard(call_id: string): Promise<Reply> {
    const body = await this.#carrier.heard.read(call_id)
    if (!body) throw carrierErrors.NOTHING_HEARD({ call_id })
    return { status: 200, type: 'audio/wav', body }
  }
}

/** Steps on the way to an answer. */
const ONLY_CALLED: readonly Step['do'][] = ['ring', 'challenge', 'answer', 'refuse', 'garble', 'call_back']

/** The platform's envelope (`platform.md` §5), without the HTTP server that has it: this program loads none. */
function envelope({ status, reason, message, domain, details }: ReasonedError, request_id: string): object {
  return { error: { status, reason, message, request_id, domain, ...(details.length > 0 ? { details } : {}) } }
}

function json(status: number, value: unknown): Reply {
  return { status, type: 'application/json', body: JSON.stringify(value) }
}

/** Whether the request was meant for an address or name of this machine: a name of the network may be made to lead here. */
function isLocal(host = ''): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'))
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  // a page can post without asking first only what is no JSON
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) throw carrierErrors.NOT_LOCAL()
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > MOST_BODY_BYTES) throw new ScriptFault('the body', `takes at most ${MOST_BODY_BYTES} bytes`)
    chunks.push(chunk)
  }
  const body = parsed(Buffer.concat(chunks).toString('utf8'))
  if (!isObject(body)) throw new ScriptFault('the body', 'takes a JSON object')
  return body
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
