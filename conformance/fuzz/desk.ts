import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemIds } from '#platform/ids'
import { apiClient, type Json, type Platform } from '#testkit'

/** Who the fuzzer may be: a kind of caller is a round of its own. */
export const KINDS = ['admin', 'root', 'accesskey', 'nobody', 'manager', 'delegate', 'agent'] as const
export type Kind = (typeof KINDS)[number]

/** What a round is given: how it proves who it is, and the ids that it may find useful from the start. */
interface Credentials {
  authorization?: string
  ids?: Record<string, string[]>
}

const PASSWORD = 'correct horse battery staple'
const PERMISSION = { admin: 32, manager: 64, agent: 16, root: 1 } as const

/** The fuzzer's wrong passwords make its own address wait, and the desk's must not. */
const FROM_ELSEWHERE = { 'cf-connecting-ip': '192.0.2.1' }
/** What the platform needs for that. */
export const DESK_SETTINGS = { TRUSTED_PROXIES: '127.0.0.1/32' }

/**
 * Gives the fuzzer its credentials, and new ones when it has fuzzed them away, over HTTP on this machine. Every identity is an
 * agent of a customer made for it, through the API, by the super admin of the first run, whose own login no round is given.
 */
export class Desk {
  /** Answers by operation and status, of all rounds. */
  readonly answered = new Map<string, number>()
  kind: Kind = 'admin'
  readonly #platform: Platform
  readonly #server: Server
  #current: Promise<Credentials> | undefined

  private constructor(platform: Platform) {
    this.#platform = platform
    this.#server = createServer(async (request, response) => {
      try {
        if (request.method === 'POST') {
          let text = ''
          for await (const chunk of request) text += chunk
          for (const [name, count] of Object.entries<number>(JSON.parse(text)))
            this.answered.set(name, (this.answered.get(name) ?? 0) + count)
          response.end('{}')
          return
        }
        if (request.url === '/lost') this.#current = undefined
        this.#current ??= this.#make(this.kind)
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify(await this.#current))
      } catch (error) {
        console.error(error)
        response.statusCode = 500
        response.end(String(error))
      }
    })
  }

  static async open(platform: Platform): Promise<Desk> {
    const desk = new Desk(platform)
    await new Promise<void>((resolve) => desk.#server.listen(0, '127.0.0.1', resolve))
    return desk
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get total(): number {
    return [...this.answered.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Begins a round. */
  serve(kind: Kind) {
    this.kind = kind
    this.#current = undefined
  }

  close() {
    this.#server.close()
  }

  async #make(kind: Kind): Promise<Credentials> {
    if (kind === 'nobody') return {}
    const { http, credentials } = this.#platform
    const root = apiClient(http, { token: await this.#login(credentials.admin.username, credentials.admin.password) })
    const name = systemIds.uuid()
    const empty = { detail: '', phone_number: '', address: '', webhook_method: '', webhook_uri: '' }
    const customer = await ok(root.post('/v1.0/customers', { ...empty, name, email: `${name}@example.com` }))
    const reason = 'Identities for the fuzzer'
    const { token } = await ok(root.post('/auth/delegate', { customer_id: customer.id, reason }))
    const ids = { customers: [customer.id] }
    const bearer = (proof: string) => ({ authorization: `Bearer ${proof}`, ids })
    if (kind === 'delegate') return bearer(token)
    const delegate = apiClient(http, { token })
    if (kind === 'accesskey') return bearer((await ok(delegate.post('/v1.0/accesskeys', { name }))).token)
    const username = `${kind}-${name}@example.com`
    const texts = { username, password: PASSWORD, name, detail: '', ring_method: 'ringall' }
    const addresses = [{ type: 'sip', target: `${name}@127.0.0.1` }]
    const agent = { ...texts, permission: PERMISSION[kind], tag_ids: [], addresses }
    const maker = kind === 'root' ? root : delegate
    await ok(maker.post('/v1.0/agents', agent))
    return bearer(await this.#login(username, PASSWORD))
  }

  async #login(username: string, password: string): Promise<string> {
    const { http } = this.#platform
    return (await ok(apiClient(http).post('/auth/login', { username, password }, FROM_ELSEWHERE))).token
  }
}

async function ok(asked: Promise<{ status: number; body?: Json; text: string }>): Promise<Json> {
  const answer = await asked
  if (answer.status > 201) throw new Error(answer.text)
  return answer.body
}
