import { catalogueRows, type Endpoint, openapiDocument, platformRoutes, type Route } from '#platform/http'
import { catalogues } from './catalogue.ts'
import { errorPages } from './error-pages.ts'
import { compareReleased, type ReleasedReason } from './released-reasons.ts'
import { type ApiServices, apiRoutes } from './routes.ts'
import { settingsPage } from './settings-page.ts'
import { VERSION } from './version.ts'

/** What `scripts/generate.ts` writes: the reference that is made from the code. */

const ERRORS = 'docs/reference/errors'
const RELEASED = `${ERRORS}/released.json`

/** Files of these patterns that are not generated are left over. */
export const ownedPatterns = [`${ERRORS}/*.md`]

/** Every generated file by path, and the released promises that the code breaks. `read` gives the present text of a file. */
export function referenceFiles(read: (path: string) => string | undefined): {
  files: Map<string, string>
  faults: string[]
} {
  const rows = catalogueRows(catalogues)
  const files = new Map<string, string>()
  for (const [file, text] of errorPages(rows, (name) => read(`${ERRORS}/${name}`))) files.set(`${ERRORS}/${file}`, text)
  const before = read(RELEASED)
  const released = before === undefined ? undefined : (JSON.parse(before) as ReleasedReason[])
  const { faults, next } = compareReleased(released, rows)
  files.set(RELEASED, `[\n${next.map((each) => `  ${JSON.stringify(each)}`).join(',\n')}\n]\n`)
  files.set('docs/reference/settings.md', settingsPage())
  files.set('docs/reference/openapi.json', `${JSON.stringify(openapi(), undefined, 1)}\n`)
  return { files, faults }
}

/** What a client is generated from: the operations, the reasons and the version of this platform. */
export function forClients(): { document: object; reasons: readonly object[]; version: string } {
  return { document: openapi(), reasons: catalogueRows(catalogues), version: VERSION }
}

/** The document of the routes as they are served. */
function openapi(): object {
  return openapiDocument(routes(), VERSION)
}

/** What every route promises, in the order of the table. */
export function routeTable(): Endpoint[] {
  return routes().map(({ endpoint }) => endpoint)
}

/** The routes as they are served; nothing here calls one, so nothing has to serve them. */
function routes(): Route[] {
  return [...apiRoutes({} as ApiServices), ...platformRoutes(catalogues, {}, () => ({}))]
}
