import { type Static, Type } from 'typebox'
import {
  adminOrManager,
  apiErrors,
  endpoint,
  idParams,
  page,
  pageQuery,
  Timestamp,
  TimestampOrNull,
  typedIdParams,
  Uuid,
} from '#platform/http'
import { ACTION_TYPES } from './actions/index.ts'
import { ENDED_REASONS, REFERENCE_TYPES, WEBHOOK_METHODS } from './activeflow.ts'
import { flowErrors } from './errors.ts'
import { FLOW_TYPES } from './flow.ts'
import { flowTestReport } from './flow-test/report.ts'
import { FlowTestScript } from './flow-test/script.ts'

const Option = Type.Object({}, { additionalProperties: true, description: 'By type; see the reference of actions.' })

/** An action as it is written. Types, ids and options are judged together, so that every fault is told at once. */
export const ActionWrite = Type.Object(
  {
    id: Type.Optional(
      Type.String({
        maxLength: 255,
        description: 'A UUID, or any name: names become UUIDs, and everything that refers to them follows.',
      }),
    ),
    next_id: Type.Optional(
      Type.String({ maxLength: 255, description: 'The action that comes next; by default the next of the list.' }),
    ),
    type: Type.String({ description: `One of ${ACTION_TYPES.join(', ')}.`, examples: ['answer'] }),
    option: Type.Optional(Option),
    tm_execute: Type.Optional(TimestampOrNull),
  },
  { $id: 'ActionWrite' },
)
export type ActionWrite = Static<typeof ActionWrite>

/** An action of a flow, or one that an activeflow is at or has been at. */
export const Action = Type.Object(
  {
    id: Uuid,
    next_id: Uuid,
    type: Type.Optional(Type.Enum([...ACTION_TYPES], { examples: ['answer'] })),
    option: Type.Optional(Option),
    tm_execute: TimestampOrNull,
    result: Type.Optional(Type.Enum(['skipped', 'failed'], { description: 'Only where it did not simply run.' })),
    cause: Type.Optional(Type.String({ description: 'Why: a word, and what about it after a colon.' })),
    unresolved: Type.Optional(
      Type.Array(Type.String(), { description: 'Names in placeholders that no variable had.' }),
    ),
    variables: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: 'What was written while it was the current action, each value within its first 1,000 characters.',
      }),
    ),
  },
  { $id: 'Action' },
)

/** A flow. Empty texts are left out. */
export const Flow = Type.Object(
  {
    id: Uuid,
    customer_id: Uuid,
    type: Type.Enum(FLOW_TYPES),
    name: Type.Optional(Type.String()),
    detail: Type.Optional(Type.String()),
    actions: Type.Array(Action),
    direct_hash: Type.Optional(Type.String({ description: 'Whoever knows it may call the flow: sip:<hash>@….' })),
    on_complete_flow_id: Uuid,
    tm_create: Timestamp,
    tm_update: TimestampOrNull,
    tm_delete: TimestampOrNull,
  },
  { $id: 'Flow' },
)
export type FlowResource = Static<typeof Flow>

/** One execution of a flow. Empty texts are left out. */
export const Activeflow = Type.Object(
  {
    id: Uuid,
    customer_id: Uuid,
    flow_id: Uuid,
    status: Type.Enum(['', 'running', 'ended']),
    reference_type: Type.Optional(Type.Enum(REFERENCE_TYPES)),
    reference_id: Uuid,
    reference_activeflow_id: Uuid,
    on_complete_flow_id: Uuid,
    webhook_uri: Type.Optional(Type.String()),
    webhook_method: Type.Optional(Type.Enum(WEBHOOK_METHODS)),
    current_action: Action,
    forward_action_id: Uuid,
    executed_actions: Type.Array(Action),
    ended_reason: Type.Optional(Type.Enum(ENDED_REASONS, { description: 'Why it ended.' })),
    ended_detail: Type.Optional(Type.String({ description: 'What about it.' })),
    tm_create: Timestamp,
    tm_update: TimestampOrNull,
    tm_delete: TimestampOrNull,
  },
  { $id: 'Activeflow' },
)
export type ActiveflowResource = Static<typeof Activeflow>

export const FlowWrite = Type.Object({
  name: Type.String({ maxLength: 255 }),
  detail: Type.String({ maxLength: 10_000 }),
  actions: Type.Array(ActionWrite),
  on_complete_flow_id: Type.Optional(Type.String({ description: 'Empty or the nil UUID for none.' })),
})
export type FlowWrite = Static<typeof FlowWrite>

/** A script, and actions to try in place of those that are saved. */
export const FlowTest = Type.Object(
  {
    ...FlowTestScript.properties,
    actions: Type.Optional(
      Type.Array(ActionWrite, { description: 'Tested in place of those of the flow, which stays as it is.' }),
    ),
  },
  { $id: 'FlowTest' },
)
export type FlowTest = Static<typeof FlowTest>

export const FlowTestReport = flowTestReport(Action)
export type FlowTestReportResource = Static<typeof FlowTestReport>

/** URI and method are plain texts here, because each has a reason of its own when it is wrong. */
export const ActiveflowCreate = Type.Object({
  id: Type.Optional(Type.String({ description: 'A UUID chosen by you, or left out.' })),
  flow_id: Type.Optional(Type.String({ description: 'Wins over `actions`.' })),
  actions: Type.Optional(Type.Array(ActionWrite)),
  variables: Type.Optional(Type.Record(Type.String(), Type.String())),
  webhook_uri: Type.Optional(Type.String({ description: 'Gets every event of this activeflow.' })),
  webhook_method: Type.Optional(Type.String({ description: 'POST, GET, PUT, DELETE, or empty for POST.' })),
})
export type ActiveflowCreate = Static<typeof ActiveflowCreate>

const writeErrors = [
  flowErrors.FLOW_NOT_FOUND,
  flowErrors.INVALID_ACTION_TYPE,
  flowErrors.INVALID_ANONYMOUS_VALUE,
  apiErrors.INVALID_ID,
] as const

export const listFlows = endpoint({
  method: 'GET',
  path: '/flows',
  summary: 'List flows',
  allow: adminOrManager,
  query: pageQuery,
  returns: page(Flow),
  errors: [],
})

export const createFlow = endpoint({
  method: 'POST',
  path: '/flows',
  summary: 'Create a flow',
  allow: adminOrManager,
  body: FlowWrite,
  returns: Flow,
  errors: [...writeErrors, flowErrors.RESOURCE_LIMIT_EXCEEDED],
})

export const getFlow = endpoint({
  method: 'GET',
  path: '/flows/{id}',
  summary: 'Read a flow, also a temporary one, which is made of inline actions and kept for 24 h',
  allow: adminOrManager,
  params: idParams,
  returns: Flow,
  errors: [flowErrors.FLOW_NOT_FOUND],
})

export const updateFlow = endpoint({
  method: 'PUT',
  path: '/flows/{id}',
  summary: 'Replace a flow; what runs already is not touched',
  allow: adminOrManager,
  params: idParams,
  body: FlowWrite,
  returns: Flow,
  errors: [...writeErrors],
})

export const deleteFlow = endpoint({
  method: 'DELETE',
  path: '/flows/{id}',
  summary: 'Delete a flow; numbers let go of it',
  allow: adminOrManager,
  params: idParams,
  returns: Flow,
  errors: [flowErrors.FLOW_NOT_FOUND],
})

export const testFlow = endpoint({
  method: 'POST',
  path: '/flows/{id}/test',
  summary: 'Run a flow against a scripted caller, on virtual time; nothing is called, sent or written',
  description:
    'The flow runs in the interpreter that runs calls. The script says what the caller presses and when he hangs up, what servers answer and what callees do; the report says what the caller would hear, each step, the variables, and which actions and branches the script covered. A flow of twenty minutes takes milliseconds.',
  allow: adminOrManager,
  params: idParams,
  body: FlowTest,
  bodyOptional: true,
  returns: FlowTestReport,
  errors: [...writeErrors, apiErrors.INVALID_VARIABLES],
})

export const regenerateFlowHash = endpoint({
  method: 'POST',
  path: '/flows/{id}/direct-hash-regenerate',
  summary: 'Replace the direct hash of a flow; the old one is dead at once',
  allow: adminOrManager,
  params: typedIdParams,
  returns: Flow,
  errors: [flowErrors.FLOW_NOT_FOUND],
})

export const listActiveflows = endpoint({
  method: 'GET',
  path: '/activeflows',
  summary: 'List executions of flows',
  allow: adminOrManager,
  query: pageQuery,
  returns: page(Activeflow),
  errors: [],
})

export const createActiveflow = endpoint({
  method: 'POST',
  path: '/activeflows',
  summary: 'Run a flow, or a list of actions; the answer shows it before its first step',
  allow: adminOrManager,
  body: ActiveflowCreate,
  returns: Activeflow,
  errors: [
    ...writeErrors,
    flowErrors.ACTIVEFLOW_ALREADY_EXISTS,
    flowErrors.RESOURCE_LIMIT_EXCEEDED,
    apiErrors.INVALID_VARIABLES,
    apiErrors.INVALID_WEBHOOK_URI,
    apiErrors.INVALID_WEBHOOK_METHOD,
  ],
})

export const getActiveflow = endpoint({
  method: 'GET',
  path: '/activeflows/{id}',
  summary: 'Read an execution',
  allow: adminOrManager,
  params: idParams,
  returns: Activeflow,
  errors: [flowErrors.ACTIVEFLOW_NOT_FOUND],
})

export const deleteActiveflow = endpoint({
  method: 'DELETE',
  path: '/activeflows/{id}',
  summary: 'Delete an execution; it is stopped first',
  allow: adminOrManager,
  params: idParams,
  returns: Activeflow,
  errors: [flowErrors.ACTIVEFLOW_NOT_FOUND],
})

export const stopActiveflow = endpoint({
  method: 'POST',
  path: '/activeflows/{id}/stop',
  summary: 'End an execution, and the call that it is bound to',
  allow: adminOrManager,
  endsCall: true,
  params: idParams,
  returns: Activeflow,
  errors: [flowErrors.ACTIVEFLOW_NOT_FOUND, flowErrors.ACTIVEFLOW_ALREADY_STOPPED],
})

export const continueActiveflow = endpoint({
  method: 'POST',
  path: '/activeflows/{id}/continue',
  summary: 'Go on after the action block',
  allow: adminOrManager,
  params: idParams,
  returns: Activeflow,
  errors: [flowErrors.ACTIVEFLOW_NOT_FOUND, flowErrors.FLOW_STATE_INVALID],
})
