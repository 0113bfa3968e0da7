import { type Identity, mayPass, Permission } from '#platform/http'
import { isUuid } from '#platform/ids'
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
 * The customer whose events the caller may hold the topic against, `undefined` where that is nobody's. A super admin may
 * have anything; an agent its own; admins, managers and access keys what is their customer's; a direct token single things
 * of the kinds that it is for. `owners` says whose other agents are: an agent of another customer and one that never was
 * are refused alike.
 */
export function customerOf(topic: Topic, caller: Identity, owners: ReadonlyMap<string, string>): string | undefined {
  const { customer_id, agent_id, kind, permission } = caller
  if (kind === 'direct') return isForVisitor(topic, caller) ? customer_id : undefined
  if (topic.owner === 'agent_id' && kind === 'agent' && topic.owner_id === agent_id) return customer_id
  if (!isManager(caller)) return undefined
  const owner = topic.owner === 'customer_id' ? topic.owner_id : owners.get(topic.owner_id)
  if (mayPass(permission, [])) return owner ?? customer_id // of an agent that never was nothing is heard
  return owner === customer_id ? customer_id : undefined
}

/** `customer_id:<own customer>:<a kind that the token is for>:<whole id>`: no beginning of an id stands for others. */
function isForVisitor({ owner, owner_id, prefix }: Topic, { customer_id, direct }: Identity): boolean {
  const [, , resource = '', id = '', ...rest] = prefix.split(':')
  const isOne = isUuid(id) && (rest.length === 0 || (rest.length === 1 && rest[0] === ''))
  const isOwn = owner === 'customer_id' && owner_id === customer_id
  return isOwn && isOne && (direct?.allowed_resource_types.includes(resource) ?? false)
}

/** Whether the caller may have more than what is its own. */
export function isManager({ permission }: Identity): boolean {
  return mayPass(permission, [Permission.CustomerAdmin, Permission.CustomerManager])
}
