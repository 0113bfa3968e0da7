import type { Row } from './row.ts'

/** What the bench prints. */
export interface Report {
  machine: string
  node: string
  date: string
  /** What stood on the disk and what was switched on. */
  setup: string
  results: Row[]
}

/** The page of the figures. */
export function performancePage({ machine, node, date, setup, results }: Report): string {
  const lines = results.map(({ name, value, unit, p99, baseline, ratio, method }) => {
    const compared = baseline ? `${number(baseline.value)} (${baseline.name})` : ''
    return `| \`${name}\` | ${number(value)} ${unit} | ${number(p99)} | ${compared} | ${ratio ?? ''} | ${method.replaceAll('|', '\\|')} |`
  })
  return `# Performance

Written by \`npm run bench -- --write\`: figures of one run on one machine, not promises. [\`bench/README.md\`](../../bench/README.md) says how each is measured.

- Machine: ${machine}
- Node.js: ${node}
- Date: ${date}
- ${setup}

| Figure | Value | p99 | Baseline | Ratio | How |
|---|---|---|---|---|---|
${lines.join('\n')}
`
}

function number(value: number | undefined): string {
  return value === undefined ? '' : value.toLocaleString('en-US', { maximumFractionDigits: 3 })
}
