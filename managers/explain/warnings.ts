import type { CallRecord } from './call-record.ts'
import type { CallEntry } from './contract.ts'
import { isMedia, statisticsOf } from './record-facts.ts'
import { WARNINGS, type WarningReason } from './verdict-table.ts'

const MOST_LOSS = 0.03
const MOST_JITTER_MS = 50
/** Of fewer packets nothing can be said. */
const LEAST_PACKETS = 100

/** What else is worth knowing, in the order of the table. */
export function warningsOf(record: CallRecord | undefined, entries: readonly CallEntry[]) {
  const found = new Set<WarningReason>([...(record ? ofSound(record) : []), ...ofEntries(entries)])
  return [...found].map((reason) => ({ reason, ...WARNINGS[reason] }))
}

function* ofSound(record: CallRecord): Iterable<WarningReason> {
  const statistics = statisticsOf(record)
  if (statistics && statistics.received.packets >= LEAST_PACKETS) {
    if (statistics.loss > MOST_LOSS) yield 'packets_lost'
    if (statistics.jitterMs > MOST_JITTER_MS) yield 'high_jitter'
  }
  if (record.facts.some((fact) => isMedia(fact, 'media_moved'))) yield 'source_changed'
  if (record.facts.some(isKeyBySound)) yield 'key_by_sound'
  if (record.facts.some((fact) => isMedia(fact, 'restarted'))) yield 'sound_worker_restarted'
}

function* ofEntries(entries: readonly CallEntry[]): Iterable<WarningReason> {
  if (entries.some(({ flow }) => flow?.result === 'failed')) yield 'flow_step_failed'
  if (entries.some(({ webhook }) => webhook?.status === 'failed')) yield 'webhook_failed'
}

function isKeyBySound(fact: CallRecord['facts'][number]): boolean {
  return fact.kind === 'line' && fact.event.type === 'digit' && fact.event.method === 'inband'
}
