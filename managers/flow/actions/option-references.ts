import type { TSchema } from 'typebox'
import type { ReferenceKind } from './define-action.ts'

/** A place in an option that refers to something; `replace` writes another value there. */
export interface OptionReference {
  kind: ReferenceKind
  path: (string | number)[]
  value: unknown
  replace(value: unknown): void
}

type Node = Readonly<Record<string, unknown>>

/** Every place that the schema marks as a reference and that is there. The option is a copy that may be written to. */
export function optionReferences(schema: TSchema, option: Record<string, unknown>): OptionReference[] {
  const found: OptionReference[] = []
  visitMembers(schema as Node, option, [], found)
  return found
}

function visitMembers(
  schema: Node,
  holder: Record<string, unknown>,
  path: (string | number)[],
  found: OptionReference[],
) {
  const properties = isNode(schema.properties) ? schema.properties : {}
  const patterns = isNode(schema.patternProperties) ? Object.values(schema.patternProperties) : []
  for (const [name, value] of Object.entries(holder)) {
    const member = Object.hasOwn(properties, name) ? properties[name] : patterns[0]
    if (isNode(member)) visit(member, holder, name, value, [...path, name], found)
  }
}

function visit(
  schema: Node,
  holder: Record<string | number, unknown>,
  name: string | number,
  value: unknown,
  path: (string | number)[],
  found: OptionReference[],
) {
  const kind = schema['x-reference']
  if (kind === 'action' || kind === 'flow' || kind === 'actions') {
    const replace = (replacement: unknown) => {
      holder[name] = replacement
    }
    found.push({ kind, path, value, replace })
  } else if (isNode(value)) visitMembers(schema, value, path, found)
}

function isNode(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
