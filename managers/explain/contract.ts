import { type Static, Type } from 'typebox'
import { END_ASKERS, REFUSALS, ROUTE_OUTCOMES } from '#managers/call'
import { callErrors } from '#managers/call/errors'
import {
  adminOrManager,
  apiErrors,
  endpoint,
  fileSchema,
  idParams,
  page,
  pageQuery,
  Timestamp,
  TimestampOrNull,
  Uuid,
} from '#platform/http'
import { NOT_CAPTURED } from './capture-budget.ts'
import { BLAMES, VERDICT_REASONS, WARNING_REASONS } from './verdict-table.ts'

const empty = (what: string) => `${what}; empty where there is none.`

/** What a caller dialled, by which rule it was let in, and what was looked at. */
const MatchedRule = Type.Object(
  {
    domain: Type.Enum(['sip', 'bare', 'registrar', 'trunk', 'pstn'], {
      description:
        "`sip`: `sip.{base}`, which anybody may call. `bare`: the host's address. `registrar`: a customer's phones. " +
        "`trunk`: a customer's PBX. `pstn`: a provider.",
    }),
    dialled: Type.String({ examples: ['+899100000001'] }),
    matched: Type.Enum(
      ['number', 'direct_flow', 'direct_extension', 'direct_agent', 'extension', 'agent', 'telephone'],
      {
        description: 'What was dialled: a number of ours, a direct hash, or what a phone may call inside and outside.',
      },
    ),
    authenticated: Type.String({
      description: empty('The extension, or the domain name of the trunk, that proved itself'),
    }),
    provider_id: Type.Optional({ ...Uuid, description: 'The provider whose address the call came from.' }),
    checks: Type.Array(
      Type.Object({
        check: Type.Enum(['credentials', 'destination', 'customer_status', 'balance', 'flow']),
        result: Type.Enum(['passed', 'not_needed']),
      }),
      { description: 'What was looked at, in order; an INVITE that fails one of them becomes no call.' },
    ),
  },
  { $id: 'CallExplanationRule' },
)

const Created = Type.Object(
  {
    by: Type.Enum(['request_or_flow', 'connect', 'groupcall'], {
      description: '`request_or_flow`: `POST /calls`, or the action `call`. `connect`: for the call `master_call_id`.',
    }),
    master_call_id: Uuid,
    groupcall_id: Uuid,
  },
  { $id: 'CallExplanationCreated' },
)

/** A way to the callee that was tried. */
const Route = Type.Object(
  {
    kind: Type.Enum(['carrier', 'contact', 'address'], {
      description: '`carrier`: through a provider. `contact`: a registered phone. `address`: a SIP address.',
    }),
    provider_id: Type.String({ description: empty('The provider') }),
    attempt: Type.Integer({ description: '1, 2, …' }),
    route_id: Type.Optional(Uuid),
    outcome: Type.Optional(
      Type.Enum(ROUTE_OUTCOMES, { description: '`failed_over`: it failed, and another way was tried after it.' }),
    ),
    sip_status: Type.Optional(Type.Integer({ description: 'Of the response that ended it; 0 where none did.' })),
    q850_cause: Type.Optional(Type.Integer({ description: '0: nobody answered in time, or it is not over.' })),
    tm_end: Type.Optional(TimestampOrNull),
  },
  { $id: 'CallExplanationRoute' },
)

const Sip = Type.Object(
  {
    direction: Type.Enum(['in', 'out'], { description: 'Seen from the platform.' }),
    transport: Type.String({ examples: ['udp'] }),
    from: Type.String({ description: 'Address and port that it came from.', examples: ['192.0.2.7:5060'] }),
    to: Type.String({ examples: ['198.51.100.1:5060'] }),
    method: Type.String({ description: 'Of a response that of its request.', examples: ['INVITE'] }),
    status: Type.Integer({ description: '0: a request.', examples: [486] }),
    phrase: Type.String({ description: 'The reason phrase of a response.' }),
    cseq: Type.Integer(),
    sip_call_id: Type.String(),
    reason: Type.String({ description: empty('The header Reason (RFC 3326)') }),
    has_sdp: Type.Boolean(),
    retransmissions: Type.Integer({ description: 'How often it was on the wire again.' }),
  },
  { $id: 'CallExplanationSip' },
)

/** The figures of the sound, when it ended. */
const Statistics = Type.Object(
  {
    sent_packets: Type.Integer(),
    received_packets: Type.Integer(),
    lost_packets: Type.Integer(),
    loss: Type.Number({ description: 'Part of what the phone sent that never came, 0 to 1.' }),
    jitter_ms: Type.Number(),
    round_trip_ms: Type.Union([Type.Number(), Type.Null()]),
    remote_loss: Type.Union([Type.Number(), Type.Null()], { description: 'Of what we sent, as the phone says.' }),
    mos: Type.Number({ description: 'Estimated listening quality, 1 to 4.5.' }),
    dropped: Type.Record(Type.String(), Type.Integer(), { description: 'What came and was not used, by reason.' }),
  },
  { $id: 'CallExplanationStatistics' },
)

const MEDIA_FACTS = [
  'codec',
  'first_packet_sent',
  'first_packet_received',
  'source_changed',
  'silence',
  'sound_again',
  'held',
  'resumed',
  'key',
  'restarted',
  'failed',
  'statistics',
  'not_captured',
] as const

const Media = Type.Object(
  {
    fact: Type.Enum(MEDIA_FACTS),
    codec: Type.Optional(Type.String({ examples: ['PCMU'] })),
    address: Type.Optional(Type.String({ description: 'Where the packets come from.' })),
    silent_ms: Type.Optional(Type.Integer()),
    key: Type.Optional(Type.String({ examples: ['5'] })),
    duration_ms: Type.Optional(Type.Integer()),
    method: Type.Optional(Type.Enum(['rfc4733', 'info', 'inband'])),
    statistics: Type.Optional(Statistics),
    why: Type.Optional(
      Type.Enum(NOT_CAPTURED, {
        description:
          'Of `not_captured`: `rtp_debug` is on, but the captures of this customer that began on this day, or all captures ' +
          'that are kept, take as much as they may, or the disk does not take them.',
      }),
    ),
  },
  { $id: 'CallExplanationMedia' },
)

const State = Type.Object(
  {
    status: Type.Enum(['dialing', 'ringing', 'progressing', 'hangup']),
    hangup_by: Type.Optional(Type.String()),
    hangup_reason: Type.Optional(Type.String()),
    asked_by: Type.Optional(
      Type.Enum(END_ASKERS, {
        description: 'Who asked for the end, where it was neither the phone nor the flow.',
      }),
    ),
    sip_status: Type.Optional(Type.Integer({ description: 'The final response that refused our INVITE.' })),
    q850_cause: Type.Optional(Type.Integer()),
  },
  { $id: 'CallExplanationState' },
)

const FlowStep = Type.Object(
  {
    activeflow_id: Uuid,
    action_id: Uuid,
    action_type: Type.String(),
    result: Type.Enum(['done', 'skipped', 'failed', 'running', 'interrupted'], {
      description: '`interrupted`: the call ended while it was going on.',
    }),
    cause: Type.String({ description: 'Why it was skipped or failed.' }),
    option: Type.Optional(Type.Object({}, { additionalProperties: true, description: 'With placeholders replaced.' })),
    variables: Type.Record(Type.String(), Type.String(), {
      description: 'What was written while it was the current step.',
    }),
    unresolved: Type.Array(Type.String(), { description: 'Names in placeholders that no variable had.' }),
  },
  { $id: 'CallExplanationFlowStep' },
)

/** One event on its way to a webhook. */
const Webhook = Type.Object(
  {
    delivery_id: Uuid,
    event_type: Type.String({ examples: ['call_hangup'] }),
    sequence: Type.Union([Type.Integer(), Type.Null()]),
    status: Type.String({ examples: ['delivered'] }),
    attempt: Type.Integer({ description: 'Which attempt this was; 0: it waits for its first.' }),
    http_status: Type.Integer({ description: 'Of the answer; 0 where there was none.' }),
    failure: Type.String({ description: empty('What went wrong') }),
    duration_ms: Type.Integer(),
    tm_next: TimestampOrNull,
  },
  { $id: 'CallExplanationWebhook' },
)

const Charge = Type.Object(
  {
    kind: Type.String(),
    amount: Type.String(),
    unit: Type.Enum(['credit', 'token']),
    billing_id: Uuid,
  },
  { $id: 'CallExplanationCharge' },
)

const ENTRY_TYPES = ['rule', 'created', 'route', 'sip', 'media', 'state', 'flow', 'webhook', 'charge'] as const

/** One thing that happened; the member of its type says what. */
export const CallEntry = Type.Object(
  {
    timestamp: Timestamp,
    type: Type.Enum(ENTRY_TYPES),
    text: Type.String({
      description: 'The same for people.',
      examples: ['486 Busy Here to INVITE from 192.0.2.7:5060'],
    }),
    rule: Type.Optional(MatchedRule),
    created: Type.Optional(Created),
    route: Type.Optional(Route),
    sip: Type.Optional(Sip),
    media: Type.Optional(Media),
    state: Type.Optional(State),
    flow: Type.Optional(FlowStep),
    webhook: Type.Optional(Webhook),
    charge: Type.Optional(Charge),
  },
  { $id: 'CallExplanationEntry' },
)
export type CallEntry = Static<typeof CallEntry>

export const CallVerdict = Type.Object(
  {
    reason: Type.Enum(VERDICT_REASONS, { description: 'Never renamed; the guide explains each.' }),
    blame: Type.Enum(BLAMES, { description: 'Who has to act; `none`: it went as it should.' }),
    meaning: Type.String(),
    fix: Type.String({ description: empty('What to do') }),
    because_of_call_id: Type.String({ description: empty('The leg whose end was the reason') }),
  },
  { $id: 'CallVerdict' },
)

/** Several who were called at once or one after the other, and who of them answered. */
const Groupcall = Type.Object(
  {
    groupcall_id: Uuid,
    status: Type.String({ examples: ['hangup'] }),
    ring_method: Type.String({ examples: ['ring_all'] }),
    master_groupcall_id: Uuid,
    call_ids: Type.Array(Uuid, { description: 'Its members: each has an account of its own.' }),
    groupcall_ids: Type.Array(Uuid),
    answer_call_id: Uuid,
    answer_groupcall_id: Uuid,
  },
  { $id: 'CallExplanationGroupcall' },
)

export const CallExplanation = Type.Object(
  {
    call_id: Uuid,
    customer_id: Uuid,
    status: Type.String({ examples: ['hangup'] }),
    verdict: CallVerdict,
    warnings: Type.Array(
      Type.Object({ reason: Type.Enum(WARNING_REASONS), meaning: Type.String(), fix: Type.String() }),
      { description: 'What else is worth knowing.' },
    ),
    record: Type.Object(
      {
        state: Type.Enum(['live', 'complete', 'partial', 'none'], {
          description:
            '`partial`: the program ended before the call did, and what it had noted since `tm_written` is lost. `none`: ' +
            'nothing was kept, or it is too old; the account is what the rows and the flow say.',
        }),
        tm_written: TimestampOrNull,
        messages_dropped: Type.Integer({ description: 'Messages in the middle of the call that found no place.' }),
        facts_dropped: Type.Integer(),
      },
      { $id: 'CallExplanationRecord' },
    ),
    groupcalls: Type.Array(Groupcall, {
      description: 'What it is a member of, and what was called for it, the oldest first.',
    }),
    legs: Type.Array(Uuid, { description: 'The other calls that belong to it: each has an account of its own.' }),
    entries: Type.Array(CallEntry, { description: 'Oldest first.' }),
  },
  { $id: 'CallExplanation' },
)
export type CallExplanation = Static<typeof CallExplanation>

export const explainCall = endpoint({
  method: 'GET',
  path: '/calls/{id}/explain',
  summary: 'Say what happened to a call, step by step, and why it ended as it did',
  description:
    'Of a call that lives or has ended: which rule matched, each SIP message, what its sound did, each step of its flow, ' +
    'each delivery to webhooks, and a verdict.',
  allow: adminOrManager,
  params: idParams,
  returns: CallExplanation,
  errors: [callErrors.CALL_NOT_FOUND, apiErrors.SERVICE_UNAVAILABLE],
})

/** An INVITE that was refused before there was a call. */
export const RefusedCall = Type.Object(
  {
    id: Uuid,
    customer_id: Uuid,
    reason: Type.Enum(REFUSALS),
    blame: Type.Enum(BLAMES),
    meaning: Type.String(),
    fix: Type.String(),
    status: Type.Integer({ description: 'The SIP status that it was answered with.', examples: [404] }),
    dialled: Type.String({ description: 'The Request-URI.' }),
    caller: Type.String({ description: 'What its From said, which nobody has proved.' }),
    source_ip: Type.String(),
    source_port: Type.Integer(),
    sip_call_id: Type.String(),
    tm_create: Timestamp,
  },
  { $id: 'RefusedCall' },
)
export type RefusedCall = Static<typeof RefusedCall>

export const listRefusedCalls = endpoint({
  method: 'GET',
  path: '/refused_calls',
  summary: 'List calls that were refused before they began, newest first',
  description:
    'A caller who was answered 401 (with a wrong password), 403, 404, 488, 503 or 603 before there was a call, as far as it can ' +
    'be told whose call it would have been. Five a second are kept at most.',
  allow: adminOrManager,
  query: pageQuery,
  returns: page(RefusedCall),
  errors: [],
})

/** Messages of an analysis. */
export const MOST_ANALYSED = 50

export const SipMessage = Type.Object(
  {
    timestamp: Timestamp,
    method: Type.String({ description: 'Of a request its method, of a response its status.', examples: ['INVITE'] }),
    src_ip: Type.String(),
    src_port: Type.Integer(),
    dst_ip: Type.String(),
    dst_port: Type.Integer(),
    raw: Type.String({ description: 'As it was on the wire; secrets are asterisks.' }),
  },
  { $id: 'TimelineManagerSIPMessage' },
)

export const RtcpStats = Type.Object(
  {
    mos: Type.Number({ description: '1 to 5' }),
    jitter: Type.Integer({ description: 'Milliseconds.' }),
    packet_loss_pct: Type.Number(),
    rtt: Type.Integer({ description: 'Microseconds; 0 where the phone sent no report.' }),
    rtp_bytes: Type.Integer(),
    rtp_packets: Type.Integer(),
    rtp_errors: Type.Integer(),
    rtcp_bytes: Type.Integer(),
    rtcp_packets: Type.Integer(),
    rtcp_errors: Type.Integer(),
  },
  { $id: 'TimelineManagerRTCPStats' },
)

export const SipAnalysis = Type.Object(
  {
    sip_messages: Type.Array(SipMessage, {
      description: `Oldest first, at most ${MOST_ANALYSED}; those between two private addresses are left out.`,
    }),
    rtcp_stats: Type.Union([RtcpStats, Type.Null()], { description: 'null before the sound has ended.' }),
  },
  { $id: 'TimelineManagerSIPAnalysis' },
)
export type SipAnalysis = Static<typeof SipAnalysis>

const callIdParams = Type.Object({ call_id: Type.String({ description: 'UUID of a call.' }) })
const traceErrors = [
  apiErrors.INVALID_CALL_ID,
  callErrors.CALL_NOT_FOUND,
  apiErrors.RESOURCE_NOT_FOUND,
  apiErrors.SERVICE_UNAVAILABLE,
] as const

export const analyseSip = endpoint({
  method: 'GET',
  path: '/timelines/calls/{call_id}/sip-analysis',
  summary: "Read a call's SIP messages and the figures of its sound",
  description:
    '`RESOURCE_NOT_FOUND`: the call is there, but nothing of it was on the wire, or what was kept is too old.',
  allow: adminOrManager,
  params: callIdParams,
  returns: SipAnalysis,
  errors: [...traceErrors],
})

export const downloadPcap = endpoint({
  method: 'GET',
  path: '/timelines/calls/{call_id}/pcap',
  summary: "Download a call's packets as a capture file",
  description:
    'SIP, and RTP with RTCP where `rtp_debug` was on for the customer or the number when the call began. Secrets are asterisks. ' +
    'IP, UDP and TCP headers are made: right in addresses, ports, lengths and checksums.',
  allow: adminOrManager,
  params: callIdParams,
  returns: fileSchema,
  files: ['application/vnd.tcpdump.pcap', 'application/octet-stream'],
  errors: [...traceErrors],
})
