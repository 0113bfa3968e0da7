import { timestamp } from '#platform/time'
import type { EndpointStatistics } from '#telecom/media'
import type { RecordedFact, WitnessedMediaEvent } from './call-record.ts'
import type { NotCaptured } from './capture-budget.ts'
import type { CallEntry } from './contract.ts'
import { hostPort } from './sip-entries.ts'

type Media = NonNullable<CallEntry['media']>

/** An entry for each fact of the sound, and for each key. */
export function mediaEntries(facts: readonly RecordedFact[]): CallEntry[] {
  let codec = ''
  return facts.flatMap((fact) => {
    const said: { text: string; media: Media }[] = []
    if (fact.kind === 'line' && fact.codec && fact.codec !== codec) {
      codec = fact.codec
      said.push({ text: `The codec is ${codec}`, media: { fact: 'codec', codec } })
    }
    const other = otherOf(fact)
    if (other) said.push(other)
    return said.map(({ text, media }): CallEntry => ({ timestamp: timestamp(fact.at), type: 'media', text, media }))
  })
}

const NOT_CAPTURED: Record<NotCaptured, string> = {
  customer_used_up: 'what is captured of this customer today takes as much as it may',
  total_used_up: 'what is kept of captures takes as much as it may',
  not_possible: 'there is no place for it',
}

function otherOf(fact: RecordedFact): { text: string; media: Media } | undefined {
  switch (fact.kind) {
    case 'media':
      return ofSound(fact.event)
    case 'line':
      return ofLine(fact.event)
    case 'not_captured': {
      const { why } = fact
      return { text: `Its sound is not captured: ${NOT_CAPTURED[why]}`, media: { fact: 'not_captured', why } }
    }
    default:
      return undefined
  }
}

function ofLine(event: (RecordedFact & { kind: 'line' })['event']): { text: string; media: Media } | undefined {
  switch (event.type) {
    case 'digit': {
      const { digit: key, durationMs: duration_ms, method } = event
      const way = { rfc4733: 'by RFC 4733', info: 'by INFO', inband: 'as a tone' }[method]
      return { text: `The key ${key} was pressed, ${way}`, media: { fact: 'key', key, duration_ms, method } }
    }
    case 'held':
      return { text: 'The phone put us on hold', media: { fact: 'held' } }
    case 'resumed':
      return { text: 'The phone took us back from hold', media: { fact: 'resumed' } }
    default:
      return undefined
  }
}

function ofSound(event: WitnessedMediaEvent): { text: string; media: Media } {
  switch (event.type) {
    case 'media_sending':
      return { text: 'The first packet of sound was sent', media: { fact: 'first_packet_sent' } }
    case 'media_started': {
      const address = hostPort(event)
      return {
        text: `The first packet of sound came from ${address}`,
        media: { fact: 'first_packet_received', address },
      }
    }
    case 'media_moved': {
      const address = hostPort(event)
      return { text: `Sound comes from ${address} from now on`, media: { fact: 'source_changed', address } }
    }
    case 'media_lost': {
      const silent_ms = Math.round(event.silentMs)
      return { text: `No sound came for ${Math.round(silent_ms / 1_000)} s`, media: { fact: 'silence', silent_ms } }
    }
    case 'media_resumed':
      return { text: 'Sound comes again', media: { fact: 'sound_again' } }
    case 'restarted':
      return { text: 'The part that carries the sound was restarted', media: { fact: 'restarted' } }
    case 'failed':
      return { text: `The sound was lost: ${event.issue}`, media: { fact: 'failed' } }
    case 'statistics':
      return { text: figures(event.statistics), media: { fact: 'statistics', statistics: shown(event.statistics) } }
  }
}

function figures({ received, sent, loss, jitterMs, mos }: EndpointStatistics): string {
  const percent = (loss * 100).toFixed(1)
  return `${received.packets} packets came and ${sent.packets} were sent; loss ${percent} %, jitter ${jitterMs.toFixed(0)} ms, MOS ${mos.toFixed(1)}`
}

function shown(statistics: EndpointStatistics): NonNullable<Media['statistics']> {
  const { sent, received, loss, jitterMs, roundTripMs, remote, mos, dropped } = statistics
  return {
    sent_packets: sent.packets,
    received_packets: received.packets,
    lost_packets: received.lost,
    loss,
    jitter_ms: jitterMs,
    round_trip_ms: roundTripMs,
    remote_loss: remote?.loss ?? null,
    mos,
    dropped: { ...dropped },
  }
}
