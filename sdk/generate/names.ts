/**
 * How an operation is called, from its method and path alone, so that a name never changes when others are added:
 *
 * - The first word of the path is the group: `/v1.0/calls/{id}` is in `client.calls`. Below `/service_agents` the second
 *   word is a group inside it.
 * - Nothing more, or an id: `list` (a GET that answers with `result`) or `get`, `create`, `update`, `delete`.
 * - More words: POST is called like them (`/calls/{id}/recording_start`: `recordingStart`), or `create…` where the last one
 *   is a plural (`/contacts/{id}/addresses`: `createAddress`). The others put their verb before them (`updateFlowIds`,
 *   `listMessages`, `getFile`, `deleteHold`). Before an id of its own the last word is a singular (`deleteAddress`).
 */

export interface OperationName {
  /** `['calls']`, `['serviceAgents', 'tags']` */
  groups: string[]
  /** `hangup` */
  method: string
}

/** Paths whose second word is a group of its own. */
const NESTED = ['service_agents']

export function operationName(httpMethod: string, path: string, isList: boolean): OperationName {
  const segments = path
    .replace(/^\/v1\.0\//, '/')
    .split('/')
    .filter(Boolean)
  const groups = [segments.shift() ?? '']
  const second = segments[0]
  if (NESTED.includes(groups[0] ?? '') && second && !isParameter(second)) groups.push(segments.shift() ?? '')
  const words = segments.filter((segment) => !isParameter(segment))
  const endsInId = isParameter(segments.at(-1) ?? '')
  return { groups: groups.map(camel), method: methodName(httpMethod, words, endsInId, isList && !endsInId) }
}

function methodName(httpMethod: string, words: string[], endsInId: boolean, isList: boolean): string {
  const last = words.at(-1)
  const verb = { GET: isList ? 'list' : 'get', POST: 'create', PUT: 'update', DELETE: 'delete' }[httpMethod] ?? ''
  if (last === undefined) return verb
  const one = [...words.slice(0, -1), singular(last)]
  if (httpMethod === 'POST') return isPlural(last) ? verb + pascal(one.join('_')) : camel(words.join('_'))
  return verb + pascal((endsInId ? one : words).join('_'))
}

/** `recording_start` → `recordingStart` */
export function camel(words: string): string {
  return words
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean)
    .map((word, index) => (index === 0 ? word.charAt(0).toLowerCase() : word.charAt(0).toUpperCase()) + word.slice(1))
    .join('')
}

/** `recording_start` → `RecordingStart` */
export function pascal(words: string): string {
  const name = camel(words)
  return name.charAt(0).toUpperCase() + name.slice(1)
}

/** `serviceAgents` → `service-agents` */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function isParameter(segment: string): boolean {
  return segment.startsWith('{')
}

function isPlural(word: string): boolean {
  return word.endsWith('s') && !word.endsWith('ss')
}

function singular(word: string): string {
  if (!isPlural(word)) return word
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`
  return word.slice(0, /(ss|x|sh|ch)es$/.test(word) ? -2 : -1)
}
