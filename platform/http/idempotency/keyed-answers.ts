import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Catalogue, ReasonedError } from '#platform/errors'
import { type Answer, keepAnswer, keepRefusal, readKept } from '../answer.ts'
import type { Endpoint } from '../endpoint.ts'
import { apiErrors } from '../errors.ts'
import type { Identity } from '../identity.ts'
import type { Idempotency } from './idempotency.ts'

/** The header with the key, as Node.js gives it. */
const IDEMPOTENCY_KEY = 'idempotency-key'

const PRINTABLE = /^[\x20-\x7e]{1,255}$/
/** Who somebody is says nothing about what is asked. */
const CREDENTIALS = ['token', 'accesskey']

/** A request with a key. */
export interface Asked {
  key: string
  endpoint: Endpoint
  params: unknown
  request: FastifyRequest
  /** The true client address. */
  ip: string
}

/** The key of a request that has one; only what a POST does could be done twice. Throws `INVALID_ARGUMENT` for a bad one. */
export function keyOf({ method }: Endpoint, headers: FastifyRequest['headers']): string | undefined {
  const key = headers[IDEMPOTENCY_KEY]
  if (method !== 'POST' || key === undefined) return undefined
  if (typeof key === 'string' && PRINTABLE.test(key)) return key
  throw apiErrors.INVALID_ARGUMENT({ field: 'Idempotency-Key', issue: 'must be 1 to 255 printable ASCII characters' })
}

/** Answers of requests with keys: of the first run, for as long as they are kept. */
export class KeyedAnswers {
  readonly #idempotency: Idempotency
  readonly #catalogues: readonly Catalogue[]

  constructor(idempotency: Idempotency, catalogues: readonly Catalogue[]) {
    this.#idempotency = idempotency
    this.#catalogues = catalogues
  }

  /** The answer of `work`, or the kept one; throws what `judge` made of a failure. 5xx and 429 are not kept. */
  async answer(
    { key, endpoint, params, request, ip }: Asked,
    work: () => Promise<Answer>,
    judge: (thrown: unknown) => ReasonedError,
  ): Promise<Answer> {
    const { exchange } = request
    let refusal: ReasonedError | undefined
    const keyed = {
      customer: exchange.identity.customer_id,
      caller: callerOf(exchange.identity, ip),
      operation: `${endpoint.method} ${endpoint.path}`,
      ...{ params, key, fingerprint: fingerprintOf(request) },
      deadlineMs: exchange.deadlineMs - exchange.startedMs,
      evenWithoutDatabase: endpoint.endsCall ?? false,
      signal: exchange.signal,
    }
    const { answer, replayed } = await this.#idempotency.once(keyed, async () => {
      try {
        return { answer: keepAnswer(await work()), final: true }
      } catch (thrown) {
        refusal = judge(thrown)
        return { answer: keepRefusal(refusal), final: refusal.http < 500 && refusal.http !== 429 }
      }
    })
    if (refusal) throw refusal
    exchange.replayed = replayed
    return readKept(answer, this.#catalogues)
  }
}

/** Whose keys these are: each agent has its own, so do the access keys of a customer, and addresses without a login. */
function callerOf({ kind, agent_id }: Identity, ip: string): string {
  return kind === 'anonymous' ? `${kind} ${ip}` : `${kind} ${agent_id}`
}

/** What makes a request the same one: query and body, as they were sent; of an upload, which nobody holds, its length. */
function fingerprintOf({ query, body, headers }: FastifyRequest): Buffer {
  const asked = Object.entries(query as object).filter(([name]) => !CREDENTIALS.includes(name))
  const hash = createHash('sha256').update(JSON.stringify(asked.sort()))
  return hash.update(body instanceof Buffer ? body : (headers['content-length'] ?? '')).digest()
}
