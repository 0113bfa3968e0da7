import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { TestContext } from 'node:test'
import { parseMessage, SipRequest } from '#telecom/sip'
import {
  type ApiClient,
  apiClient,
  eventually,
  freePort,
  type Json,
  type Platform,
  Sipp,
  type SippOptions,
} from '#testkit'

const EVERYBODY = '00000000-0000-0000-0000-000000000001'

export const scenarioOf = (name: string) => new URL(`carriers/${name}.xml`, import.meta.url).pathname

export interface SippPeer {
  port: number
  /** Ends it, and gives what came to it, once everything was as its scenario says. */
  wentAsWritten(): Promise<SipRequest[]>
}

/** What a scenario is played with: `service` is what it says in that place, `echoes` that it sends sound back. */
type Played = Pick<SippOptions, 'service' | 'echoes' | 'host'>

/** SIPp as somebody who is called, until it is ended. */
export async function sippPeer(t: TestContext, scenario: string, played: Played = {}): Promise<SippPeer> {
  const port = await freePort('sip')
  const sipp = await Sipp.start({
    ...{ scenario: scenarioOf(scenario), port, keepsReceived: true, timeoutSeconds: 60, ...played },
  })
  t.after(() => sipp.stop())
  return {
    port,
    wentAsWritten: async () => {
      const { created, successful, failed, unexpected, output, received } = await sipp.halt()
      assert.deepEqual({ successful, failed }, { successful: created, failed: 0 }, `${unexpected}\n${output}`)
      const messages = received.map((text) => parseMessage(Buffer.from(text)))
      return messages.filter((message) => message instanceof SipRequest).filter(({ method }) => method !== 'OPTIONS')
    },
  }
}

/** Carriers that are SIPp, and the calls of a running platform that go to them. */
export class SippCarriers {
  readonly root: ApiClient
  /** Whose calls it asks about: the super admin's, where nothing else is said. */
  readonly caller: ApiClient

  private constructor(root: ApiClient, caller: ApiClient) {
    this.root = root
    this.caller = caller
  }

  static async on({ http, credentials }: Platform): Promise<SippCarriers> {
    const { body } = await apiClient(http).post('/auth/login', credentials.admin)
    const root = apiClient(http, { token: body.token })
    return new SippCarriers(root, root)
  }

  /** The same carriers, and somebody else's calls. */
  for(caller: ApiClient): SippCarriers {
    return new SippCarriers(this.root, caller)
  }

  /** A provider that is SIPp with this scenario, and answers its probe. */
  async carrier(
    t: TestContext,
    scenario: string,
    { played, ...provider }: { played?: Played; [field: string]: unknown } = {},
  ): Promise<SippPeer & { provider_id: string }> {
    const peer = await sippPeer(t, scenario, played)
    const { body, text } = await this.root.post('/v1.0/providers', {
      ...{ type: 'sip', hostname: `127.0.0.1:${peer.port}`, name: scenario, detail: '' },
      ...{ tech_prefix: '', tech_postfix: '', tech_headers: {}, ...provider },
    })
    assert.ok(body.id, text)
    t.after(() => this.root.delete(`/v1.0/providers/${body.id}`))
    const probe = async () => (await this.root.post(`/v1.0/providers/${body.id}/probe`)).body.reason === 'ok'
    await eventually('the carrier answers', probe, 20_000)
    return { ...peer, provider_id: body.id }
  }

  /** Calls to numbers that begin so go to this carrier. */
  async route(t: TestContext, provider_id: string, priority: number, target: string): Promise<void> {
    const route = { customer_id: EVERYBODY, name: '', detail: '', provider_id, priority, target }
    const { body, text } = await this.root.post('/v1.0/routes', route)
    assert.ok(body.id, text)
    t.after(() => this.root.delete(`/v1.0/routes/${body.id}`))
  }

  /** A call through this provider alone; gives its id. */
  async call(provider_id: string, actions: object[], destination = '+14155550123'): Promise<string> {
    const { body, text } = await this.root.post('/v1.0/providercalls', {
      ...{ provider_id, actions, destinations: [{ type: 'tel', target: destination }] },
    })
    assert.equal(body.call_ids?.length, 1, text)
    return body.call_ids[0]
  }

  becomes(id: string, status: string, withinMs = 15_000): Promise<Json> {
    return eventually(
      `the call is ${status}`,
      async () => {
        const { body } = await this.caller.get(`/v1.0/calls/${id}`)
        return body.status === status ? body : undefined
      },
      withinMs,
    )
  }

  async hangUp(id: string): Promise<void> {
    const { status, text } = await this.caller.post(`/v1.0/calls/${id}/hangup`)
    assert.equal(status, 200, text)
    await this.becomes(id, 'hangup')
  }

  async explained(id: string): Promise<Json> {
    return (await this.caller.get(`/v1.0/calls/${id}/explain`)).body
  }
}

/** What a request says in its Proxy-Authorization, by name; empty where it has none. */
export function proofOf(request: SipRequest | undefined): Record<string, string> {
  const line = request?.headers.get('proxy-authorization') ?? ''
  return Object.fromEntries(
    [...line.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)].map(([, name, quoted, bare]) => [name, quoted ?? bare]),
  )
}

/** The response that belongs to a proof (RFC 2617 §3.2.2, MD5 with `qop=auth`), reckoned here by itself. */
export function rightResponse(proof: Record<string, string>, method: string, password: string): string {
  const md5 = (text: string) => createHash('md5').update(text).digest('hex')
  const { username, realm, nonce, nc, cnonce, qop, uri } = proof
  return md5(`${md5(`${username}:${realm}:${password}`)}:${nonce}:${nc}:${cnonce}:${qop}:${md5(`${method}:${uri}`)}`)
}
