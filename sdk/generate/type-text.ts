import type { Schema } from './document.ts'

const COMPONENTS = '#/components/schemas/'

/** A schema as a TypeScript type; `uses` gets the components that it names. Descriptions become comments of members. */
export function typeText(schema: Schema, uses: Set<string>, indent = ''): string {
  if (schema.$ref !== undefined) {
    if (!schema.$ref.startsWith(COMPONENTS)) throw new Error(`${schema.$ref} is no component`)
    const name = schema.$ref.slice(COMPONENTS.length)
    uses.add(name)
    return name
  }
  if ('const' in schema) return literal(schema.const)
  if (schema.enum) return schema.enum.map(literal).join(' | ') || 'never'
  const union = schema.anyOf ?? schema.oneOf
  if (union) return joined(union, ' | ', uses, indent)
  if (schema.allOf) return joined(schema.allOf, ' & ', uses, indent)
  if (Array.isArray(schema.type))
    return unique(schema.type.map((type) => typeText({ ...schema, type }, uses, indent))).join(' | ')
  return ofType(schema, uses, indent)
}

function ofType(schema: Schema, uses: Set<string>, indent: string): string {
  switch (schema.type) {
    case 'string':
      return schema.format === 'binary' ? 'Blob' : 'string'
    case 'integer':
    case 'number':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'null':
      return 'null'
    case 'array': {
      if (schema.prefixItems) return `[${schema.prefixItems.map((each) => typeText(each, uses, indent)).join(', ')}]`
      const item = schema.items ? typeText(schema.items, uses, indent) : 'unknown'
      return /[|&]/.test(item) && !item.startsWith('{') ? `(${item})[]` : `${item}[]`
    }
    case 'object':
      return objectText(schema, uses, indent)
    default:
      return schema.properties ? objectText(schema, uses, indent) : 'unknown'
  }
}

/** The members of an object, and the index of a free map. */
export function objectText(schema: Schema, uses: Set<string>, indent = ''): string {
  const { properties = {}, required = [], additionalProperties } = schema
  const members = Object.entries(properties)
  const rest =
    typeof additionalProperties === 'object' ? typeText(additionalProperties, uses, indent) : additionalProperties
  if (members.length === 0) return `Record<string, ${typeof rest === 'string' ? rest : 'unknown'}>`
  const inner = `${indent}  `
  const lines = members.flatMap(([name, each]) => [
    ...commentLines(each.description, inner),
    `${inner}${memberName(name)}${required.includes(name) ? '' : '?'}: ${typeText(each, uses, inner)}`,
  ])
  // a member beside a free map has to be one of its values
  if (rest !== undefined && rest !== false) lines.push(`${inner}[name: string]: unknown`)
  return `{\n${lines.join('\n')}\n${indent}}`
}

/** A comment of one or more lines, or none. */
export function commentLines(text: string | undefined, indent: string): string[] {
  if (!text) return []
  const lines = text.replaceAll('*/', '*\\/').split('\n')
  if (lines.length === 1) return [`${indent}/** ${lines[0]} */`]
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`]
}

function joined(list: readonly Schema[], by: string, uses: Set<string>, indent: string): string {
  return unique(list.map((each) => typeText(each, uses, indent))).join(by)
}

function unique(texts: string[]): string[] {
  return [...new Set(texts)]
}

function literal(value: unknown): string {
  return typeof value === 'string' && !/['\\\n]/.test(value) ? `'${value}'` : JSON.stringify(value)
}

function memberName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)
}
