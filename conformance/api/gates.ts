import type { Endpoint } from '#platform/http'
import type { Operation } from './route-table.ts'

/** Who asks: a kind of credential and, for agents, the permission bits. */
export type Caller = 'nobody' | 'root' | 'admin' | 'manager' | 'agent' | 'none' | 'accesskey' | 'delegate' | 'direct'

export const CALLERS: readonly Caller[] = [
  'nobody',
  'root',
  'admin',
  'manager',
  'agent',
  'none',
  'accesskey',
  'delegate',
  'direct',
]

/** What an agent's permission is; a key and a delegate are an admin (`platform.md` §3.2). */
const BITS: Record<Caller, number> = {
  ...{ nobody: 0, direct: 0, none: 0, agent: 16, admin: 32, accesskey: 32, delegate: 32, manager: 64, root: 1 },
}
const AGENTS: readonly Caller[] = ['root', 'admin', 'manager', 'agent', 'none']

/** `pass`, or the reason of the refusal. */
export type Verdict =
  | 'pass'
  | 'AUTHENTICATION_REQUIRED'
  | 'PERMISSION_DENIED'
  | 'DIRECT_ACCESS_NOT_SUPPORTED'
  | 'AGENT_AUTH_REQUIRED'

/** What an endpoint's own declaration says to a caller; `itself` where the id asked for is the caller's. */
export function declaredVerdict(endpoint: Endpoint, caller: Caller, itself = false): Verdict {
  const { allow, selfToo, direct, noDelegates, notAgent } = endpoint
  if (allow === 'public') return 'pass'
  if (caller === 'nobody') return 'AUTHENTICATION_REQUIRED'
  const isAgent = AGENTS.includes(caller)
  if (caller === 'direct' && direct === 'any') return 'pass'
  if (caller === 'delegate' && noDelegates) return 'DIRECT_ACCESS_NOT_SUPPORTED'
  if (allow === 'agent') return isAgent ? 'pass' : ((notAgent?.reason as Verdict) ?? 'DIRECT_ACCESS_NOT_SUPPORTED')
  if (caller === 'direct') return 'DIRECT_ACCESS_NOT_SUPPORTED'
  if (allow === 'customer' || (selfToo && isAgent && itself)) return 'pass'
  return caller === 'root' || allow.some((bits) => (BITS[caller] & bits) !== 0) ? 'pass' : 'PERMISSION_DENIED'
}

/** The gates of `platform.md` §4.2, by the sheet's own words. */
type SheetGate =
  | 'none'
  | 'agent identity'
  | 'super admin'
  | 'admin'
  | 'any bit'
  | 'itself'
  | 'anybody'
  | 'admin or manager'

/** The sheet's table, row by row and in its words; the first row that names an operation has it. `*`: and all below. */
const SHEET: readonly [SheetGate, string][] = [
  ['none', '/ping /docs* /redoc /swagger /openapi.json'],
  ['none', '/auth/login /auth/boot /auth/signup* /auth/email-verify* /auth/password-forgot* /auth/password-reset*'],
  ['agent identity', '/service_agents* /me'],
  ['super admin', '/customers* /billing_accounts* /providers* /providercalls* /routes* /outbound_configs*'],
  ['super admin', '/numbers/renew /auth/delegate'],
  ['super admin', '/billings/rerate /billings/audit'], // not the sheet's: the operator's, below a family that is
  ['super admin', 'GET:/storage_accounts POST:/storage_accounts DELETE:/storage_accounts/{id}'],
  // not the sheet's: what bounds the spending of things below families that managers may change
  ['admin', '/agents/{id}/spending_limits /agents/{id}/exposure /trunks/{id}/spending_limits /trunks/{id}/exposure'],
  ['admin', '/extensions/{id}/spending_limits /extensions/{id}/exposure'],
  ['admin', '/accesskeys* /billing_account /billings* PUT:/customer* /outbound_config /rags* /auth/unregister'],
  ['any bit', 'GET:/timeline-analyses* GET:/storage_files/{id}'],
  ['itself', 'GET:/agents/{id} PUT:/agents/{id} PUT:/agents/{id}/status'],
  ['anybody', '/ws'],
  [
    'admin or manager',
    '/activeflows* /agents* /aggregated-events /ais* /aiaudits* /aicalls* /aimessages* /aisummaries*',
  ],
  ['admin or manager', '/aipromptproposals* /available_numbers /calls* /campaigns* /campaigncalls* /conferences*'],
  ['admin or manager', '/conferencecalls* /contacts* /contact_addresses* /contact_cases* /contact_interactions*'],
  ['admin or manager', '/contact_peer_events* /conversations* /conversation_accounts* /emails* /extensions* /flows*'],
  ['admin or manager', '/groupcalls* /messages* /numbers* /outdials* /outplans* /queues* /queuecalls* /recordings*'],
  ['admin or manager', '/recordingfiles* /speakings* /storage_files* /storage_account /storage_accounts/{id} /tags*'],
  ['admin or manager', '/teams* /timelines* /transcribes* /transcripts* /transfers* /trunks* /webchat_* GET:/customer'],
  ['admin or manager', '/timeline-analyses*'],
]

/** What direct tokens may use (§4.2), and what no delegate may (§14). */
const FOR_VISITORS: readonly string[] = ['/ws']
const NOT_FOR_DELEGATES: readonly string[] = ['/ws']

/** What the sheet says of an operation; `undefined` where it names no such family, because it is ours. */
export function sheetGate({ endpoint: { method, path } }: Operation): SheetGate | undefined {
  const names = (rule: string) => {
    const [, verb, place = ''] = /^(?:([A-Z]+):)?(.*)$/.exec(rule) ?? []
    if (verb && verb !== method) return false
    return place.endsWith('*')
      ? path.startsWith(place.slice(0, -1)) && /^(\/|$)/.test(rest(path, place))
      : path === place
  }
  return SHEET.find(([, rules]) => rules.split(' ').some(names))?.[0]
}

/** What follows the family; a family that ends in `_` goes on until the next step. */
function rest(path: string, place: string): string {
  const after = path.slice(place.length - 1)
  return place.endsWith('_*') ? after.replace(/^\w+/, '') : after
}

/** The same question as `declaredVerdict`, answered by the sheet alone. */
export function sheetVerdict(gate: SheetGate, operation: Operation, caller: Caller, itself = false): Verdict {
  const { path } = operation.endpoint
  if (gate === 'none') return 'pass'
  if (caller === 'nobody') return 'AUTHENTICATION_REQUIRED'
  if (gate === 'agent identity') {
    if (AGENTS.includes(caller)) return 'pass'
    return path === '/me' ? 'AGENT_AUTH_REQUIRED' : 'DIRECT_ACCESS_NOT_SUPPORTED'
  }
  if (caller === 'direct') return FOR_VISITORS.includes(path) ? 'pass' : 'DIRECT_ACCESS_NOT_SUPPORTED'
  if (caller === 'delegate' && NOT_FOR_DELEGATES.includes(path)) return 'DIRECT_ACCESS_NOT_SUPPORTED'
  if (caller === 'root' || gate === 'anybody') return 'pass'
  const isAdmin = ['admin', 'accesskey', 'delegate'].includes(caller)
  const may: Record<Exclude<SheetGate, 'none' | 'agent identity' | 'anybody'>, boolean> = {
    'super admin': false,
    admin: isAdmin,
    'admin or manager': isAdmin || caller === 'manager',
    itself: isAdmin || caller === 'manager' || (itself && AGENTS.includes(caller)),
    'any bit': isAdmin || caller === 'manager' || caller === 'agent',
  }
  return may[gate] ? 'pass' : 'PERMISSION_DENIED'
}
