import { timestamp } from '#platform/time'
import type { RecordedMessage } from './call-record.ts'
import type { CallEntry } from './contract.ts'
import { summaryOf } from './sip-text.ts'

/** An entry for each message; repetitions are counted at the first. */
export function sipEntries(messages: readonly RecordedMessage[]): CallEntry[] {
  const entries: CallEntry[] = []
  const first = new Map<string, NonNullable<CallEntry['sip']>>()
  for (const message of messages) {
    const key = `${message.direction} ${message.text}`
    const known = message.again ? first.get(key) : undefined
    if (known) {
      known.retransmissions++
      continue
    }
    const entry = entryOf(message)
    if (entry.sip) first.set(key, entry.sip)
    entries.push(entry)
  }
  return entries
}

function entryOf(message: RecordedMessage): CallEntry {
  const { direction, transport, local, remote, at } = message
  const [from, to] = direction === 'in' ? [remote, local] : [local, remote]
  const sip = {
    direction,
    transport,
    from: hostPort(from),
    to: hostPort(to),
    ...summaryOf(message),
    retransmissions: 0,
  }
  const what = sip.status === 0 ? sip.method : `${sip.status} ${sip.phrase} to ${sip.method}`
  const where = direction === 'in' ? `from ${sip.from}` : `to ${sip.to}`
  return { timestamp: timestamp(at), type: 'sip', text: `${what} ${where} over ${transport.toUpperCase()}`, sip }
}

/** An address and port as a URL has them. */
export function hostPort({ address, port }: { address: string; port: number }): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`
}
