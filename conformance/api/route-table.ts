import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Endpoint, servedPaths } from '#platform/http'

/** A call that the API offers: an endpoint, and what stands in for those of its parameters that are no ids. */
export interface Operation {
  endpoint: Endpoint
  /** `GET /v1.0/timelines/calls/{resource_id}/events`, for messages. */
  name: string
  /** From the root, with `{name}` where an id goes. */
  path: string
  /** What each id names: `{ id: 'flows' }`, `{ target_id: 'outdials/targets' }`. */
  ids: Record<string, string>
  /** The id is asked for in the query, where an unknown one may also be no match. */
  isFilter: boolean
}

/** The same thing under another name in a path. */
const SAME: Record<string, string> = { recordingfiles: 'recordings', files: 'storage_files' }

// Programs have no door: this suite and `scripts/generate.ts` reach into `apps/server` for the one table of routes.
const reference = fileURLToPath(new URL('../../apps/server/reference.ts', import.meta.url))
const { routeTable }: { routeTable(): Endpoint[] } = await import(pathToFileURL(reference).href)

/** Everything that the API serves. */
export const endpoints: readonly Endpoint[] = routeTable()

/** Every operation: a parameter that is one of some words is each of them, and an id in the query is an operation more. */
export const operations: readonly Operation[] = endpoints.flatMap(operationsOf)

function operationsOf(endpoint: Endpoint): Operation[] {
  const path = (endpoint.root ? '' : '/v1.0') + endpoint.path
  const variants = Object.entries(endpoint.params?.properties ?? {}).reduce<string[]>(
    (paths, [name, schema]) =>
      paths.flatMap((each) => wordsOf(schema)?.map((word) => each.replace(`{${name}}`, word)) ?? [each]),
    [path],
  )
  const plain = variants.map((each) => operation(endpoint, each + exampleQuery(endpoint), idsOf(endpoint, each), false))
  const filters = Object.keys(endpoint.query?.properties ?? {}).flatMap((name) => {
    const family = `${name.replace(/_id$/, '')}s`
    const known = endpoints.some((each) => each.path === `/${family}/{id}`)
    return name.endsWith('_id') && known
      ? [operation(endpoint, `${path}?${name}={${name}}`, { [name]: family }, true)]
      : []
  })
  return [...plain, ...filters]
}

/** What has to be said in the query: the members that their schemas give an example of. */
function exampleQuery({ query }: Endpoint): string {
  const said = Object.entries<{ examples?: unknown }>(query?.properties ?? {}).flatMap(([name, { examples }]) =>
    Array.isArray(examples) ? [`${name}=${examples[0]}`] : [],
  )
  return said.length > 0 ? `?${said.join('&')}` : ''
}

function operation(endpoint: Endpoint, path: string, ids: Record<string, string>, isFilter: boolean): Operation {
  return { endpoint, path, ids, isFilter, name: `${endpoint.method} ${path}` }
}

/** What may stand for a parameter that is no id: each word that its schema names, or one that is nothing. */
function wordsOf(schema: { enum?: unknown; examples?: unknown; format?: unknown }): string[] | undefined {
  if (schema.format !== undefined) return undefined
  const words = schema.enum ?? schema.examples
  return Array.isArray(words) ? words.map(String) : ['nothing']
}

/** What the steps before a parameter say it is the id of. */
function idsOf({ params }: Endpoint, path: string): Record<string, string> {
  const ids: Record<string, string> = {}
  const steps = path.split('/').filter((step) => !['', 'v1.0', 'service_agents', 'timelines'].includes(step))
  for (const [at, step] of steps.entries()) {
    const name = /^\{(\w+)\}$/.exec(step)?.[1]
    if (!name || !(name in (params?.properties ?? {}))) continue
    const family = steps
      .slice(0, at)
      .filter((each) => !each.startsWith('{'))
      .join('/')
    ids[name] = SAME[family] ?? family
  }
  return ids
}

/** Every spelling at which an operation is served, with `{name}` for its parameters. */
export function spellings(endpoint: Endpoint): string[] {
  return servedPaths(endpoint).map((path) => path.replace(/:(\w+)/g, '{$1}'))
}
