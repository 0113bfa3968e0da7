import { isIP } from 'node:net'
import type { Clock } from '#platform/time'
import { parseSdp } from '#telecom/sdp'
import { type Destination, sipUri } from '#telecom/sip'
import type { Carrier } from './carrier.ts'
import { type CarrierSip, carrierUri, destinationsOf } from './carrier-sip.ts'
import type { ProbeReason, ProbeResult, ProviderProbe } from './probe-contract.ts'

/** What a probe needs of the call role. */
export interface ProbeNeeds {
  sip: CarrierSip
  clock: Clock
  /** Whether an address that a customer names may be asked. */
  mayReach(address: string): boolean
}

const ANSWER_MS = 5_000
const DEFAULT_PORT = 5060
/** A probe is no scan. */
const MOST_ADDRESSES = 2

type Step = ProviderProbe['steps'][number]

/** What is asked: where it is, what it is called, which codecs it may have (ours unless said), and who we are there. */
interface Asked {
  uri: string
  via: readonly Destination[]
  codecs: readonly string[]
  credentials?: NonNullable<Carrier['credentials']>
}

/**
 * Tries a provider out, step by step: where its host leads to, whether anybody answers there, whether what it says of us is
 * good, and whether it knows a codec of ours.
 */
export async function probeCarrier(carrier: Carrier, needs: ProbeNeeds): Promise<ProbeResult> {
  const steps = new Steps(needs.clock)
  const via = await destinationsOf(carrier, needs.sip)
  if (via.length === 0) {
    steps.note('resolve', { result: 'failed', detail: `${carrier.host} leads to no address that may be called` })
    return { reason: 'host_not_found', steps: steps.all }
  }
  steps.note('resolve', { detail: via.map(shown).join(', ') })
  const { codecs, credentials } = carrier
  const uri = carrierUri(carrier, 'healthcheck')
  const reason = await ask({ uri, via, codecs, ...(credentials ? { credentials } : {}) }, needs.sip, steps)
  return { reason, steps: steps.all }
}

/**
 * Asks the single addresses of a trunk, one after the other, until a PBX answers. Private ones are asked where their network
 * may be reached.
 */
export async function probePbx(addresses: readonly string[], needs: ProbeNeeds): Promise<ProbeResult> {
  const steps = new Steps(needs.clock)
  const single = addresses.filter((address) => isIP(address) > 0).slice(0, MOST_ADDRESSES)
  let verdict: ProbeReason = 'no_address'
  for (const address of single) {
    const reason = await askPbx(address, needs, steps)
    if (reason === 'ok') return { reason, steps: steps.all }
    if (verdict === 'no_address') verdict = reason
  }
  return { reason: verdict, steps: steps.all }
}

async function askPbx(address: string, { sip, mayReach }: ProbeNeeds, steps: Steps): Promise<ProbeReason> {
  const at: Destination = { remote: { address, port: DEFAULT_PORT }, transport: 'udp' }
  if (!mayReach(address)) {
    steps.note('resolve', { result: 'failed', detail: `${address} is a private address` })
    return 'address_not_asked'
  }
  steps.note('resolve', { detail: shown(at) })
  return ask({ uri: sipUri({ user: 'healthcheck', host: bracketed(address) }), via: [at], codecs: [] }, sip, steps)
}

async function ask({ codecs, credentials, ...where }: Asked, sip: CarrierSip, steps: Steps): Promise<ProbeReason> {
  const reply = await sip.ask({
    ...{ method: 'OPTIONS', ...where, timeoutMs: ANSWER_MS, headers: { Accept: 'application/sdp' } },
    ...(credentials ? { credentials } : {}),
  })
  if (reply.outcome !== 'answered') {
    const isUnreachable = reply.outcome === 'unreachable'
    steps.note(isUnreachable ? 'transport' : 'options', { result: 'failed', detail: reply.outcome })
    return isUnreachable ? 'not_reachable' : 'no_answer'
  }
  const { status, reason_phrase, remote, transport } = reply
  steps.note('transport', { detail: shown({ remote, transport }) })
  const refusal = refusalOf(status, credentials !== undefined)
  const result = refusal ? 'failed' : 'passed'
  steps.note('options', { sip_status: status, detail: reason_phrase, result })
  return refusal ?? codecsAnswered(reply.body, codecs, steps)
}

function refusalOf(status: number, hasCredentials: boolean): ProbeReason | undefined {
  if (status === 503) return 'out_of_service'
  if (status !== 401 && status !== 403 && status !== 407) return undefined
  return hasCredentials ? 'credentials_refused' : 'credentials_needed'
}

function codecsAnswered(body: Buffer, codecs: readonly string[], steps: Steps): ProbeReason {
  const spoken = codecsIn(body)
  if (!spoken) {
    steps.note('codecs', { result: 'skipped', detail: 'it does not say which codecs it has' })
    return 'ok'
  }
  const wanted: readonly string[] = codecs.length > 0 ? codecs : OURS
  const isCommon = wanted.some((codec) => spoken.includes(codec))
  steps.note('codecs', { result: isCommon ? 'passed' : 'failed', detail: spoken.join(', ') })
  return isCommon ? 'ok' : 'no_common_codec'
}

/** Notes steps, each with the time since the one before. */
class Steps {
  readonly all: Step[] = []
  readonly #clock: Clock
  #sinceMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#sinceMs = clock.monotonicMs()
  }

  note(step: Step['step'], rest: Partial<Step>): void {
    const nowMs = this.#clock.monotonicMs()
    const duration_ms = Math.round(nowMs - this.#sinceMs)
    this.#sinceMs = nowMs
    this.all.push({ step, result: 'passed', detail: '', sip_status: 0, duration_ms, ...rest })
  }
}

const OURS = ['PCMU', 'PCMA'] as const
/** RFC 3551 §6. */
const STATIC: Readonly<Record<string, string>> = { '0': 'PCMU', '8': 'PCMA' }

/** The codecs of a description in an answer to OPTIONS (RFC 3261 §11.2); `undefined` where there is none. */
function codecsIn(body: Buffer): string[] | undefined {
  const read = parseSdp(body.toString('utf8'))
  const audio = 'sdp' in read ? read.sdp.media.find(({ media }) => media === 'audio') : undefined
  if (!audio) return undefined
  const named = audio.attributes.flatMap(({ name, value }) => {
    const [, format = '', codec = ''] = name === 'rtpmap' ? (/^(\d+) ([^/]+)\//.exec(value) ?? []) : []
    return format === '' ? [] : [[format, codec.toUpperCase()] as const]
  })
  const codecs = new Map(named)
  return audio.formats.flatMap((format) => codecs.get(format) ?? STATIC[format] ?? [])
}

function shown({ remote, transport }: Destination): string {
  return `${transport} ${remote.address}:${remote.port}`
}

/** An address as the host of a URI. */
function bracketed(address: string): string {
  return isIP(address) === 6 ? `[${address}]` : address
}
