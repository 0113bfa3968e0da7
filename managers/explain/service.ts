import { callErrors } from '#managers/call/errors'
import { apiErrors, type Download, type Page, type PageRequest, paginate } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import type { Log } from '#platform/log'
import { type Timestamp, timestamp, timestampToMs } from '#platform/time'
import { beginningEntry, stateEntries, waysOf } from './call-entries.ts'
import { pcapOf } from './call-pcap.ts'
import type { Captures } from './captures.ts'
import type { CallEntry, CallExplanation, RefusedCall, SipAnalysis } from './contract.ts'
import { flowEntries } from './flow-entries.ts'
import { mediaEntries } from './media-entries.ts'
import type {
  Calls,
  Charges,
  Execution,
  Executions,
  ExplainedCall,
  ExplainedGroup,
  Groupcalls,
  RouteAttempts,
  WebhookAttempts,
} from './needs.ts'
import { askedBy, connectRefusal, endOf, isSilent, statisticsOf } from './record-facts.ts'
import type { FoundRecord, RecordSource } from './record-source.ts'
import { REFUSAL_VERDICTS } from './refusal-table.ts'
import type { RefusedStore } from './refused-store.ts'
import { carrierRoute, routeEntry } from './route-entries.ts'
import { analysisOf, visibleMessages } from './sip-analysis.ts'
import { sipEntries } from './sip-entries.ts'
import { type Verdict, verdictOf } from './verdict.ts'
import { warningsOf } from './warnings.ts'
import { webhookEntries } from './webhook-entries.ts'

export interface ExplainNeeds {
  calls: Calls
  groupcalls: Groupcalls
  executions: Executions
  records: Pick<RecordSource, 'find'>
  refusals: Pick<RefusedStore, 'list'>
  captures: Pick<Captures, 'read'>
  webhooks: WebhookAttempts
  log: Log
  charges?: Charges
  routes?: RouteAttempts
}

/** Of the legs that were called for a call so many are looked at, the last ones. */
const MOST_OTHERS = 20

/** So long after a call its events begin their way to a webhook at the latest. */
const LATE_MS = 86_400_000
const LAST_MOMENT = '9999-12-31T00:00:00.000000Z'

/** Gives accounts of calls: what happened, in order, and why they ended as they did. */
export class ExplainService {
  readonly #needs: ExplainNeeds

  constructor(needs: ExplainNeeds) {
    this.#needs = needs
  }

  /** The whole account of a call that lives or has ended. */
  async explain(customer: string, call_id: string): Promise<CallExplanation> {
    const { calls, groupcalls, webhooks, charges, routes } = this.#needs
    const call = await calls.get(customer, call_id)
    const [found, execution, others, groups, deliveries, charged, tried] = await Promise.all([
      this.#record(customer, call_id),
      this.#execution(customer, call),
      this.#others(customer, call),
      groupcalls.ofCall(customer, call),
      webhooks.ofResource(customer, { resource_id: call_id, since: call.tm_create, until: tellUntil(call) }),
      charges?.ofCall(customer, call_id) ?? [],
      routes?.ofCall(customer, call_id) ?? [],
    ])
    const record = found.state === 'none' ? undefined : found.record
    const entries: CallEntry[] = [
      ...beginningEntry(call, record?.rule ?? null),
      ...(tried.length > 0 ? tried.map(carrierRoute) : waysOf(call, record)).map(({ tm_create, ...route }) =>
        routeEntry(tm_create, route),
      ),
      ...(record ? sipEntries(record.messages) : []),
      ...stateEntries(call, record),
      ...(record ? mediaEntries(record.facts) : []),
      ...(execution ? flowEntries(execution) : []),
      ...webhookEntries(deliveries),
      ...charged.map(({ tm_create, ...charge }) => chargeEntry(tm_create, charge)),
    ]
    return {
      call_id,
      customer_id: call.customer_id,
      status: call.status,
      verdict: verdict(call, found, { execution, others }),
      warnings: warningsOf(record, entries),
      record: {
        state: found.state,
        tm_written: found.state === 'partial' ? found.tm_written : null,
        messages_dropped: record?.dropped.messages ?? 0,
        facts_dropped: record?.dropped.facts ?? 0,
      },
      groupcalls: groups.map(groupOf),
      legs: [...(call.master_call_id === NIL_UUID ? [] : [call.master_call_id]), ...call.chained_call_ids],
      // a stable sort: what has the same time stays in the order of its kinds
      entries: entries.sort((a, b) => (a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0)),
    }
  }

  /** INVITEs that were refused before they were a call. */
  async refused(customer: string, page: PageRequest): Promise<Page<RefusedCall>> {
    const { result, next_page_token } = paginate(await this.#needs.refusals.list(customer, page), page.size)
    return { result: result.map((each) => ({ ...each, ...REFUSAL_VERDICTS[each.reason] })), next_page_token }
  }

  /** The messages and figures of a call. Nothing kept is `RESOURCE_NOT_FOUND`. */
  async analyse(customer: string, call_id: string): Promise<SipAnalysis> {
    return analysisOf(await this.#kept(customer, call_id))
  }

  /** The packets of a call. Sound that cannot be read is left out. */
  async pcap(customer: string, call_id: string): Promise<Download> {
    const record = await this.#kept(customer, call_id)
    const { captures, log } = this.#needs
    const sound = await captures.read(record.capture).catch((error: unknown) => {
      log.warn({ call_id, error }, 'the captured sound of a call could not be read')
      return Buffer.alloc(0)
    })
    const file = pcapOf(visibleMessages(record), sound)
    return {
      bytes: file.length,
      contentType: 'application/vnd.tcpdump.pcap',
      fileName: `call-${call_id}.pcap`,
      version: `${call_id}-${file.length}-${record.messages.length}`,
      read: async function* (from, to) {
        yield file.subarray(from, to)
      },
    }
  }

  async #kept(customer: string, call_id: string) {
    await this.#needs.calls.get(customer, call_id)
    const found = await this.#record(customer, call_id)
    if (found.state === 'none' || found.record.messages.length === 0) throw apiErrors.RESOURCE_NOT_FOUND()
    return found.record
  }

  async #record(customer: string, call_id: string): Promise<FoundRecord> {
    return this.#needs.records.find(customer, call_id)
  }

  async #execution(customer: string, { activeflow_id }: ExplainedCall): Promise<Execution | undefined> {
    return activeflow_id === NIL_UUID ? undefined : this.#needs.executions.find(customer, activeflow_id)
  }

  /** The verdicts of the legs that were called for this one, each for itself. One that is deleted is passed over. */
  async #others(customer: string, call: ExplainedCall): Promise<{ call_id: string; verdict: Verdict }[]> {
    const ids = call.chained_call_ids.slice(-MOST_OTHERS)
    const found = await Promise.all(
      ids.map(async (call_id) => {
        const other = await this.#needs.calls.get(customer, call_id).catch((error: unknown) => {
          if (!callErrors.CALL_NOT_FOUND.is(error)) throw error
          return undefined
        })
        if (!other) return []
        const record = await this.#record(customer, call_id)
        return [{ call_id, verdict: verdict(other, record, { execution: undefined, others: [] }) }]
      }),
    )
    return found.flat()
  }
}

function verdict(
  call: ExplainedCall,
  found: FoundRecord,
  { execution, others }: { execution: Execution | undefined; others: { call_id: string; verdict: Verdict }[] },
): Verdict {
  const record = found.state === 'none' ? undefined : found.record
  const end = record && endOf(record)
  const asked = record && askedBy(record)
  const connect_refused = record && connectRefusal(record)
  const statistics = record && statisticsOf(record)
  const last = execution && lastActionOf(execution)
  const { ended_reason } = execution ?? {}
  return verdictOf({
    call,
    isSilent: record !== undefined && isSilent(record),
    others,
    ...(end ? { end } : {}),
    ...(asked ? { asked } : {}),
    ...(connect_refused ? { connect_refused } : {}),
    ...(statistics ? { statistics } : {}),
    ...(execution ? { flow: { ...(ended_reason ? { ended_reason } : {}), ...(last ? { last } : {}) } } : {}),
  })
}

/** The type of the action that an execution is at, or was at when it ended. */
function lastActionOf({ current_action, executed_actions }: Execution): string | undefined {
  return current_action.tm_execute === null ? executed_actions.at(-1)?.type : current_action.type
}

function chargeEntry(timestamp: string, charge: NonNullable<CallEntry['charge']>): CallEntry {
  return { timestamp, type: 'charge', text: `Charged ${charge.amount} ${charge.unit} for ${charge.kind}`, charge }
}

/** Until when events of a call may have begun their way to a webhook. */
function tellUntil({ tm_hangup }: ExplainedCall): Timestamp {
  const hangupMs = timestampToMs(tm_hangup ?? '')
  return hangupMs === undefined ? LAST_MOMENT : timestamp(hangupMs + LATE_MS)
}

function groupOf(group: ExplainedGroup): CallExplanation['groupcalls'][number] {
  const { id: groupcall_id, status, ring_method, master_groupcall_id, call_ids, groupcall_ids } = group
  const { answer_call_id, answer_groupcall_id } = group
  return {
    ...{ groupcall_id, status, ring_method, master_groupcall_id, call_ids, groupcall_ids },
    ...{ answer_call_id, answer_groupcall_id },
  }
}
