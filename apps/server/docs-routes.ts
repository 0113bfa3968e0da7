import { readFileSync } from 'node:fs'
import { Marked } from 'marked'
import { Type } from 'typebox'
import { apiErrors, catalogueRows, endpoint, handle, type Route } from '#platform/http'
import { apiBrowserRoutes } from './api-browser.ts'
import { catalogues } from './catalogue.ts'

/** `/docs`: the API to browse, and the pages of `docs/reference/errors` for whoever follows the `Link` of a refusal. */

const PAGES = new URL('../../docs/reference/errors/', import.meta.url)

const errorIndexPage = endpoint({
  method: 'GET',
  path: '/docs/errors',
  root: 'only',
  summary: 'Every reason, as a page',
  allow: 'public',
  returns: Type.String(),
  page: true,
  errors: [],
})

const errorPage = endpoint({
  method: 'GET',
  path: '/docs/errors/{reason}',
  root: 'only',
  summary: 'What a reason means and what to do, as a page',
  allow: 'public',
  params: Type.Object({ reason: Type.String() }),
  returns: Type.String(),
  page: true,
  errors: [apiErrors.RESOURCE_NOT_FOUND],
})

/** Only names of the catalogue lead to a file. */
export function docsRoutes(): Route[] {
  const reasons = new Set(catalogueRows(catalogues).map((row) => row.reason))
  return [
    ...apiBrowserRoutes(),
    handle(errorIndexPage, () => pageOf('README', 'Error reasons')),
    handle(errorPage, ({ params: { reason } }) => {
      if (!reasons.has(reason)) throw apiErrors.RESOURCE_NOT_FOUND()
      return pageOf(reason, reason)
    }),
  ]
}

const LOOKS =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}' +
  'table{border-collapse:collapse}td,th{border:1px solid #8886;padding:.25rem .6rem;text-align:left;vertical-align:top}' +
  'pre{overflow:auto;padding:.6rem;border:1px solid #8886}'

const markdown = new Marked({
  // the pages link each other by file name
  walkTokens: (token) => {
    if (token.type !== 'link') return
    const [, reason] = /^([A-Z][A-Z0-9_]*)\.md$/.exec(token.href) ?? []
    if (reason) token.href = `/docs/errors/${reason}`
  },
})

const made = new Map<string, string>()

/** The HTML of a page of our own, made once. */
function pageOf(name: string, title: string): string {
  const known = made.get(name)
  if (known !== undefined) return known
  const body = markdown.parse(readFileSync(new URL(`${name}.md`, PAGES), 'utf8'), { async: false })
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${LOOKS}</style>${body}</html>`
  made.set(name, html)
  return html
}
