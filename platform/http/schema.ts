import type { TSchema } from 'typebox'

/** A JSON Schema node as plain data. */
export type Json = { [name: string]: unknown }

/** Whether a value is a node of a schema, not a list or a scalar. */
export function isNode(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Keywords whose value is a list of schemas. */
const LISTS = ['anyOf', 'oneOf', 'allOf', 'prefixItems']
/** Keywords whose value is a schema. */
const SINGLES = ['items', 'additionalProperties', 'not', 'if', 'then', 'else', 'contains', 'propertyNames']
/** Keywords whose value holds schemas by name. */
const MAPS = ['properties', 'patternProperties', '$defs']

/**
 * Rebuilds a schema node by node, leaves first, in the plain form that validation, serialisation and document share: an
 * enumeration of texts is typed, `X or null` is one node with two types, and a free map is `additionalProperties`.
 */
export function rewrite(schema: TSchema | Json, change: (node: Json, inUnion: boolean) => Json): Json {
  return visit(schema as Json, change, false)
}

function visit(node: Json, change: (node: Json, inUnion: boolean) => Json, inUnion: boolean): Json {
  const copy: Json = { ...node }
  for (const name of LISTS) {
    const list = copy[name]
    if (Array.isArray(list)) copy[name] = list.map((each) => (isNode(each) ? visit(each, change, true) : each))
  }
  for (const name of SINGLES) {
    const single = copy[name]
    if (isNode(single)) copy[name] = visit(single, change, inUnion)
  }
  for (const name of MAPS) {
    const map = copy[name]
    if (!isNode(map)) continue
    copy[name] = Object.fromEntries(
      Object.entries(map).map(([key, each]) => [key, isNode(each) ? visit(each, change, inUnion) : each]),
    )
  }
  return change(plain(copy), inUnion)
}

function plain(node: Json): Json {
  return freeMap(orNull(typedEnum(node)))
}

function typedEnum(node: Json): Json {
  const { enum: values, type } = node
  if (!Array.isArray(values) || type !== undefined || !values.every((value) => typeof value === 'string')) return node
  return { type: 'string', ...node }
}

function orNull(node: Json): Json {
  const { anyOf, ...rest } = node
  if (!Array.isArray(anyOf) || anyOf.length !== 2) return node
  const other = anyOf.find((each) => isNode(each) && each.type !== 'null')
  const hasNull = anyOf.some((each) => isNode(each) && each.type === 'null')
  if (!hasNull || !isNode(other) || typeof other.type !== 'string' || other.$id !== undefined) return node
  const { enum: values } = other
  return {
    ...other,
    ...rest,
    type: [other.type, 'null'],
    ...(Array.isArray(values) ? { enum: [...values, null] } : {}),
  }
}

function freeMap(node: Json): Json {
  const { patternProperties, ...rest } = node
  if (!isNode(patternProperties) || node.additionalProperties !== undefined) return node
  const entries = Object.entries(patternProperties)
  if (entries.length !== 1 || entries[0]?.[0] !== '^.*$') return node
  return { ...rest, additionalProperties: entries[0][1] }
}

/** The form for answers: components inlined, so that the serialiser resolves nothing by name. */
export function forAnswers(schema: TSchema): Json {
  return rewrite(schema, withoutId)
}

/**
 * The form for input: components inlined; outside unions an object with declared members loses those that it does not
 * know, so that nothing undeclared reaches a handler; whole numbers stay within what a double holds exactly, unless whoever
 * reads them clamps them (`x-clamped`).
 */
export function forInput(schema: TSchema): Json {
  return rewrite(schema, (node, inUnion) => boundedInteger(closed(withoutId(node), inUnion)))
}

function withoutId({ $id: _, ...node }: Json): Json {
  return node
}

function closed(node: Json, inUnion: boolean): Json {
  const { properties, additionalProperties, patternProperties } = node
  if (inUnion || additionalProperties !== undefined || patternProperties !== undefined) return node
  if (!isNode(properties) || Object.keys(properties).length === 0) return node
  return { ...node, additionalProperties: false }
}

function boundedInteger(node: Json): Json {
  if (![node.type].flat().includes('integer') || node['x-clamped']) return node
  return { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER, ...node }
}
