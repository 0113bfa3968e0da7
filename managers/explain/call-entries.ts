import type { MatchedRule } from '#managers/call'
import { NIL_UUID } from '#platform/ids'
import { timestamp } from '#platform/time'
import type { CallRecord } from './call-record.ts'
import type { CallEntry } from './contract.ts'
import type { ExplainedCall } from './needs.ts'
import { askedBy, endOf } from './record-facts.ts'
import type { TriedWay } from './route-entries.ts'

/** How the call came to be: by which rule it was let in, or for whom it was made. */
export function beginningEntry(call: ExplainedCall, rule: MatchedRule | null): CallEntry[] {
  if (call.direction === 'outgoing') return [createdEntry(call)]
  if (!rule) return []
  const who = callerOf(rule)
  const text = `Let in: ${rule.dialled} is ${MATCHED[rule.matched]}, called by ${who}`
  const checks = CHECKS.map((check) => ({
    check,
    result:
      check === 'credentials' && rule.authenticated === '' && rule.provider_id === undefined
        ? ('not_needed' as const)
        : ('passed' as const),
  }))
  return [{ timestamp: call.tm_create, type: 'rule', text, rule: { ...rule, checks } }]
}

function callerOf({ authenticated, provider_id }: MatchedRule): string {
  if (provider_id !== undefined) return `the provider ${provider_id}`
  return authenticated === '' ? 'anybody' : `the extension ${authenticated}`
}

/** What is looked at before a caller is let in, in order. */
const CHECKS = ['credentials', 'destination', 'customer_status', 'balance', 'flow'] as const

const MATCHED: Record<MatchedRule['matched'], string> = {
  number: 'a number with a flow',
  direct_flow: 'the direct hash of a flow',
  direct_extension: 'the direct hash of an extension',
  direct_agent: 'the direct hash of an agent',
  extension: 'an extension of the same customer',
  agent: 'an agent of the same customer',
  telephone: 'a telephone number outside',
}

function createdEntry(call: ExplainedCall): CallEntry {
  const { master_call_id, groupcall_id, tm_create } = call
  const by =
    groupcall_id !== NIL_UUID ? 'groupcall' : master_call_id !== NIL_UUID ? 'connect' : ('request_or_flow' as const)
  const text = {
    groupcall: `Made as one of the groupcall ${groupcall_id}`,
    connect: `Made for the call ${master_call_id}`,
    request_or_flow: 'Made on request: POST /calls, or the action call of a flow',
  }[by]
  return { timestamp: tm_create, type: 'created', text, created: { by, master_call_id, groupcall_id } }
}

/** The ways to a callee that were tried by ourselves: registered phones, and addresses of a SIP URI. */
export function waysOf(call: ExplainedCall, record: CallRecord | undefined): TriedWay[] {
  if (call.direction === 'incoming' || call.destination.type === 'tel') return []
  const kind = call.destination.type === 'sip' ? 'address' : 'contact'
  const again = record?.facts.filter((fact) => fact.kind === 'redialled').map(({ at }) => timestamp(at)) ?? []
  return [call.tm_create, ...again].map((tm_create, at) => ({ tm_create, kind, provider_id: '', attempt: at + 1 }))
}

/** The states of the call with their times, and how it ended. */
export function stateEntries(call: ExplainedCall, record: CallRecord | undefined): CallEntry[] {
  const { tm_ringing, tm_progressing, tm_hangup } = call
  const entries: CallEntry[] = []
  const add = (timestamp: string | undefined, text: string, state: NonNullable<CallEntry['state']>) => {
    if (timestamp !== undefined) entries.push({ timestamp, type: 'state', text, state })
  }
  add(tm_ringing, 'Ringing', { status: 'ringing' })
  add(tm_progressing, 'Answered', { status: 'progressing' })
  const { hangup_by = '', hangup_reason = '' } = call
  const end = record && endOf(record)
  const asked_by = record && askedBy(record)
  add(tm_hangup, `Over: ${hangup_reason}, ended by ${hangup_by === 'local' ? 'us' : 'the other side'}`, {
    status: 'hangup',
    hangup_by,
    hangup_reason,
    ...(asked_by ? { asked_by } : {}),
    ...(end?.status === undefined ? {} : { sip_status: end.status }),
    ...(end ? { q850_cause: end.cause } : {}),
  })
  return entries
}
