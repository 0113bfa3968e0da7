import { type DialogState, type MessageIds, parseFlowKey, type RemoteAddress } from '#telecom/sip'
import type { LiveRecord } from './live-record.ts'

/**
 * Whose a message is. A Call-ID alone names no line: a call that comes back to us has the same one twice, and anybody may write
 * one that he has seen. So a line is found by its Call-ID and our own tag, which nobody can guess; and a message that has no
 * tag of ours yet (the INVITE of a caller, what we answer before it is a call, its CANCEL) by what names this caller: the
 * Call-ID, his tag and the address that it came from or goes to. Everything else is nobody's.
 */
export class LineIndex {
  readonly #records = new Map<string, LiveRecord>()

  /** From now on this line's messages are this record's. A name that another call has while it lives stays that call's. */
  add(record: LiveRecord, dialog: DialogState): void {
    for (const name of namesOf(dialog)) {
      const other = this.#records.get(name)
      if (other && other.overMs === undefined) continue
      this.#records.set(name, record)
      record.names.push(name)
    }
  }

  delete(record: LiveRecord): void {
    for (const name of record.names) if (this.#records.get(name) === record) this.#records.delete(name)
  }

  /** The record that a message belongs to. */
  find(ids: MessageIds, direction: 'in' | 'out', remote: RemoteAddress): LiveRecord | undefined {
    const isCallers = isOfCaller(ids, direction)
    const ours = isCallers ? ids.to_tag : ids.from_tag
    const known = ours === '' ? undefined : this.#records.get(ourName(ids.call_id, ours))
    if (known || !isCallers) return known
    return this.#records.get(callerName(ids.call_id, ids.from_tag, remote.address))
  }
}

/** Whether a message belongs to a request that came to us: its From is the other side's, its To is ours. */
export function isOfCaller({ kind }: MessageIds, direction: 'in' | 'out'): boolean {
  return (kind === 'request') === (direction === 'in')
}

/** What names a caller before he knows a tag of ours. Neither a tag nor an address has a line break. */
export function callerName(call_id: string, tag: string, address: string): string {
  return `caller\n${address}\n${tag}\n${call_id}`
}

/** The same by the dialog; `undefined` where we are the caller. */
export function callerNameOf({ role, call_id, remote_tag, flow }: DialogState): string | undefined {
  const remote = role === 'uas' ? parseFlowKey(flow)?.remote : undefined
  return remote && callerName(call_id, remote_tag, remote.address)
}

function namesOf(dialog: DialogState): string[] {
  const caller = callerNameOf(dialog)
  return [ourName(dialog.call_id, dialog.local_tag), ...(caller === undefined ? [] : [caller])]
}

function ourName(call_id: string, tag: string): string {
  return `ours\n${tag}\n${call_id}`
}
