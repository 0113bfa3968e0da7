import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isInstalled } from './child.ts'
import { wavFile } from './tones.ts'

const LONGEST_RUN_MS = 60_000
/** Strength of the mirror image that stands in for the upper band which the telephone took away. */
const FOLDING = 0.5
const HALF_TAPS = 8

/** Whether this machine has the recogniser. */
export async function canRecognise(): Promise<boolean> {
  return isInstalled('pocketsphinx_continuous')
}

const DICTIONARY = '/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict'
let words: Promise<Set<string>> | undefined

/** The words that the recogniser knows; it refuses a grammar with any other. */
function knownWords(): Promise<Set<string>> {
  words ??= readFile(DICTIONARY, 'utf8').then(
    (dictionary) => new Set(dictionary.split('\n').map((line) => line.slice(0, line.indexOf(' ')))),
  )
  return words
}

/**
 * What a listener on the telephone would understand, out of these phrases (words and spaces, in any sequence):
 * the phrases that were heard, in order, in lower case; `undefined` where none was. Words that are in no dictionary
 * (names) are left out of the phrases.
 */
export async function recognise(pcm8k: Int16Array, grammarPhrases: readonly string[]): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'recognise-'))
  try {
    const grammar = join(folder, 'phrases.gram')
    const sound = join(folder, 'heard.wav')
    const known = await knownWords()
    const phrases = grammarPhrases.map((phrase) =>
      (phrase.toLowerCase().match(/[a-z']+/g) ?? []).filter((word) => known.has(word)),
    )
    await writeFile(
      grammar,
      `#JSGF V1.0;\ngrammar g;\npublic <heard> = ( ${phrases
        .filter((phrase) => phrase.length > 0)
        .map((phrase) => phrase.join(' '))
        .join(' | ')} )+ ;\n`,
    )
    await writeFile(sound, wavFile(foldSpectrum(pcm8k), 16_000))
    const heard = await run(['-infile', sound, '-logfn', '/dev/null', '-jsgf', grammar])
    return heard.split('\n').join(' ').replace(/\s+/g, ' ').trim() || undefined
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Doubles the sample rate by zero-stuffing and keeps the mirror image above 4 kHz, softened: the recogniser's model
 * knows 16 kHz speech, and a mirrored upper band is nearer to it than none.
 */
function foldSpectrum(pcm8k: Int16Array): Int16Array {
  const quiet = 4_000
  const folded = new Int16Array((pcm8k.length + quiet * 2) * 2)
  for (let n = 0; n < pcm8k.length; n++) {
    // the wanted band is (x, between), its mirror image (x, −between); full scale is kept
    folded[(n + quiet) * 2] = pcm8k[n] ?? 0
    folded[(n + quiet) * 2 + 1] = Math.round((between(pcm8k, n) * (1 - FOLDING)) / (1 + FOLDING))
  }
  return folded
}

/** The sample halfway between this and the next one, by a short windowed sinc. */
function between(samples: Int16Array, n: number): number {
  let sum = 0
  for (let k = -HALF_TAPS + 1; k <= HALF_TAPS; k++) {
    const t = 0.5 - k
    const window = 0.5 + 0.5 * Math.cos((Math.PI * t) / (HALF_TAPS + 0.5))
    sum += ((samples[n + k] ?? 0) * Math.sin(Math.PI * t) * window) / (Math.PI * t)
  }
  return sum
}

function run(args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('pocketsphinx_continuous', args, {
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: LONGEST_RUN_MS,
    })
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString('utf8')
    })
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve(out) : reject(new Error(`the recogniser ended with ${code}`))))
  })
}
