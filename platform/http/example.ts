import type { TSchema } from 'typebox'
import { InvariantError } from '#platform/errors'
import { isNode, type Json, rewrite } from './schema.ts'

/** Whether a value is sent or received: a request names nothing that its reader would have to make first. */
export type Direction = 'request' | 'answer'

const SAMPLE_UUID = '7c4d2d33-8b0b-4ba1-8a52-1f0c9a3f5d10'

const BY_FORMAT: Readonly<Record<string, unknown>> = {
  uuid: SAMPLE_UUID,
  id: SAMPLE_UUID,
  'date-time': '2026-01-02T03:04:05.123456Z',
  email: 'ada@example.com',
  uri: 'https://example.com/hook',
  binary: '(the octets of the file)',
  'uri-reference': '/docs',
}

/** What members of such a name usually hold, wherever they stand. A schema that knows better says so by `examples`. */
const BY_NAME: Readonly<Record<string, unknown>> = {
  name: 'Front desk',
  detail: 'Takes the first calls of the day',
  username: 'ada@example.com',
  email: 'ada@example.com',
  password: 'correct horse battery staple',
  current_password: 'the password until now',
  token: 'eyJhbGciOiJIUzI1NiJ9…',
  phone_number: '+12025550123',
  address: '1 Main Street, Springfield',
  country: 'KR',
  webhook_method: 'POST',
  webhook_uri: 'https://example.com/hook',
  ring_method: 'ringall',
  extension: '2000',
  number: '+899000000001',
  direct_hash: 'direct.0123456789ab',
  permission: 16,
  limit: 5,
  retry_after: 3,
  status: 'hangup',
  missing: 'database',
  field: 'name',
  pointer: '/name',
  issue: 'is required',
  message: 'There is no such tag.',
  request_id: 'req_4H4ITYWWLIBZXLFUPBJLCV73YA',
  domain: 'tag-manager',
  reason: 'TAG_NOT_FOUND',
  page_size: 20,
  next_page_token: '',
  page_token: '2026-01-02T03:04:05.123456Z',
}

/**
 * A value that a schema takes, the same one each time: what its `examples` say, else what follows from its enumeration,
 * format, name and bounds. Throws for a text with a pattern and without an example: nobody could guess one.
 */
export function exampleOf(schema: TSchema | Json, direction: Direction, name = ''): unknown {
  return make(
    rewrite(schema, (node) => node),
    direction,
    name,
  )
}

function make(node: Json, direction: Direction, name: string): unknown {
  if (Array.isArray(node.examples) && node.examples.length > 0) return node.examples[0]
  if ('const' in node) return node.const
  if (Array.isArray(node.enum)) return node.enum.find((value) => value !== '' && value !== null) ?? node.enum[0]
  const [choice] = [node.anyOf ?? node.oneOf].flat().filter((each) => isNode(each) && each.type !== 'null')
  if (isNode(choice)) return make(choice, direction, name)
  const [type] = [node.type].flat().filter((each) => each !== 'null')
  if (type === 'object' || isNode(node.properties)) return objectOf(node, direction)
  if (type === 'array') return arrayOf(node, direction, name)
  if (type === 'string') return textOf(node, name)
  if (type === 'integer' || type === 'number') return numberOf(node, name)
  if (type === 'boolean') return node.default ?? true
  return {} // anything at all
}

function objectOf({ properties, required }: Json, direction: Direction): Json {
  const needed = new Set(Array.isArray(required) ? required : [])
  const members = Object.entries(isNode(properties) ? properties : {}).filter(
    ([name, each]) => needed.has(name) || direction === 'answer' || !isReference(each, name),
  )
  return Object.fromEntries(members.map(([name, each]) => [name, isNode(each) ? make(each, direction, name) : {}]))
}

function arrayOf({ items, minItems }: Json, direction: Direction, name: string): unknown[] {
  if (!isNode(items) || (direction === 'request' && isReference(items, name))) return []
  const length = Math.max(1, typeof minItems === 'number' ? minItems : 0)
  return Array.from({ length }, () => make(items, direction, name.replace(/s$/, '')))
}

/** Whether it names something that has to be there, or that the platform names by itself. */
function isReference(node: unknown, name: string): boolean {
  return isNode(node) && (node.format === 'uuid' || node.format === 'id' || isIdName(name))
}

function isIdName(name: string): boolean {
  return name === 'id' || name.endsWith('_id')
}

function textOf(node: Json, name: string): unknown {
  const { format, default: usual, pattern, examples } = node
  if (Array.isArray(examples)) return examples[0]
  if (typeof format === 'string' && format in BY_FORMAT) return BY_FORMAT[format]
  for (const value of [BY_NAME[name], isIdName(name) ? SAMPLE_UUID : undefined, usual])
    if (typeof value === 'string' && fits(node, value)) return value
  const made = bounded(node, name || 'text')
  if (fits(node, made)) return made
  throw new InvariantError(`${name || 'a text'} with the pattern ${pattern} says no example`)
}

function fits({ minLength, maxLength, pattern }: Json, value: string): boolean {
  if (typeof minLength === 'number' && value.length < minLength) return false
  if (typeof maxLength === 'number' && value.length > maxLength) return false
  return typeof pattern !== 'string' || new RegExp(pattern).test(value)
}

function bounded({ minLength, maxLength }: Json, text: string): string {
  const long = typeof minLength === 'number' ? text.padEnd(minLength, 'x') : text
  return typeof maxLength === 'number' ? long.slice(0, maxLength) : long
}

function numberOf({ default: usual, minimum, maximum }: Json, name: string): number {
  const value = [usual, BY_NAME[name]].find((each) => typeof each === 'number') ?? 1
  const least = typeof minimum === 'number' ? minimum : Number.NEGATIVE_INFINITY
  const most = typeof maximum === 'number' ? maximum : Number.POSITIVE_INFINITY
  return Math.min(Math.max(Number(value), least), most)
}
