import type { ErrorObject } from 'ajv/dist/2020.js'
import type { Fault } from './fault.ts'

/** A fault with the rule that found it, which decides the reason. */
export interface SchemaFault extends Fault {
  pointer: string
  rule: 'type' | 'required' | 'format' | 'other'
  /** The format that the value does not have, where that is the rule. */
  format?: string
}

/** Turns the validator's findings into faults: one per field and rule, in words. */
export function schemaFaults(errors: readonly ErrorObject[]): SchemaFault[] {
  const [first] = errors
  if (first && errors.length === 1) return [faultOf(first)]
  const faults = settleUnions([...errors]).map(faultOf)
  const mistyped = new Set(faults.filter((fault) => fault.rule === 'type').map((fault) => fault.pointer))
  const seen = new Set<string>()
  return faults.filter((fault) => {
    if (fault.rule !== 'type' && fault.rule !== 'required' && mistyped.has(fault.pointer)) return false
    const key = `${fault.pointer} ${fault.issue}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/**
 * Of a union that nothing matched, only the branch that was meant is of use: the one whose type fits. Where no type fits,
 * the union's types are what is expected.
 */
function settleUnions(errors: ErrorObject[]): ErrorObject[] {
  const unions = errors
    .filter((error) => error.keyword === 'anyOf' || error.keyword === 'oneOf')
    .sort((a, b) => a.schemaPath.length - b.schemaPath.length)
  let left = errors
  for (const union of unions) {
    if (!left.includes(union)) continue
    const inside = (error: ErrorObject) =>
      error !== union &&
      error.schemaPath.startsWith(`${union.schemaPath}/`) &&
      error.instancePath.startsWith(union.instancePath)
    const branches = Map.groupBy(left.filter(inside), (error) =>
      error.schemaPath.slice(union.schemaPath.length + 1).replace(/\/.*/s, ''),
    )
    const isMistyped = (error: ErrorObject) => error.keyword === 'type' && error.instancePath === union.instancePath
    const fitting = [...branches.values()].filter((branch) => !branch.some(isMistyped))
    if (fitting.length === 1)
      left = left.filter((error) => error !== union && (!inside(error) || fitting[0]?.includes(error)))
    else {
      const types = [...branches.values()]
        .flat()
        .filter(isMistyped)
        .flatMap((error) => error.params.type)
      const settled =
        fitting.length === 0 && types.length > 0 ? { ...union, keyword: 'type', params: { type: types } } : union
      left = left.filter((error) => !inside(error)).map((error) => (error === union ? settled : error))
    }
  }
  return left
}

function faultOf(error: ErrorObject): SchemaFault {
  const { keyword, params } = error
  if (keyword === 'required') {
    const pointer = `${error.instancePath}/${escapeStep(String(params.missingProperty))}`
    return { field: fieldOf(pointer), pointer, issue: 'is required', rule: 'required' }
  }
  const at = { field: fieldOf(error.instancePath), pointer: error.instancePath }
  if (keyword === 'type') return { ...at, issue: `must be ${typeWords(params.type)}`, rule: 'type' }
  if (keyword === 'format')
    return {
      ...at,
      issue: FORMATS[params.format] ?? `must be a ${params.format}`,
      rule: 'format',
      format: params.format,
    }
  return { ...at, issue: issueOf(error), rule: 'other' }
}

const FORMATS: Readonly<Record<string, string>> = {
  uuid: 'must be a UUID',
  id: 'must be a UUID other than the nil UUID',
  'date-time': 'must be a timestamp such as 2026-01-02T03:04:05.123456Z',
  email: 'must be an e-mail address',
  uri: 'must be an absolute URI',
}

const TYPES: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'an array',
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  null: 'null',
}

function typeWords(types: string | string[]): string {
  return [...new Set([types].flat())].map((type) => TYPES[type] ?? type).join(' or ')
}

function issueOf({ keyword, params, message }: ErrorObject): string {
  switch (keyword) {
    case 'enum':
      return `must be one of ${params.allowedValues.map(valueWord).join(', ')}`
    case 'const':
      return `must be ${valueWord(params.allowedValue)}`
    case 'minimum':
      return `must be at least ${params.limit}`
    case 'maximum':
      return `must be at most ${params.limit}`
    case 'exclusiveMinimum':
      return `must be more than ${params.limit}`
    case 'exclusiveMaximum':
      return `must be less than ${params.limit}`
    case 'multipleOf':
      return `must be a multiple of ${params.multipleOf}`
    case 'minLength':
      return `must have at least ${params.limit} ${params.limit === 1 ? 'character' : 'characters'}`
    case 'maxLength':
      return `must have at most ${params.limit} characters`
    case 'minItems':
      return `must have at least ${params.limit} ${params.limit === 1 ? 'entry' : 'entries'}`
    case 'maxItems':
      return `must have at most ${params.limit} entries`
    case 'minProperties':
      return `must have at least ${params.limit} ${params.limit === 1 ? 'member' : 'members'}`
    case 'maxProperties':
      return `must have at most ${params.limit} members`
    case 'uniqueItems':
      return 'must not have the same entry twice'
    case 'pattern':
      return `must have the form ${params.pattern}`
    case 'anyOf':
    case 'oneOf':
      return 'has none of the allowed forms'
    default:
      return message ?? 'is not allowed'
  }
}

function valueWord(value: unknown): string {
  return value === '' ? '""' : String(value)
}

function escapeStep(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** `/actions/3/option` as a reader writes it: `actions[3].option`. */
function fieldOf(pointer: string): string {
  let field = ''
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    if (/^\d+$/.test(name)) field += `[${name}]`
    else field += field === '' ? name : `.${name}`
  }
  return field
}
