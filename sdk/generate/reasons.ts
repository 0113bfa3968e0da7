import type { CatalogueRow } from './document.ts'
import { commentLines, typeText } from './type-text.ts'

/** The types of every reason: `reasons.ts`. */
export function reasonsFile(head: string, rows: readonly CatalogueRow[]): string {
  const byReason = [...Map.groupBy(rows, (row) => row.reason)]
  return [
    head,
    '/** Whether repeating helps: never, once the cause is mended, with the same idempotency key, or after a while. */',
    "export type Retry = 'never' | 'after_fix' | 'same_key' | 'after_delay'",
    '',
    '/** What is known of a reason in one domain. */',
    'export interface ReasonRow<Domain, Status, Http, Advice, Detail> {',
    '  readonly domain: Domain',
    '  readonly status: Status',
    '  readonly http: Http',
    '  readonly retry: Advice',
    '  readonly details: readonly Detail[]',
    '}',
    '',
    '/** Details that the catalogue does not describe. */',
    'export type Facts = Readonly<Record<string, unknown>>',
    '',
    '/** Every reason of the catalogue. One that several domains have is told apart by `domain`. */',
    'export interface Reasons {',
    ...byReason.flatMap(([reason, group]) => reasonLines(reason, group)),
    '}',
    '',
    '/** The name of a reason. */',
    'export type Reason = keyof Reasons',
    '',
  ].join('\n')
}

function reasonLines(reason: string, rows: readonly CatalogueRow[]): string[] {
  const doc = rows.map((row) => `${rows.length > 1 ? `${row.domain}: ` : ''}${row.cause} ${row.fix}`).join('\n')
  return [...commentLines(doc, '  '), `  ${reason}: ${rows.map(rowText).join(' | ')}`]
}

function rowText({ domain, status, http, retry, details_schema }: CatalogueRow): string {
  const details = details_schema ? typeText(details_schema, new Set(), '  ') : 'Facts'
  return `ReasonRow<'${domain}', '${status}', ${http}, '${retry}', ${details}>`
}

/** What the client itself needs of the catalogue when it runs: `advice.ts`. */
export function adviceFile(head: string, rows: readonly CatalogueRow[]): string {
  const domains = [...Map.groupBy(rows, (row) => row.domain)]
  return [
    head,
    "import type { Retry } from './reasons.ts'",
    '',
    '/** By domain and reason: whether repeating helps. */',
    'export const RETRY: Readonly<Record<string, Readonly<Record<string, Retry>>>> = {',
    ...domains.flatMap(([domain, group]) => [
      `  '${domain}': {`,
      ...group.map(({ reason, retry }) => `    ${reason}: '${retry}',`),
      '  },',
    ]),
    '}',
    '',
  ].join('\n')
}
