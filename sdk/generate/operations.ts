import type { Document, Operation, Parameter, Schema } from './document.ts'
import { camel, type OperationName, operationName, pascal } from './names.ts'
import { commentLines, objectText, typeText } from './type-text.ts'

/** An operation as it will be written: where it belongs, its method, and the types that are its own. */
export interface GeneratedOperation extends OperationName {
  /** The lines of the method, without indentation. */
  lines: string[]
  /** Declarations of its own types. */
  types: string[]
  /** Components that it names. */
  uses: Set<string>
  usesList: boolean
  usesSegment: boolean
}

/** Never in a URL: these go into the header of every request. */
const CREDENTIALS = ['accesskey', 'token']

/** Every operation that a program calls: no pages for people, no WebSockets. */
export function operations(document: Document): GeneratedOperation[] {
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, operation]) => isForPrograms(path, operation))
      .map(([method, operation]) => generate(method.toUpperCase(), path, operation)),
  )
  const seen = new Set<string>()
  for (const { groups, method } of all) {
    const name = [...groups, method].join('.')
    if (seen.has(name)) throw new Error(`two operations are called ${name}`)
    seen.add(name)
  }
  return all
}

function isForPrograms(path: string, { responses }: Operation): boolean {
  return successOf(responses).status !== '101' && !/^\/docs(\/|$)/.test(path)
}

function generate(httpMethod: string, path: string, operation: Operation): GeneratedOperation {
  const answer = answerOf(operation)
  const name = operationName(httpMethod, path, answer.isList)
  const typeName = pascal([...name.groups, name.method].join('_'))
  const uses = new Set<string>()
  const types: string[] = []
  const parameters = (operation.parameters ?? []).filter((each) => each.$ref === undefined)
  const inPath = parameters.filter((each) => each.in === 'path')
  const isPublic = operation.security.length === 0
  const query = parameters.filter(
    (each) => each.in === 'query' && (isPublic || each.required || !CREDENTIALS.includes(each.name)),
  )
  const args = inPath.map((each) => `${camel(each.name)}: string`)
  const parts: string[] = []

  const body = bodyOf(operation, typeName, types, uses)
  if (body) {
    args.push(`body${body.required ? '' : '?'}: ${body.type}`)
    parts.push(body.isForm ? 'form: body' : 'body')
  }
  if (query.length > 0) {
    types.push(`export interface ${typeName}Query ${objectText(queryObject(query), uses)}`)
    args.push(query.some((each) => each.required) ? `query: ${typeName}Query` : `query?: ${typeName}Query`)
    parts.push('query')
  }
  args.push('options?: RequestOptions')
  if (isPublic) parts.push('isPublic: true')

  const target = pathText(path)
  const call = () => {
    const rest = `'${httpMethod}', ${target}, {${parts.length > 0 ? ` ${parts.join(', ')} ` : ''}}, options`
    if (answer.isFile) return `api.open(${rest})`
    if (answer.isPage) return `api.list<${itemType(answer.schema, uses)}>(${target}, query, options)`
    return `api.send<${answerType(answer.schema, typeName, types, uses)}>(${rest})`
  }
  const lines = [
    ...commentLines(docText(httpMethod, path, operation), ''),
    `${name.method}: (${args.join(', ')}) =>`,
    `  ${call()},`,
  ]
  return { ...name, lines, types, uses, usesList: answer.isPage, usesSegment: inPath.length > 0 }
}

function docText(httpMethod: string, path: string, operation: Operation): string {
  const own = operation['x-reasons'].filter((reason) => reason.includes('/')).map((reason) => reason.split('/')[1])
  return [
    `${operation.summary}. \`${httpMethod} ${path}\``,
    ...(operation.description ? ['', operation.description] : []),
    ...(own.length > 0
      ? ['', `Its own reasons: ${[...new Set(own)].map((reason) => `\`${reason}\``).join(', ')}.`]
      : []),
  ].join('\n')
}

/** `/v1.0/calls/{id}` as the source of a text. */
function pathText(path: string): string {
  if (!path.includes('{')) return `'${path}'`
  return `\`${path.replace(/\{(\w+)\}/g, (_, name: string) => `\${segment(${camel(name)})}`)}\``
}

interface Answer {
  schema: Schema | undefined
  isFile: boolean
  /** GET that answers with `result`. */
  isList: boolean
  /** A list with page tokens. */
  isPage: boolean
}

function successOf(responses: Operation['responses']) {
  const status = Object.keys(responses).find((each) => /^[123]\d\d$/.test(each)) ?? ''
  return { status, ...responses[status] }
}

function answerOf({ responses }: Operation): Answer {
  const { status, content = {} } = successOf(responses)
  const schema = content['application/json']?.schema
  const isFile = status.startsWith('3') || (schema === undefined && Object.keys(content).length > 0)
  const properties = schema?.properties ?? {}
  const isList = !isFile && properties.result?.type === 'array'
  return { schema, isFile, isList, isPage: isList && 'next_page_token' in properties }
}

function itemType(schema: Schema | undefined, uses: Set<string>): string {
  return typeText(schema?.properties?.result?.items ?? {}, uses)
}

function answerType(schema: Schema | undefined, name: string, types: string[], uses: Set<string>): string {
  if (!schema) return 'void'
  if (!hasMembers(schema)) return typeText(schema, uses)
  types.push(`export interface ${name}Answer ${objectText(schema, uses)}`)
  return `${name}Answer`
}

function bodyOf({ requestBody }: Operation, name: string, types: string[], uses: Set<string>) {
  if (!requestBody) return undefined
  const required = requestBody.required === true
  const { 'application/json': json, 'multipart/form-data': form } = requestBody.content
  const schema = json?.schema ?? form?.schema
  if (!schema) throw new Error(`the body of ${name} is neither JSON nor a form`)
  const isForm = json === undefined
  if (!hasMembers(schema)) return { type: typeText(schema, uses), required, isForm }
  types.push(`export interface ${name}Body ${objectText(schema, uses)}`)
  return { type: `${name}Body`, required, isForm }
}

function hasMembers({ properties = {} }: Schema): boolean {
  return Object.keys(properties).length > 0
}

function queryObject(parameters: readonly Parameter[]): Schema {
  return {
    type: 'object',
    required: parameters.filter((each) => each.required).map((each) => each.name),
    properties: Object.fromEntries(
      parameters.map(({ name, schema, description }) => [name, { ...schema, ...(description ? { description } : {}) }]),
    ),
  }
}
