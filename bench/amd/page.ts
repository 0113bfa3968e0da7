import type { MachineVerdict } from '#telecom/media'

/** What the detector said of one call of the corpus. */
export interface Heard extends MachineVerdict {
  who: 'person' | 'machine'
  noise_db: number
  /** How long it listened. */
  ms: number
}

const STATUSES = ['HUMAN', 'MACHINE', 'NOTSURE'] as const

/** The reference page: how often the detector is right, and how that was measured. */
export function accuracyPage(heard: readonly Heard[]): string {
  const of = (who: Heard['who']) => heard.filter((each) => each.who === who)
  const row = (who: Heard['who']) => {
    const all = of(who)
    const share = (status: string) => percent(all.filter((each) => each.status === status).length, all.length)
    const times = all.map(({ ms }) => ms).sort((a, b) => a - b)
    const at = (part: number) => `${((times[Math.floor(times.length * part)] ?? 0) / 1_000).toFixed(1)} s`
    return `| ${who} | ${all.length} | ${STATUSES.map(share).join(' | ')} | ${at(0.5)} | ${at(0.95)} |`
  }
  const right = heard.filter(({ who, status }) => status === (who === 'person' ? 'HUMAN' : 'MACHINE'))
  const sure = heard.filter(({ status }) => status !== 'NOTSURE')
  return `# Machine detection

\`amd\` tells a person from a machine by energy and cadence: a person says something short and waits, a machine speaks on for
more than 2.8 s, or beeps. It listens for 6 s at most, 3.5 s where there is no voice at all.

| Who answered | Calls | ${STATUSES.join(' | ')} | Decided after (median) | (95 %) |
|---|---|---|---|---|---|---|
${row('person')}
${row('machine')}

Right: ${percent(right.length, heard.length)} of all, ${percent(right.length, sure.length)} of those that it was sure of.

## How this was measured

\`npm run amd:accuracy\` makes the corpus and measures; nothing of it is recorded from people. Greetings in English (\`bench/amd/greetings.ts\`)
are spoken by four synthetic voices, each five times: 0.1 to 1.6 s after the answer, at 0.88 to 1.15 of the tempo, 0 to 14 dB softer,
under white noise from −65 to −40 dB below full scale, and through 8-bit µ-law. Machines beep 0.2 to 1 s after the greeting, 440 to
1,400 Hz, 0.25 to 0.9 s. The detector was set by half of the texts; the figures are of the other half.

## What it cannot know

A firm that answers with a long sentence sounds like a machine; a mailbox that says "Hello" and then rests for 0.9 s sounds like a
person. Real lines have more accents, music and noise than this corpus: expect less, and let \`NOTSURE\` go to a person.
`
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`
}
