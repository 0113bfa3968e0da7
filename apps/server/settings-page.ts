import { settingsTable } from './config.ts'

/** The page of all settings, from what the program itself reads. */
export function settingsPage(): string {
  const rows = settingsTable().map(({ name, fallback, meaning }) => `| \`${name}\` | ${fallback} | ${meaning} |`)
  return `# Settings

Environment variables, read once at the start; all faults are told together. \`npm start -- --help\` prints the same.

| Setting | Default | Meaning |
|---|---|---|
${rows.join('\n')}
`
}
