import { type Static, Type } from 'typebox'
import { Address, adminOrManager, apiErrors, endpoint, idParams, page, pageQuery } from '#platform/http'
import { CallsCreate, createCalls, Groupcall, MOST_DESTINATIONS } from './contract.ts'
import { callErrors } from './errors.ts'
import { GROUP_RING_METHODS } from './groupcall.ts'

export const GroupcallCreate = Type.Object({
  ...CallsCreate.properties,
  destinations: Type.Array(Address, {
    minItems: 1,
    maxItems: MOST_DESTINATIONS,
    description: 'Of the types tel, sip, extension and agent; the first of them who answers is kept.',
  }),
  ring_method: Type.Optional(
    Type.Enum(GROUP_RING_METHODS, {
      default: '',
      description: 'All at once (`ring_all`, also when empty), or one after the other (`linear`).',
    }),
  ),
  answer_method: Type.Optional(
    Type.Enum(['', 'hangup_others'], { default: '', description: 'The others end when one has answered.' }),
  ),
})
export type GroupcallCreate = Static<typeof GroupcallCreate>

export const createGroupcall = endpoint({
  method: 'POST',
  path: '/groupcalls',
  summary: 'Call several, keep the first who answers, and run a flow on that call',
  description:
    'sip and tel destinations become calls of it, extensions and agents groupcalls of it; a single extension or agent is the group itself, with its own ring method. A destination that cannot be called counts as one that has ended; when none can, the answer is the reason of the first.',
  allow: adminOrManager,
  body: GroupcallCreate,
  returns: Groupcall,
  deadlineMs: 12_000, // names of hosts are looked up
  errors: createCalls.errors,
})

export const listGroupcalls = endpoint({
  method: 'GET',
  path: '/groupcalls',
  summary: 'List groupcalls',
  allow: adminOrManager,
  query: pageQuery,
  returns: page(Groupcall),
  errors: [],
})

export const getGroupcall = endpoint({
  method: 'GET',
  path: '/groupcalls/{id}',
  summary: 'Read a groupcall',
  allow: adminOrManager,
  params: idParams,
  returns: Groupcall,
  errors: [callErrors.GROUPCALL_NOT_FOUND],
})

export const deleteGroupcall = endpoint({
  method: 'DELETE',
  path: '/groupcalls/{id}',
  summary: 'Delete a groupcall; a live one is ended first, with all its calls',
  allow: adminOrManager,
  params: idParams,
  returns: Groupcall,
  endsCall: true,
  deadlineMs: 15_000, // a phone that does not answer our BYE is waited for
  errors: [callErrors.GROUPCALL_NOT_FOUND, apiErrors.SERVICE_UNAVAILABLE],
})

export const hangupGroupcall = endpoint({
  method: 'POST',
  path: '/groupcalls/{id}/hangup',
  summary: 'End a groupcall with all its calls',
  description:
    'Answers when it has begun to end; the end itself is the event `groupcall_hangup`. One that has ended is 409 `STATE_INVALID`.',
  allow: adminOrManager,
  params: idParams,
  returns: Groupcall,
  endsCall: true,
  errors: [callErrors.GROUPCALL_NOT_FOUND, apiErrors.SERVICE_UNAVAILABLE],
})
