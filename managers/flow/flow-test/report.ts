import { type Static, Type } from 'typebox'
import { Uuid } from '#platform/http'
import { ENDED_REASONS } from '../activeflow.ts'

const times = Type.Integer({ description: 'How often.' })

/** One thing that happened. */
export const FlowTestMoment = Type.Object(
  {
    at_ms: Type.Integer({ description: 'Since the beginning.' }),
    who: Type.Enum(['flow', 'caller', 'outside']),
    what: Type.String({ description: 'say, play, beep, press, hangup, request, connect, …' }),
    text: Type.Optional(Type.String({ description: 'What about it; long texts are cut.' })),
  },
  { $id: 'FlowTestMoment' },
)
export type FlowTestMoment = Static<typeof FlowTestMoment>

/** A way out of an action that has several. */
export const FlowTestBranch = Type.Object(
  {
    action_id: Uuid,
    target_id: Uuid,
    ways: Type.Array(Type.String(), {
      description:
        'Those that lead there: `true`, `false`, `default`, `jump`, `next`, or `=` and a value of `target_ids`.',
    }),
    times,
  },
  { $id: 'FlowTestBranch' },
)
export type FlowTestBranch = Static<typeof FlowTestBranch>

export const FlowTestCoverage = Type.Object(
  {
    actions: Type.Array(Type.Object({ action_id: Uuid, type: Type.String(), times })),
    branches: Type.Array(FlowTestBranch),
    actions_covered: Type.Number({ description: 'From 0 to 1.' }),
    branches_covered: Type.Number({ description: 'From 0 to 1.' }),
  },
  { $id: 'FlowTestCoverage' },
)
export type FlowTestCoverage = Static<typeof FlowTestCoverage>

/** How a test stopped: the flow ended, waits for what the script never does, went on too long, or did too much: 5,000 inputs, 2 s of work. */
export const VERDICTS = ['ended', 'waits', 'too_long', 'too_busy'] as const

/** What a test of a flow showed. `Step` is an action as an activeflow shows it. */
export const flowTestReport = <S extends ReturnType<typeof Type.Object>>(Step: S) =>
  Type.Object(
    {
      verdict: Type.Enum(VERDICTS),
      duration_ms: Type.Integer(),
      heard: Type.Array(Type.String(), { description: 'What the caller heard, in order.' }),
      timeline: Type.Array(FlowTestMoment),
      executions: Type.Array(
        Type.Object({
          flow_id: Uuid,
          status: Type.Enum(['running', 'ended']),
          ended_reason: Type.Optional(Type.Enum(ENDED_REASONS)),
          ended_detail: Type.Optional(Type.String()),
          current_action: Step,
          executed_actions: Type.Array(Step),
          variables: Type.Record(Type.String(), Type.String()),
        }),
        { description: 'Of the flow, and of the on-complete flows that followed.' },
      ),
      coverage: FlowTestCoverage,
      caller_steps_left: Type.Integer({ description: 'Steps of the script that the caller did not come to.' }),
    },
    { $id: 'FlowTestReport' },
  )
