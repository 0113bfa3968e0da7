import type { CredentialsFile } from './credentials-file.ts'

/** What the operator reads when the platform is up. */
export function banner(at: {
  http: string | undefined
  sip: readonly string[]
  credentials: CredentialsFile | undefined
  isFirst: boolean
  dataDir: string
}): string {
  const lines: string[] = []
  const row = (name: string, text: string) => lines.push(`  ${name.padEnd(10)}${text}`)
  if (at.http !== undefined) row('API', `${at.http}/v1.0   (document: ${at.http}/openapi.json)`)
  if (at.sip.length > 0) row('SIP', `UDP and TCP ${at.sip.join(', ')}`)
  const { credentials } = at
  if (credentials && at.isFirst) {
    row('Customer', `${credentials.customer.name}, access key ${credentials.customer.accesskey}`)
    row('Agent', `${credentials.agent.username} / ${credentials.agent.password}`)
    for (const phone of credentials.extensions) row('Phone', `${phone.extension} / ${phone.password}`)
    row('Admin', `${credentials.admin.username} / ${credentials.admin.password}`)
  }
  if (credentials) row('Number', credentials.numbers.join(', '))
  if (credentials?.sandbox) {
    row(
      'Sandbox',
      'call +999000000200 (a voice), +999050000001 (echo), +999050000002 (voicemail), +999000000486 (busy),',
    )
    row('', `and more: ${credentials.sandbox.api}/numbers; POST ${credentials.sandbox.api}/calls calls your numbers`)
  }
  const kept = credentials ? `Passwords are in ${at.dataDir}/credentials.json. ` : ''
  return `\nStrowger is ready.\n\n${lines.join('\n')}\n\n  ${kept}Register a phone, dial the number, press 1.\n`
}
