import type { Endpoint } from './endpoint.ts'

/** Every path at which an endpoint is served, in the router's spelling: prefixes, and hyphen spellings (decision 9). */
export function servedPaths({ path, root, aliases = [] }: Endpoint): string[] {
  const spellings = [path, ...aliases].flatMap((each) => [each, hyphened(each)])
  const prefixes = { none: ['/v1.0'], only: [''], too: ['', '/v1.0'] }[root ?? 'none']
  const paths = prefixes.flatMap((prefix) => spellings.map((each) => prefix + each.replace(/\{(\w+)\}/g, ':$1')))
  return [...new Set(paths)]
}

/** `/billing_accounts/{account_id}` → `/billing-accounts/{account_id}`: parameters keep their names. */
function hyphened(path: string): string {
  return path
    .split('/')
    .map((step) => (step.startsWith('{') ? step : step.replaceAll('_', '-')))
    .join('/')
}
