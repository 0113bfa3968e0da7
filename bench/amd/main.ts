/**
 * `npm run amd:accuracy`: how often the machine detector is right, on a corpus that is made here; `-- --write` renews
 * `docs/reference/machine-detection.md`.
 */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createSpeech } from '#managers/tts'
import { type Ids, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { MachineDetector, type MachineVerdict } from '#telecom/media'
import { type AnsweredCall, answeredCalls } from './corpus.ts'
import { MACHINES, PEOPLE } from './greetings.ts'
import { accuracyPage, type Heard } from './page.ts'

const PAGE = fileURLToPath(new URL('../../docs/reference/machine-detection.md', import.meta.url))
const EACH = 5

const { values } = parseArgs({
  options: { write: { type: 'boolean' }, seed: { type: 'string' }, tune: { type: 'boolean' } },
})
const speech = createSpeech({
  cacheFolder: join(tmpdir(), 'strowger-amd'),
  clock: systemClock,
  ids: systemIds,
  log: silentLog,
})
const seed = Number(values.seed ?? '1')
const half = <T>(list: readonly T[]) => (values.tune ? list.slice(0, list.length / 2) : list.slice(list.length / 2))
const calls = [
  ...(await answeredCalls(speech, 'person', half(PEOPLE), EACH, seeded(seed))),
  ...(await answeredCalls(speech, 'machine', half(MACHINES), EACH, seeded(seed + 1))),
]
const heard = calls.map(listen)
const page = accuracyPage(heard)
console.log(page)
if (values.write) writeFileSync(PAGE, page)
await speech.stop()

/** What the detector says of a call, and how long it listened. */
function listen({ who, noise_db, samples }: AnsweredCall): Heard {
  let verdict: MachineVerdict | undefined
  const detector = new MachineDetector((said) => {
    verdict = said
  })
  let ms = 0
  for (; ms < samples.length / 8 && !verdict; ms += 20) detector.listen(samples.subarray(ms * 8, ms * 8 + 160), 160)
  return { who, noise_db, ms, status: verdict?.status ?? 'NOTSURE', cause: verdict?.cause ?? 'time' }
}

/** Chance that a seed repeats (xorshift). */
function seeded(from: number): Ids {
  let state = (from * 2_654_435_761) >>> 0 || 1
  const integer = (below: number) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
  return { ...systemIds, integer }
}
