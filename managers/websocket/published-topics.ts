import type { PublicEvent } from '#platform/events'
import { isUuid, NIL_UUID } from '#platform/ids'

/** The service that the newer topics name, where it is not the first word of the event's type. */
const SERVICES: Readonly<Record<string, string>> = {
  account: 'conversation',
  activeflow: 'flow',
  aicall: 'ai',
  aimessage: 'ai',
  summary: 'ai',
  team: 'ai',
  campaigncall: 'campaign',
  outplan: 'campaign',
  chat: 'talk',
  chatmessage: 'talk',
  chatparticipant: 'talk',
  conferencecall: 'conference',
  extension: 'registrar',
  trunk: 'registrar',
  groupcall: 'call',
  recording: 'call',
  outdialtarget: 'outdial',
  queuecall: 'queue',
  transcript: 'transcribe',
}

/** Events that are published under another resource than their own: under which, and where its id is. */
const PARENTS: Readonly<Record<string, { resource: string; id: string }>> = {
  aimessage: { resource: 'aicall', id: 'aicall_id' },
  chatmessage: { resource: 'chat', id: 'chat_id' },
  chatparticipant: { resource: 'chat', id: 'chat_id' },
  webchat: { resource: 'webchat_session', id: 'session_id' },
}

/**
 * The topics that an event of a customer is published under (`events.md` §3.3): the default form and the newer one, of the
 * customer, and of the agent who owns the resource.
 */
export function publishedTopics(customer: string, { type, resource_id, data }: PublicEvent): string[] {
  const word = type.slice(0, Math.max(0, type.indexOf('_'))) || type
  const parent = PARENTS[word]
  const own = idOf(data, 'id') ?? resource_id
  const older = parent ? `${parent.resource}:${idOf(data, parent.id) ?? own}` : `${word}:${own}`
  const newer = `${SERVICES[word] ?? word}:${type}:${own}`
  const topics = [`customer_id:${customer}:${older}`, `customer_id:${customer}:${newer}`]
  const owner = idOf(data, 'owner_id')
  if (owner !== undefined) topics.push(`agent_id:${owner}:${older}`, `agent_id:${owner}:${newer}`)
  return topics
}

function idOf(data: Readonly<Record<string, unknown>>, member: string): string | undefined {
  const value = data[member]
  return typeof value === 'string' && value !== NIL_UUID && isUuid(value) ? value : undefined
}
