import { type Static, Type } from 'typebox'
import { HANGUP_REASONS } from '#managers/call'
import { Address } from '#platform/http'

const ms = (description: string) => Type.Optional(Type.Integer({ minimum: 0, maximum: 604_800_000, description }))

/** What the caller does next: waits until he hears something, waits a while, then presses keys or hangs up. */
export const CallerStep = Type.Object(
  {
    hears: Type.Optional(
      Type.String({
        maxLength: 1_000,
        description: 'A part of a text or URL that is being played; absent: no matter.',
      }),
    ),
    after_ms: ms('Then waits so long.'),
    press: Type.Optional(
      Type.String({ pattern: '^[0-9A-D*#]{1,20}$', examples: ['1#'], description: 'Keys, five a second.' }),
    ),
    hangup: Type.Optional(Type.Boolean()),
  },
  { $id: 'FlowTestCallerStep' },
)
export type CallerStep = Static<typeof CallerStep>

/** How long something sounds, or that it cannot be played. */
export const SoundRule = Type.Object(
  {
    fits: Type.String({ maxLength: 1_000, description: 'A part of the text or URL.' }),
    lasts_ms: ms('Absent: estimated from the text; 3 s for a URL.'),
    fails: Type.Optional(Type.Boolean()),
  },
  { $id: 'FlowTestSound' },
)

/** What a server answers to `webhook_send` with `sync`, and to `fetch`. */
export const RequestRule = Type.Object(
  {
    uri: Type.Optional(Type.String({ maxLength: 8_192, description: 'The whole URI; absent: any.' })),
    status: Type.Optional(Type.Integer({ minimum: 100, maximum: 599, default: 200 })),
    body: Type.Optional(Type.String({ maxLength: 262_144 })),
    after_ms: ms('How long it takes.'),
    fails: Type.Optional(Type.String({ maxLength: 255, description: 'No answer comes, for this cause: `connect`.' })),
  },
  { $id: 'FlowTestRequest' },
)

/** What those do whom `connect` calls. */
export const CalleeRule = Type.Object(
  {
    outcome: Type.Optional(Type.Enum(['talked', 'unanswered', 'failed'], { default: 'talked' })),
    rings_ms: ms('How long it rings, or takes to fail; 3 s.'),
    talks_ms: ms('How long they speak; 30 s.'),
    hangup_reason: Type.Optional(Type.Enum(HANGUP_REASONS, { description: 'Why nobody answered; noanswer.' })),
    issue: Type.Optional(Type.String({ maxLength: 255, description: 'Why nobody could be called.' })),
  },
  { $id: 'FlowTestCallee' },
)

/** What becomes of an action that another manager carries out. */
export const OtherRule = Type.Object(
  {
    set: Type.Optional(
      Type.Record(Type.String({ maxLength: 255 }), Type.String({ maxLength: 32_768 }), {
        maxProperties: 100,
        description: 'Variables that it writes.',
      }),
    ),
    cause: Type.Optional(Type.String({ maxLength: 255, description: 'It fails for this.' })),
    after_ms: ms('How long it takes.'),
  },
  { $id: 'FlowTestOther' },
)

const rules = 100

/** The world that a flow is tested in. Of several rules that fit, the first is used up; the last that fits stays. */
export const FlowTestScript = Type.Object(
  {
    reference_type: Type.Optional(
      Type.Enum(['call', 'api'], { default: 'call', description: '`api`: without a caller.' }),
    ),
    tm_start: Type.Optional(
      Type.String({ format: 'date-time', description: 'When it begins, for conditions on the time; absent: now.' }),
    ),
    direction: Type.Optional(Type.Enum(['incoming', 'outgoing'], { default: 'incoming' })),
    source: Type.Optional(Address),
    destination: Type.Optional(Address),
    variables: Type.Optional(Type.Record(Type.String(), Type.String())),
    caller: Type.Optional(
      Type.Array(CallerStep, { maxItems: 200, description: 'One after the other; then he stays and listens.' }),
    ),
    sounds: Type.Optional(Type.Array(SoundRule, { maxItems: rules })),
    requests: Type.Optional(Type.Array(RequestRule, { maxItems: rules })),
    callees: Type.Optional(Type.Array(CalleeRule, { maxItems: rules })),
    calls_fail: Type.Optional(
      Type.String({ maxLength: 255, description: 'The action `call` can make no call, for this cause.' }),
    ),
    answered_by: Type.Optional(
      Type.Enum(['HUMAN', 'MACHINE', 'NOTSURE'], { description: 'What `amd` finds out, after 3 s; absent: HUMAN.' }),
    ),
    recordings_fail: Type.Optional(
      Type.String({ maxLength: 255, description: 'Nothing is recorded, for this cause.' }),
    ),
    others: Type.Optional(
      Type.Record(Type.String({ maxLength: 64 }), OtherRule, {
        maxProperties: rules,
        description: 'By type of action: what other managers do. What is not there fails as `action_not_available`.',
      }),
    ),
    continue_after_ms: ms('`block` is continued after that time; absent: never.'),
    longest_ms: ms('The test ends after so much time of the flow; a day.'),
  },
  { $id: 'FlowTestScript' },
)
export type FlowTestScript = Static<typeof FlowTestScript>
export type SoundRule = Static<typeof SoundRule>
export type RequestRule = Static<typeof RequestRule>
export type CalleeRule = Static<typeof CalleeRule>
export type OtherRule = Static<typeof OtherRule>
