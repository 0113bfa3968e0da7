import type {
  ConnectOptions,
  HangupReason,
  LiveCallInput,
  PlaceCallsRequest,
  PlayOutcome,
  RecordingOptions,
  SayOptions,
} from '#managers/call'
import type { Action } from '../flow.ts'
import type { AskedFor, AskOutcome, WebhookOutcome, WebhookRequest } from '../needs.ts'

/** What an action wants done outside. */
export type Effect =
  | { type: 'answer' }
  | { type: 'say'; text: string; voice: SayOptions }
  | { type: 'play'; sources: string[] }
  | { type: 'beep' }
  | { type: 'send_digits'; digits: string; duration_ms: number; interval_ms: number }
  | { type: 'echo'; duration_ms: number }
  | { type: 'stop_playing' }
  /** Finds out who answered; `hangup`: a machine is hung up, whatever the flow does by then. */
  | { type: 'detect_machine'; hangup: boolean }
  /** Joins the call with the first of these who answers. */
  | ({ type: 'connect' } & ConnectOptions)
  | ({ type: 'start_recording' } & RecordingOptions)
  | { type: 'stop_recording' }
  /** Ends the call. `reference_id`: take the reason of that call if it is over already. `cause`: Q.850. */
  | { type: 'hangup'; reason: HangupReason; reference_id?: string; cause?: number }
  /** Makes calls of their own; `chained`: they end with the call of this execution. */
  | ({ type: 'place_calls'; chained: boolean; free_only: boolean } & Pick<
      PlaceCallsRequest,
      'source' | 'destinations' | 'flow' | 'anonymous' | 'early_execution'
    >)
  /** Gives the input `timer` after that time. */
  | { type: 'timer'; after_ms: number }
  | ({ type: 'send_webhook' } & Omit<WebhookRequest, 'key'>)
  /** Asks a server for actions. */
  | { type: 'fetch_actions'; url: string; method: WebhookRequest['method']; data: string }
  /** Asks the manager whose business the action is. */
  | ({ type: 'ask' } & AskedFor)
  /** Reads a flow of the same customer. */
  | { type: 'fetch_flow'; flow_id: string }
  /** Starts the on-complete flow; written together with the end that it follows. */
  | { type: 'complete'; flow_id: string }

/** An effect under the key that makes a repeat recognisable: `activeflow_id:step`. */
export type Command = Effect & { key: string }

const LEAVING: ReadonlySet<Effect['type']> = new Set(['send_webhook', 'fetch_actions', 'ask', 'place_calls'])

/** Whether others see that it was done, also those who were never on the call. */
export function leavesPlatform({ type }: Effect): boolean {
  return LEAVING.has(type)
}

/** A flow as it was found. */
export interface FetchedFlow {
  flow_id: string
  actions: readonly Action[]
  on_complete_flow_id: string
}

/** The actions that a server answered with, checked and with ids, or a word for why there are none. */
export type ActionsOutcome = { ok: true; actions: readonly Action[] } | { ok: false; cause: string }

/** What became of calls that were to be made: which destinations were passed over and why, or that none was called. */
export type PlaceOutcome = { ok: true; skipped: readonly string[] } | { ok: false; cause: string }

/**
 * What happens to an execution. An outcome carries the key of its command; one whose command is not awaited (any more)
 * changes nothing.
 */
export type Input =
  | { type: 'start' }
  | { type: 'answered'; key: string }
  | { type: 'played'; key: string; outcome: PlayOutcome; reason?: string }
  | { type: 'digits_sent'; key: string; outcome: PlayOutcome }
  | { type: 'echoed'; key: string; outcome: PlayOutcome }
  | Extract<
      LiveCallInput,
      { type: 'connect_ended' | 'recording_started' | 'recording_refused' | 'recording_stopped' | 'machine_detected' }
    >
  | { type: 'calls_placed'; key: string; outcome: PlaceOutcome }
  | { type: 'digit'; digit: string }
  | { type: 'hungup' }
  | { type: 'timer'; key: string }
  | { type: 'webhook_sent'; key: string; outcome: WebhookOutcome }
  | { type: 'actions_fetched'; key: string; outcome: ActionsOutcome }
  | { type: 'asked'; key: string; outcome: AskOutcome }
  /** `undefined` = there is no such flow. */
  | { type: 'flow_fetched'; key: string; flow: FetchedFlow | undefined }
  /** Goes on after `block`; with an id only if that is the action it is parked on. */
  | { type: 'continue'; action_id?: string }
  | { type: 'stop'; reason: 'requested' | 'deleted' | 'interrupted' | 'account_closed' }
