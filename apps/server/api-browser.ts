import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Type } from 'typebox'
import { type Download, endpoint, fileSchema, handle, type Route } from '#platform/http'

/** `/docs`: every operation of `/openapi.json` to read and to try, by Swagger UI. Nothing comes from another host. */

const modules = createRequire(import.meta.url)

const START = `SwaggerUIBundle({
  url: '/openapi.json', dom_id: '#api', deepLinking: true, docExpansion: 'none', filter: true, validatorUrl: null,
  persistAuthorization: false, tryItOutEnabled: false, syntaxHighlight: false,
})
`

const PAGE =
  '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
  '<title>Strowger API</title><link rel="stylesheet" href="/docs/assets/swagger-ui.css"><div id="api"></div>' +
  '<noscript>This page needs JavaScript; <a href="/openapi.json">the document</a> does not.</noscript>' +
  '<script src="/docs/assets/swagger-ui-bundle.js"></script><script src="/docs/assets/start.js"></script>'

const JAVASCRIPT = 'text/javascript'
const ASSETS = ['start.js', 'swagger-ui-bundle.js', 'swagger-ui.css'] as const

const apiBrowser = endpoint({
  method: 'GET',
  path: '/docs',
  root: 'only',
  aliases: ['/redoc', '/swagger'],
  summary: 'The API to browse and to try, as a page',
  allow: 'public',
  returns: Type.String(),
  page: 'program',
  errors: [],
})

const apiBrowserAsset = endpoint({
  method: 'GET',
  path: '/docs/assets/{file}',
  root: 'only',
  summary: 'What the page of the API is made of',
  allow: 'public',
  params: Type.Object({ file: Type.Enum(ASSETS) }),
  returns: fileSchema,
  files: [JAVASCRIPT, 'text/css'],
  errors: [],
})

export function apiBrowserRoutes(): Route[] {
  return [handle(apiBrowser, () => PAGE), handle(apiBrowserAsset, ({ params }) => assetOf(params.file))]
}

const made = new Map<string, Download>()

/** Read when somebody first asks for it, and kept. */
function assetOf(fileName: (typeof ASSETS)[number]): Download {
  const known = made.get(fileName)
  if (known) return known
  const octets =
    fileName === 'start.js' ? Buffer.from(START) : readFileSync(modules.resolve(`swagger-ui-dist/${fileName}`))
  const asset: Download = {
    bytes: octets.length,
    contentType: fileName.endsWith('.css') ? 'text/css' : JAVASCRIPT,
    fileName,
    version: createHash('sha256').update(octets).digest('base64url').slice(0, 16),
    async *read(from, to) {
      yield octets.subarray(from, to)
    },
  }
  made.set(fileName, asset)
  return asset
}
