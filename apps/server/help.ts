import { settingsTable } from './config.ts'

/** The text of `--help`: what the program is, and every setting. */
export function helpText(): string {
  const rows = settingsTable().map(
    ({ name, fallback, meaning }) => `  ${name}\n      ${meaning}\n      default: ${fallback}`,
  )
  return `Strowger: a communications platform with real SIP and RTP behind one REST API.

  npm start                 runs it
  npm start -- --help       this text

Settings (environment variables):

${rows.join('\n')}
`
}
