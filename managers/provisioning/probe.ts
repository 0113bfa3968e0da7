import type { Clock } from '#platform/time'
import { parseSdp } from '#telecom/sdp'
import type { Destination } from '#telecom/sip'
import type { Carrier } from './carrier.ts'
import { type CarrierSip, carrierUri, destinationsOf } from './carrier-sip.ts'
import type { ProbeReason, ProviderProbe } from './probe-contract.ts'

const ANSWER_MS = 5_000

type Step = ProviderProbe['steps'][number]

/**
 * Tries a provider out, step by step: where its host leads to, whether anybody answers there, whether what it says of us is
 * good, and whether it knows a codec of ours. The first step that fails is the verdict.
 */
export async function probeCarrier(
  carrier: Carrier,
  { sip, clock }: { sip: CarrierSip; clock: Clock },
): Promise<Pick<ProviderProbe, 'reason' | 'steps'>> {
  const steps: Step[] = []
  const note = (step: Step['step'], fromMs: number, rest: Partial<Step>) =>
    steps.push({
      step,
      result: 'passed',
      detail: '',
      sip_status: 0,
      duration_ms: Math.round(clock.monotonicMs() - fromMs),
      ...rest,
    })
  const failed = (reason: ProbeReason) => ({ reason, steps })

  const beganMs = clock.monotonicMs()
  const via = await destinationsOf(carrier, sip)
  if (via.length === 0) {
    note('resolve', beganMs, { result: 'failed', detail: `${carrier.host} leads to no address that may be called` })
    return failed('host_not_found')
  }
  note('resolve', beganMs, { detail: via.map(shown).join(', ') })

  const askedMs = clock.monotonicMs()
  const reply = await sip.ask({
    method: 'OPTIONS',
    uri: carrierUri(carrier, 'healthcheck'),
    via,
    timeoutMs: ANSWER_MS,
    headers: { Accept: 'application/sdp' },
    ...(carrier.credentials ? { credentials: carrier.credentials } : {}),
  })
  if (reply.outcome !== 'answered') {
    const isUnreachable = reply.outcome === 'unreachable'
    note(isUnreachable ? 'transport' : 'options', askedMs, { result: 'failed', detail: reply.outcome })
    return failed(isUnreachable ? 'not_reachable' : 'no_answer')
  }
  const { status, reason_phrase, remote, transport } = reply
  note('transport', askedMs, { detail: shown({ remote, transport }) })
  const answer = { sip_status: status, detail: reason_phrase }
  if (status === 401 || status === 403 || status === 407) {
    note('options', askedMs, { ...answer, result: 'failed' })
    return failed(carrier.credentials ? 'credentials_refused' : 'credentials_needed')
  }
  if (status === 503) {
    note('options', askedMs, { ...answer, result: 'failed' })
    return failed('out_of_service')
  }
  note('options', askedMs, answer)

  const spoken = codecsIn(reply.body)
  if (!spoken) note('codecs', clock.monotonicMs(), { result: 'skipped', detail: 'it does not say which codecs it has' })
  else {
    const wanted = carrier.codecs.length > 0 ? carrier.codecs : OURS
    const common = wanted.filter((codec) => spoken.includes(codec))
    note('codecs', clock.monotonicMs(), { result: common.length > 0 ? 'passed' : 'failed', detail: spoken.join(', ') })
    if (common.length === 0) return failed('no_common_codec')
  }
  return { reason: 'ok', steps }
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
