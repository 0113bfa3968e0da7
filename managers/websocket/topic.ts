import { type Identity, mayPass, Permission } from '#platform/http'
import { LONGEST_TOPIC } from './contract.ts'

/**
 * What a client subscribes to: `customer_id:<uuid>[:<resource>[:<id>]]`, `agent_id:<uuid>…`, or the newer form
 * `…:<service>:<event type>:<id>`. It stands for every published topic that begins with it, also in the middle of a word
 * (`customer_id:X:queue` has the queuecalls too); whole words are such beginnings as well. A `*` at the end stands for
 * anything, so it may be left out.
 */
export interface Topic {
  owner: 'customer_id' | 'agent_id'
  /** The customer or agent, in lower case. */
  owner_id: string
  /** What published topics begin with: the topic in lower case without its `*`. */
  prefix: string
}

const GRAMMAR =
  /^(customer_id|agent_id):([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?::[a-z0-9_.-]+){0,3}:?$/

/** The topic that a text is; `undefined` when it is none. */
export function parseTopic(text: string): Topic | undefined {
  if (text.length > LONGEST_TOPIC) return undefined
  const lower = text.toLowerCase()
  const prefix = lower.endsWith('*') ? lower.slice(0, -1) : lower
  const match = GRAMMAR.exec(prefix)
  if (!match) return undefined
  const [, owner, owner_id = ''] = match
  return { owner: owner === 'agent_id' ? 'agent_id' : 'customer_id', owner_id, prefix }
}

/**
 * Whether the caller may have it. A super admin may have anything; an agent its own; admins, managers and access keys what
 * is their customer's. That an agent of somebody else's topic is of another customer need not be known: the topic is only
 * ever held against events of the caller's customer.
 */
export function maySubscribe({ kind, customer_id, agent_id, permission }: Identity, topic: Topic): boolean {
  if (mayPass(permission, [Permission.CustomerAdmin, Permission.CustomerManager]))
    return topic.owner === 'agent_id' || topic.owner_id === customer_id || isSuperAdmin(permission)
  return topic.owner === 'agent_id' && kind === 'agent' && topic.owner_id === agent_id
}

export function isSuperAdmin(permission: number): boolean {
  return mayPass(permission, [])
}
