/** Everything that the stack counts since its start, for a metrics endpoint. Names are stable. */
export interface CounterValues {
  /** Messages by kind. */
  readonly requests_received: number
  readonly responses_received: number
  readonly requests_sent: number
  readonly responses_sent: number
  readonly bytes_received: number
  readonly bytes_sent: number
  readonly keepalives_received: number
  /** Retransmissions that a transaction absorbed or answered again. */
  readonly retransmissions_received: number
  readonly retransmissions_sent: number
  /** Dropped without an answer. */
  readonly dropped_not_sip: number
  readonly dropped_malformed: number
  readonly dropped_oversized: number
  readonly dropped_stray_responses: number
  readonly dropped_stray_acks: number
  readonly dropped_unroutable: number
  /** Malformed requests that were answered. */
  readonly malformed_answered: number
  readonly refused_overload: number
  readonly merged_requests: number
  /** Requests of ours that came back to us. */
  readonly loops_detected: number
  readonly transport_errors: number
  readonly send_errors: number
  readonly client_timeouts: number
  readonly ack_timeouts: number
  readonly handler_errors: number
  readonly dialogs_created: number
  readonly connections_accepted: number
  readonly connections_opened: number
  /** Closed at once, or not opened, because there were too many. */
  readonly connections_refused: number
  /** Could not be opened. */
  readonly connections_failed: number
  /** Closed by us: silent for too long, a message that never became whole, or a peer that does not read. */
  readonly connections_given_up: number
  /** Closed by us because what came could not be cut into messages. */
  readonly stream_faults: number
  /** How often a destination stopped answering. */
  readonly breakers_opened: number
  /** Present numbers, not sums. */
  readonly breakers_open: number
  readonly connections: number
  readonly dialogs: number
  readonly server_transactions: number
  readonly client_transactions: number
}

/** The counters as the stack itself moves them. */
export type Counters = { -readonly [Name in keyof CounterValues]: number }

/** Whose figures are told by themselves. */
interface Tables
  extends Readonly<Record<'dialogs' | 'server_transactions' | 'client_transactions', { readonly size: number }>> {
  readonly breaker: { readonly open: number; readonly opened: number }
}

export function newCounters(tables: Tables): Counters {
  return {
    requests_received: 0,
    responses_received: 0,
    requests_sent: 0,
    responses_sent: 0,
    bytes_received: 0,
    bytes_sent: 0,
    keepalives_received: 0,
    retransmissions_received: 0,
    retransmissions_sent: 0,
    dropped_not_sip: 0,
    dropped_malformed: 0,
    dropped_oversized: 0,
    dropped_stray_responses: 0,
    dropped_stray_acks: 0,
    dropped_unroutable: 0,
    malformed_answered: 0,
    refused_overload: 0,
    merged_requests: 0,
    loops_detected: 0,
    transport_errors: 0,
    send_errors: 0,
    client_timeouts: 0,
    ack_timeouts: 0,
    handler_errors: 0,
    dialogs_created: 0,
    connections_accepted: 0,
    connections_opened: 0,
    connections_refused: 0,
    connections_failed: 0,
    connections_given_up: 0,
    stream_faults: 0,
    get breakers_opened() {
      return tables.breaker.opened
    },
    get breakers_open() {
      return tables.breaker.open
    },
    connections: 0,
    get dialogs() {
      return tables.dialogs.size
    },
    get server_transactions() {
      return tables.server_transactions.size
    },
    get client_transactions() {
      return tables.client_transactions.size
    },
  }
}
