import { ReasonedError } from '#platform/errors'
import { apiErrors } from '#platform/http'
import type { Log } from '#platform/log'
import type { OutboundClient } from '#platform/outbound'
import type { CarrierAccount, CarrierAdapter } from './carrier-adapter.ts'
import { provisioningErrors } from './errors.ts'

export interface TelnyxNeeds {
  outbound: Pick<OutboundClient, 'request'>
  log: Log
  /** Where its calls to our numbers come to: `pstn.{base}`. */
  fqdn: string
  port: number
  /** Of its API. */
  url?: string
}

const API = 'https://api.telnyx.com'
const HOST = 'sip.telnyx.com'
const TIMEOUT_MS = 10_000
/** Of what it says about a fault. */
const LONGEST_ISSUE = 200

/** What is understood of an answer. */
interface Answer {
  /** Of the object that it tells of. */
  id?: string
  /** Why it refused. */
  issue?: string
}

/**
 * Telnyx (API v2): a profile for outgoing calls, a connection that has it, and our name as where calls go. The key is used
 * for this and kept nowhere.
 */
export class Telnyx implements CarrierAdapter {
  readonly #needs: TelnyxNeeds

  constructor(needs: TelnyxNeeds) {
    this.#needs = needs
  }

  async setUp({ api_key, name }: { api_key: string; name: string }): Promise<CarrierAccount> {
    const { fqdn, port } = this.#needs
    const made: string[] = []
    const create = async (kind: string, body: object): Promise<string> => {
      const { id } = await this.#ask(api_key, 'POST', kind, body)
      if (id === undefined) throw apiErrors.SERVICE_UNAVAILABLE({})
      made.push(`${kind}/${encodeURIComponent(id)}`)
      return id
    }
    const undo = () => this.#undo(api_key, made)
    try {
      await this.#ask(api_key, 'GET', 'outbound_voice_profiles?page[size]=1')
      const telnyx_profile_id = await create('outbound_voice_profiles', { name })
      const telnyx_connection_id = await create('fqdn_connections', {
        connection_name: name,
        active: true,
        outbound: { outbound_voice_profile_id: telnyx_profile_id },
      })
      const telnyx_fqdn_id = await create('fqdns', {
        ...{ connection_id: telnyx_connection_id, fqdn, port, dns_record_type: 'a' },
      })
      const metadata = { telnyx_profile_id, telnyx_connection_id, telnyx_fqdn_id, telnyx_fqdn: fqdn }
      return { provider: { hostname: HOST }, metadata, undo }
    } catch (error) {
      await undo()
      throw error
    }
  }

  async #undo(api_key: string, made: string[]): Promise<void> {
    for (let path = made.pop(); path; path = made.pop())
      try {
        await this.#ask(api_key, 'DELETE', path)
      } catch (error) {
        if (!(error instanceof ReasonedError)) throw error
        this.#needs.log.warn({ path, reason: error.reason }, 'an object at Telnyx could not be removed')
      }
  }

  async #ask(api_key: string, method: string, path: string, body?: object): Promise<Answer> {
    const { outbound, url = API } = this.#needs
    const answer = await outbound.request({
      url: `${url}/v2/${path}`,
      method,
      headers: { authorization: `Bearer ${api_key}`, accept: 'application/json', 'content-type': 'application/json' },
      timeoutMs: TIMEOUT_MS,
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    if (!answer.ok || answer.status >= 500) throw apiErrors.SERVICE_UNAVAILABLE({})
    if (answer.status === 401 || answer.status === 403)
      throw provisioningErrors.CARRIER_CREDENTIALS_REJECTED({ carrier: 'telnyx' })
    const read = readAnswer(answer.body)
    if (answer.status < 300) return read
    const { issue = `status ${answer.status}` } = read
    throw apiErrors.INVALID_ARGUMENT({ field: 'carrier', issue: `refused it: ${issue.slice(0, LONGEST_ISSUE)}` })
  }
}

/** An answer that is no JSON, or of another shape, says nothing. */
function readAnswer(body: Buffer): Answer {
  const { data, errors } = membersOf(parsed(body))
  const { id } = membersOf(data)
  const { detail, title } = membersOf(Array.isArray(errors) ? errors[0] : undefined)
  const issue = [detail, title].find((said) => typeof said === 'string')
  return {
    ...(typeof id === 'string' && id !== '' ? { id } : {}),
    ...(typeof issue === 'string' ? { issue } : {}),
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
