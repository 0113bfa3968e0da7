import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock, systemClock } from '#platform/time'
import { canRecognise, isInstalled, readWavFile, recognise, rms, sine, wavFile } from '#testkit'
import { createSpeech, type Speech, SpeechError, type SpeechNeeds, type Voice, type VoiceRequest } from './index.ts'
import { plainText } from './plain-text.ts'
import { FliteProgramVoice } from './voices/flite-program.ts'

let folder: string
let open: Speech[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'speech-'))
})

afterEach(async () => {
  for (const speech of open) await speech.stop()
  open = []
  await rm(folder, { recursive: true, force: true })
})

function testSpeech(needs: Partial<SpeechNeeds> = {}): Speech {
  const speech = createSpeech({ cacheFolder: folder, clock: systemClock, ids: systemIds, log: silentLog, ...needs })
  open.push(speech)
  return speech
}

/** A voice that hums, 16 kHz stereo, and remembers what it was asked. */
class Hum implements Voice {
  readonly name: string
  readonly asked: { text: string; request: VoiceRequest }[] = []
  readonly #language: RegExp
  fails = false

  constructor(name: string, language: RegExp) {
    this.name = name
    this.#language = language
  }

  async speaks(language: string): Promise<boolean> {
    return this.#language.test(language)
  }

  async render(text: string, request: VoiceRequest): Promise<Uint8Array> {
    this.asked.push({ text, request })
    if (this.fails) throw new Error('a sore throat')
    return wavFile(sine([300], 100 * text.length, 8_000, 32_000), 16_000, 2)
  }
}

const problem = (wanted: string) => (error: unknown) => error instanceof SpeechError && error.problem === wanted

test('a sentence becomes an 8 kHz 16-bit mono file with sound of a plausible length', async () => {
  const spoken = await testSpeech().render('Welcome. Press one for sales, press two for support.')
  const { samples, sampleRateHz } = readWavFile(await readFile(spoken.file))
  assert.equal(sampleRateHz, 8_000)
  assert.equal(samples.length, spoken.durationMs * 8)
  assert.ok(spoken.durationMs > 2_000 && spoken.durationMs < 8_000, String(spoken.durationMs))
  assert.ok(rms(samples) > 500, String(rms(samples)))
})

test('the flite thread ends when there is nothing to say, and another one speaks later', async () => {
  const clock = new ManualClock()
  const speech = testSpeech({ clock })
  const first = await speech.render('One.')
  clock.advance(20_000)
  const second = await speech.render('Two, and something longer.')
  assert.ok(second.durationMs > first.durationMs)
})

test('the installed flite program speaks as well, text on its input, no shell between', async (t) => {
  const speech = testSpeech({ voices: [new FliteProgramVoice({ folder, clock: systemClock })] })
  if (!isInstalled('flite')) {
    console.log('skipped: flite is not installed')
    return t.skip('flite is not installed')
  }
  const { durationMs } = await speech.render('-o /tmp/nothing; $(touch /tmp/nothing) Hello "there" `world`')
  assert.ok(durationMs > 1_000)
  assert.deepEqual(
    (await readdir(folder)).filter((name) => !name.endsWith('.wav')),
    [],
  )
})

test('a listener on the telephone understands the words', async (t) => {
  if (!(await canRecognise())) {
    console.log('skipped: pocketsphinx_continuous is not installed')
    return t.skip('pocketsphinx_continuous is not installed')
  }
  const speech = testSpeech()
  const menu = ['press one for sales', 'press two for support', 'you pressed one', 'goodbye', 'please hold the line']
  for (const phrase of ['press two for support', 'you pressed one', 'please hold the line']) {
    const { file } = await speech.render(phrase)
    assert.equal(await recognise(readWavFile(await readFile(file)).samples, menu), phrase)
  }
})

test('equal requests are spoken once, at the same time and later, also by the next process', async () => {
  const hum = new Hum('hum', /./)
  const speech = testSpeech({ voices: [hum] })
  const spoken = await Promise.all([speech.render('hello'), speech.render('hello'), speech.render(' hello  ')])
  assert.equal(new Set(spoken.map(({ file }) => file)).size, 1)
  assert.deepEqual(await speech.render('hello'), spoken[0])
  assert.deepEqual(await testSpeech({ voices: [hum] }).render('hello'), spoken[0])
  assert.equal(hum.asked.length, 1)
  assert.notEqual((await speech.render('hello', { language: 'en-GB' })).file, spoken[0]?.file)
})

test('an unknown provider or voice falls back to the default; a language goes to a voice that speaks it', async () => {
  const english = new Hum('english', /^en/)
  const german = new Hum('german', /^de/)
  const speech = testSpeech({ voices: [english, german] })
  await speech.render('one', { provider: 'gcp', voice_id: 'en-US-Neural2-F' })
  await speech.render('zwei', { language: 'de-DE', provider: 'english' })
  await speech.render('trois', { language: 'fr-FR' })
  await speech.render('four', { language: '--option', provider: 'german' })
  assert.deepEqual(
    english.asked.map(({ text }) => text),
    ['one', 'trois', 'four'],
  )
  assert.deepEqual(
    german.asked.map(({ text }) => text),
    ['zwei'],
  )
  assert.equal(english.asked[2]?.request.language, 'en-US')
})

test('a voice that fails is replaced by the next; when none is left, that is said', async () => {
  const hoarse = new Hum('hoarse', /./)
  const second = new Hum('second', /./)
  const speech = testSpeech({ voices: [hoarse, second] })
  hoarse.fails = true
  await speech.render('hello')
  assert.equal(second.asked.length, 1)
  second.fails = true
  await assert.rejects(speech.render('again'), problem('no_voice'))
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.endsWith('.tmp')),
    [],
  )
})

test('text is bounded: nothing to say, and too much of it, is refused', async () => {
  const speech = testSpeech({ voices: [new Hum('hum', /./)] })
  for (const text of ['', '  ', '…!?', '<speak><break/></speak>'])
    await assert.rejects(speech.render(text), problem('empty'))
  await assert.rejects(speech.render('a'.repeat(5_001)), problem('too_long'))
  await assert.rejects(speech.render(`<speak>${'<x/>'.repeat(10_000)}</speak>`), problem('too_long'))
  await speech.stop()
  await assert.rejects(speech.render('hello'), problem('stopped'))
})

test('the cache keeps to its size: the least recently used go, but nothing that was handed out just now', async () => {
  const clock = new ManualClock()
  const bytes = 44 + 5 * 100 * 16
  const speech = testSpeech({ clock, voices: [new Hum('hum', /./)], cacheBytes: bytes * 2 })
  const there = async () => (await readdir(folder)).filter((name) => name.endsWith('.wav')).length
  const first = await speech.render('aaaaa')
  await speech.render('bbbbb')
  await speech.render('ccccc')
  assert.equal(await there(), 3, 'all of them may still be playing')
  clock.advance(61_000)
  await speech.render('aaaaa')
  await speech.render('ddddd')
  assert.equal(await there(), 2)
  assert.ok((await readdir(folder)).includes(first.file.split('/').at(-1) as string))
})

test('what an interrupted run left unfinished is cleared away', async () => {
  await writeFile(join(folder, 'half.tmp'), 'half')
  await testSpeech({ voices: [new Hum('hum', /./)] }).render('hello')
  assert.ok(!(await readdir(folder)).includes('half.tmp'))
})

test('SSML is reduced to its text, anything else is taken literally', () => {
  const cases: [string, string][] = [
    ['<speak>Hello <emphasis>big</emphasis> world</speak>', 'Hello big world'],
    ['<speak version="1.1"><p>One</p><p>Two &amp; three</p></speak>', 'One. Two & three.'],
    ['<speak>wait<break time="2s"/>now</speak>', 'wait, now'],
    ['<speak><sub alias="World Wide Web">WWW</sub> rules</speak>', 'World Wide Web rules'],
    ['<speak>a<!-- <b>secret</b> -->b<![CDATA[ 1 < 2 ]]></speak>', 'ab 1 < 2'],
    ['<speak>&#65;&#x42;&unknown;&#0;</speak>', 'AB&unknown;'],
    ['<speak>cut off <b', 'cut off <b'],
    ['<!DOCTYPE x [<!ENTITY a "boom">]><speak>&a;</speak>', '<!DOCTYPE x [<!ENTITY a "boom">]><speak>&a;</speak>'],
    ['1 < 2 & 3 > 2', '1 < 2 & 3 > 2'],
    ['  tab\tand\r\nline\u0000 ', 'tab and line'],
  ]
  for (const [text, plain] of cases) assert.equal(plainText(text), plain)
})
