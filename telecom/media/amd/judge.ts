/** What was heard of an answered call so far: the loudness of each 20 ms in dB below full scale, and where a tone stood. */
export interface Hearing {
  levels: readonly number[]
  tones: readonly boolean[]
}

/** Who answered, and what told it. */
export interface MachineVerdict {
  status: 'MACHINE' | 'HUMAN' | 'NOTSURE'
  cause: 'tone' | 'long_greeting' | 'short_greeting' | 'silence' | 'time'
}

const FRAME_MS = 20
const frames = (ms: number) => ms / FRAME_MS

/** A beep of a machine; keys and noises of the line are shorter. */
const TONE = frames(240)
/** The voice stands this far above the noise; the noise is what the quietest tenth of the frames has. dB. */
const ABOVE_NOISE = 10
const NOISE_SHARE = 0.1
/** Quieter than this is no voice, whatever the noise; louder than the other is one. dBFS. */
const WEAKEST_VOICE = -48
const SURE_VOICE = -28
/** Shorter sounds are clicks, shorter pauses are inside of words. */
const SHORTEST_VOICE = frames(80)
const INSIDE_WORDS = frames(120)
/** Who has said "Hello?" waits for an answer; a machine that pauses between sentences goes on before this. */
const WAITS = frames(900)
/** A person says no more than this before he waits, a machine hardly ever less. */
const LONGEST_GREETING = frames(2_800)
/** The longest that is listened without a voice, and at all. */
const SILENCE = frames(3_500)
const END = frames(6_000)

/**
 * Tells a person from a machine by energy and cadence: a person says something short and waits, a machine speaks on, or
 * beeps. Judged anew over all that was heard, so that what the noise is can still change the mind; `undefined` = listen on.
 */
export function judgeAnswer({ levels, tones }: Hearing): MachineVerdict | undefined {
  if (longestRun(tones) >= TONE) return { status: 'MACHINE', cause: 'tone' }
  const voice = voiceOf(levels)
  const first = voice.indexOf(true)
  if (first < 0) return levels.length >= SILENCE ? { status: 'NOTSURE', cause: 'silence' } : undefined
  const pauseAt = firstPause(voice, first)
  const greeting = (pauseAt ?? voice.length) - first
  if (greeting > LONGEST_GREETING) return { status: 'MACHINE', cause: 'long_greeting' }
  if (pauseAt !== undefined) return { status: 'HUMAN', cause: 'short_greeting' }
  return levels.length >= END ? { status: 'NOTSURE', cause: 'time' } : undefined
}

/** Where the voice first rests long enough that it waits; `undefined` = nowhere yet. */
function firstPause(voice: readonly boolean[], from: number): number | undefined {
  let rest = 0
  for (let at = from; at < voice.length; at++) {
    rest = voice[at] ? 0 : rest + 1
    if (rest >= WAITS) return at + 1 - rest
  }
  return undefined
}

/** Which frames have a voice in them, with the pauses inside words filled and clicks taken out. */
function voiceOf(levels: readonly number[]): boolean[] {
  const quiet = [...levels].sort((a, b) => a - b)[Math.floor(levels.length * NOISE_SHARE)] ?? 0
  const threshold = Math.min(SURE_VOICE, Math.max(WEAKEST_VOICE, quiet + ABOVE_NOISE))
  const voice = levels.map((level) => level > threshold)
  replaceRuns(voice, false, INSIDE_WORDS)
  replaceRuns(voice, true, SHORTEST_VOICE)
  return voice
}

/** Turns runs of a value that are shorter than this into the other value; those at both ends stay. */
function replaceRuns(mask: boolean[], value: boolean, shortest: number): void {
  for (let start = 0; start < mask.length; ) {
    let end = start
    while (end < mask.length && mask[end] === mask[start]) end++
    if (mask[start] === value && start > 0 && end < mask.length && end - start < shortest) mask.fill(!value, start, end)
    start = end
  }
}

function longestRun(mask: readonly boolean[]): number {
  let longest = 0
  let run = 0
  for (const each of mask) {
    run = each ? run + 1 : 0
    longest = Math.max(longest, run)
  }
  return longest
}
