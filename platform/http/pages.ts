const PAGE = { 'content-type': 'text/html; charset=utf-8', 'x-content-type-options': 'nosniff' }
/** Pages are text and looks of our own: nothing in them runs, and nobody frames them. */
const TEXT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
/** A page that runs is made of files of this server alone and asks this server alone. */
const PROGRAM_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self'; frame-ancestors 'none'"

/** The headers of a page for people: what a browser may do with it. */
export function pageHeaders(kind: true | 'program'): Record<string, string> {
  return { ...PAGE, 'content-security-policy': kind === 'program' ? PROGRAM_POLICY : TEXT_POLICY }
}
