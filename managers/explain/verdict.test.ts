import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LineEnd } from '#telecom/line'
import { type VerdictFacts, verdictOf } from './verdict.ts'
import { VERDICT_REASONS, type VerdictReason } from './verdict-table.ts'

type Parts = Omit<Partial<VerdictFacts>, 'call'> & { call?: Partial<VerdictFacts['call']> }

const facts = ({ call, ...rest }: Parts): VerdictFacts => ({
  call: {
    ...{ status: 'hangup', direction: 'incoming', hangup_by: 'remote', hangup_reason: 'normal' },
    ...{ tm_hangup: '2026-01-01T00:01:00.000000Z', destination: { type: 'extension' } },
    ...call,
  },
  isSilent: false,
  others: [],
  ...rest,
})
const ended = (why: LineEnd, cause = 16, status?: number): NonNullable<VerdictFacts['end']> => ({
  ...{ type: 'ended', by: 'remote', cause, why },
  ...(status === undefined ? {} : { status }),
})
const up = { tm_progressing: '2026-01-01T00:00:10.000000Z' }
const ours = { hangup_by: 'local' }
const callee = { direction: 'outgoing' } as const
const refused = (status: number, cause = 127): Parts => ({
  call: { ...callee, hangup_reason: 'failed' },
  end: ended('refused', cause, status),
})
const noPackets = { received: { packets: 0 } } as NonNullable<VerdictFacts['statistics']>
const busyLeg = { call_id: 'leg', verdict: verdictOf(facts(refused(486))) }

const CASES: [what: string, parts: Parts, reason: VerdictReason][] = [
  ['lives', { call: { status: 'ringing' } }, 'in_progress'],
  ['answered, the caller hung up', { call: up }, 'hung_up_by_caller'],
  ['answered, the callee hung up', { call: { ...up, ...callee } }, 'hung_up_by_callee'],
  ['answered, the flow ended', { call: { ...up, ...ours }, flow: { ended_reason: 'finished' } }, 'ended_by_flow'],
  ['answered, the API ended it', { call: { ...up, ...ours }, asked: 'api' }, 'ended_by_request'],
  ['answered, its caller ended', { call: { ...up, ...ours, ...callee }, asked: 'master' }, 'ended_with_other_leg'],
  ['answered, handed over', { call: { ...up, ...ours }, asked: 'transfer', flow: {} }, 'ended_by_transfer'],
  ['a machine', { call: { ...up, ...ours, hangup_reason: 'amd' } }, 'answering_machine'],
  ['too long', { call: { ...up, hangup_reason: 'timeout' } }, 'longest_duration'],
  ['silent', { call: { ...up, hangup_reason: 'timeout' }, isSilent: true }, 'sound_lost'],
  ['no packet', { call: up, statistics: noPackets }, 'no_sound_received'],
  ['no ACK', { call: { ...up, ...ours }, end: ended('no_ack', 102) }, 'answer_not_acknowledged'],
  ['481', { call: up, end: ended('peer_gone') }, 'phone_lost_call'],
  ['ports lost', { call: { ...up, ...ours }, end: ended('no_media', 41) }, 'sound_failed'],
  ['cancelled', { end: ended('cancelled') }, 'canceled_by_caller'],
  ['the flow hung up', { call: ours, flow: { ended_reason: 'finished', last: 'hangup' } }, 'rejected_by_flow'],
  [
    'the flow never answered',
    { call: ours, flow: { ended_reason: 'finished', last: 'talk' } },
    'flow_ended_unanswered',
  ],
  ['a group is busy', { call: ours, end: ended('rejected', 17), flow: { last: 'connect' } }, 'callee_busy'],
  ...(
    [
      ['INSUFFICIENT_BALANCE', 'insufficient_balance'],
      ['ACCOUNT_SUSPENDED', 'account_suspended'],
      ['SPENDING_LIMIT_REACHED', 'spending_limit_refused'],
      ['SPENDING_NOT_ALLOWED', 'spending_not_allowed'],
      ['IDENTITY_VERIFICATION_REQUIRED', 'identity_not_verified'],
      ['SOURCE_NOT_ALLOWED', 'source_not_allowed'],
    ] as const
  ).map(([connect_refused, reason]): [string, Parts, VerdictReason] => [
    `nobody could be called: ${connect_refused}`,
    {
      call: ours,
      connect_refused,
      end: ended('rejected', 21),
      flow: { last: 'connect', ended_reason: 'action_failed' },
    },
    reason,
  ]),
  [
    'the flow went on after a refusal',
    { call: ours, connect_refused: 'INSUFFICIENT_BALANCE', flow: { last: 'hangup' } },
    'rejected_by_flow',
  ],
  [
    'answered, nobody could be called',
    {
      call: { ...up, ...ours },
      connect_refused: 'INSUFFICIENT_BALANCE',
      flow: { last: 'connect', ended_reason: 'action_failed' },
    },
    'insufficient_balance',
  ],
  ['a step failed', { call: ours, flow: { ended_reason: 'action_failed' } }, 'flow_failed'],
  ['a loop', { call: { ...up, ...ours }, flow: { ended_reason: 'step_limit' } }, 'flow_limit'],
  ['busy', refused(486), 'callee_busy'],
  ['declined', refused(603), 'callee_declined'],
  ['480', refused(480, 19), 'callee_no_answer'],
  ['given up', { call: { ...callee, hangup_reason: 'dialout' } }, 'callee_no_answer'],
  [
    'nothing came back',
    { call: { ...callee, hangup_reason: 'failed' }, end: ended('no_response', 18) },
    'callee_unreachable',
  ],
  ['no phone', { call: ours, end: ended('rejected', 20) }, 'callee_not_registered'],
  ['somebody else', { call: { ...callee, ...ours }, end: ended('cancelled', 26) }, 'answered_elsewhere'],
  ['the caller gave up', { call: { ...callee, ...ours }, end: ended('cancelled') }, 'canceled_before_answer'],
  ['404', refused(404), 'number_not_found'],
  ['not allowed', { call: ours, end: ended('rejected', 21) }, 'destination_not_allowed'],
  ['no route', { call: ours, end: ended('rejected', 3) }, 'no_route'],
  ['407', refused(407), 'credentials_refused'],
  ['488', refused(488), 'no_common_codec'],
  ['302', refused(302), 'callee_moved'],
  ['500', refused(500, 38), 'callee_failed'],
  ['499', refused(499), 'callee_refused'],
  ['out of money', { call: { ...up, ...ours }, asked: 'balance_exhausted' }, 'balance_exhausted'],
  ['by a limit', { call: { ...up, ...ours }, asked: 'spending_limit' }, 'spending_limit_reached'],
  ['undecided for too long', { call: { ...up, ...ours }, asked: 'billing_unavailable' }, 'billing_unavailable'],
  ['frozen', { call: { ...up, ...ours }, asked: 'account_closed' }, 'account_closed'],
  ['stopped', { call: { ...up, ...ours }, asked: 'platform_stop' }, 'platform_stopped'],
  ['crashed', { call: { ...up, ...ours, hangup_reason: 'failed' } }, 'platform_restarted'],
  ['nothing known', { call: ours }, 'unexplained'],
]

for (const [what, parts, reason] of CASES)
  test(`${what}: ${reason}`, () => assert.equal(verdictOf(facts(parts)).reason, reason))

test('a Reason header says more than a status that says little', () => {
  assert.equal(verdictOf(facts(refused(500, 17))).reason, 'callee_busy')
  assert.equal(verdictOf(facts(refused(487, 19))).reason, 'callee_no_answer')
})

test('the last leg that was called is the reason of its caller, and is named', () => {
  const { reason, because_of_call_id } = verdictOf(facts({ call: ours, others: [busyLeg] }))
  assert.deepEqual([reason, because_of_call_id], ['callee_busy', 'leg'])
})

test('what a carrier says of a telephone number is its own doing; a busy callee is not', () => {
  const tel = { destination: { type: 'tel' } }
  const with_ = ({ call, ...rest }: Parts): Parts => ({ ...rest, call: { ...call, ...tel } })
  assert.equal(verdictOf(facts(with_(refused(503, 42)))).blame, 'carrier')
  assert.equal(verdictOf(facts(with_(refused(486)))).blame, 'callee')
})

test('a short call without sound is nobody’s fault', () => {
  const short = { tm_progressing: '2026-01-01T00:00:59.000000Z' }
  assert.equal(verdictOf(facts({ call: short, statistics: noPackets })).reason, 'hung_up_by_caller')
})

test('every verdict can come about', () => {
  const reached = new Set(CASES.map(([, , reason]) => reason))
  assert.deepEqual(
    VERDICT_REASONS.filter((reason) => !reached.has(reason)),
    [],
  )
})
