import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { TSchema } from 'typebox'
import { InvariantError, type ReasonedError } from '#platform/errors'
import { isUuid, NIL_UUID } from '#platform/ids'
import { timestampToMs } from '#platform/time'
import type { Endpoint } from './endpoint.ts'
import { apiErrors } from './errors.ts'
import { isStorable, readJson } from './json-body.ts'
import { forInput, isNode, type Json } from './schema.ts'
import { type SchemaFault, schemaFaults } from './schema-faults.ts'

const formats = {
  uuid: isUuid,
  id: (text: string) => isUuid(text) && text !== NIL_UUID,
  'date-time': (text: string) => timestampToMs(text) !== undefined,
  email: /^[^\s@"(),:;<>[\]\\]{1,64}@(?=.{1,255}$)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*$/,
  uri: (text: string) => /^[a-z][a-z0-9+.-]*:/i.test(text) && URL.canParse(text),
}

const options = {
  allErrors: true,
  strict: false,
  useDefaults: true,
  removeAdditional: true,
  validateFormats: true,
  formats,
} as const

/** A body's values have the JSON type that they were sent with; path and query are text and are read as what they mean. */
const bodies = new Ajv2020(options)
const parameters = new Ajv2020({ ...options, coerceTypes: true })

/** Checks the input of one endpoint in the stages of `platform.md` §5.2; each throws its reason, with every fault. */
export class Validator {
  readonly #endpoint: Endpoint
  /** Compiled at first use: most endpoints of a running platform are rarely asked, and start-up is short. */
  #params?: ValidateFunction
  #query?: ValidateFunction
  #body?: ValidateFunction

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint
  }

  /** Compiles everything now, so that a schema that cannot be used is found at start. */
  compile() {
    const { params, query, body } = this.#endpoint
    if (params) this.#params ??= compile(parameters, params)
    if (query) this.#query ??= compile(parameters, query)
    if (body) this.#body ??= compile(bodies, body)
  }

  /** Path parameters; ids come out in lower case. */
  params(values: Record<string, unknown>): unknown {
    const schema = this.#endpoint.params
    if (!schema) return {}
    this.#params ??= compile(parameters, schema)
    const faults = find(this.#params, values, 'path')
    if (faults) throw pathReason(faults)
    for (const [name, value] of Object.entries(values))
      if (typeof value === 'string' && isUuid(value)) values[name] = value.toLowerCase()
    return values
  }

  /** Query parameters; unknown ones are ignored. */
  query(values: Record<string, unknown>): unknown {
    const schema = this.#endpoint.query
    if (!schema) return {}
    this.#query ??= compile(parameters, schema)
    const faults = find(this.#query, values, 'query')
    if (faults) throw queryReason(faults)
    return values
  }

  /** The body, from its bytes; `{}` where the endpoint has none, whatever was sent. */
  body(bytes: Buffer | undefined, contentType: string | undefined): unknown {
    const { body, bodyOptional } = this.#endpoint
    if (!body) return {}
    const isAbsent = bytes === undefined || bytes.length === 0
    const value = isAbsent && bodyOptional ? {} : readJson(bytes ?? Buffer.alloc(0), contentType)
    this.#body ??= compile(bodies, body)
    if (this.#body(value)) return value
    throw bodyReason(schemaFaults(this.#body.errors ?? []))
  }
}

function compile(ajv: Ajv2020, schema: TSchema): ValidateFunction {
  const input = forInput(schema)
  checkFormats(input)
  return ajv.compile(input)
}

/** A format that nothing knows would check nothing: that is a mistake in the contract. */
function checkFormats(node: Json) {
  if (typeof node.format === 'string' && !(node.format in formats))
    throw new InvariantError(`unknown format ${node.format}`)
  for (const value of Object.values(node)) {
    if (isNode(value)) checkFormats(value)
    else if (Array.isArray(value)) for (const each of value) if (isNode(each)) checkFormats(each)
  }
}

function find(validate: ValidateFunction, values: Record<string, unknown>, where: string): SchemaFault[] | undefined {
  const isValid = validate(values)
  for (const [field, value] of Object.entries(values)) {
    // the words Infinity and 1e999 are coerced to a number that no integer is
    if (typeof value === 'number' && !Number.isFinite(value))
      return [{ field, pointer: `/${field}`, issue: 'must be a number', rule: 'type' }]
    if (typeof value === 'string' && isValid && !isStorable(value))
      return [{ field, pointer: `/${field}`, issue: `cannot be read as text of the ${where}`, rule: 'type' }]
  }
  return isValid ? undefined : schemaFaults(validate.errors ?? [])
}

function pathReason(faults: SchemaFault[]): ReasonedError {
  if (faults.some((fault) => fault.format === 'id')) return apiErrors.INVALID_ID({ faults })
  if (faults.some((fault) => fault.rule === 'type' || fault.rule === 'format'))
    return apiErrors.INVALID_REQUEST_PARAMETER({ faults })
  return apiErrors.INVALID_ARGUMENT({ faults })
}

function queryReason(faults: SchemaFault[]): ReasonedError {
  if (faults.some((fault) => fault.rule === 'required')) return apiErrors.MISSING_REQUEST_PARAMETER({ faults })
  if (faults.some((fault) => fault.rule === 'type' || fault.rule === 'format'))
    return apiErrors.INVALID_REQUEST_PARAMETER({ faults })
  return apiErrors.INVALID_ARGUMENT({ faults })
}

function bodyReason(faults: SchemaFault[]): ReasonedError {
  if (faults.some((fault) => fault.rule === 'type')) return apiErrors.INVALID_JSON_BODY({ faults })
  if (faults.every((fault) => fault.format === 'uuid' || fault.format === 'id')) return apiErrors.INVALID_ID({ faults })
  return apiErrors.INVALID_ARGUMENT({ faults })
}
