import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseUri } from '#telecom/sip'
import { sine } from '#testkit'
import { dialledNumber } from './dialled-number.ts'
import { carrierErrors } from './errors.ts'
import { hear } from './heard-sound.ts'
import { readScript, scriptOf } from './script.ts'
import { readSettings } from './settings.ts'
import { SOUND_NAMES } from './sounds.ts'
import { ScriptFault, STEP_FIELDS } from './steps.ts'

test('the guide has every number, step and reason', () => {
  const guide = readFileSync(new URL('../../docs/guides/sandbox-carrier.md', import.meta.url), 'utf8')
  const { numbers } = readScript()
  const sounds = SOUND_NAMES.map((sound) => `\`${sound}\``)
  const steps = Object.keys(STEP_FIELDS).map((step) => `"do": "${step}"`)
  const reasons = Object.keys(carrierErrors).filter((reason) => reason !== 'INTERNAL')
  for (const word of [...numbers.rows.map(({ number }) => `\`${number}\``), ...steps, ...reasons])
    assert.ok(guide.includes(word), word)
  for (const sound of sounds) assert.ok(guide.includes(sound) || guide.includes(`"${sound.slice(1, -1)}"`), sound)
})

test('every number of the script that comes with it is one of its own, and does something', () => {
  const { numbers } = readScript()
  for (const { number, does } of numbers.rows) {
    assert.match(number, /^\+9990[0-9a-z]{8}$/)
    const dialled = (nnn: string) => number.replace('nnn', nnn).replace(/[a-z]/g, '0')
    assert.ok(
      ['034', '404'].some((nnn) => numbers.stepsFor(dialled(nnn))?.length),
      number,
    )
    assert.ok(does)
  }
})

test('letters of a number stand for what is dialled; the first row that fits counts, within its bounds', () => {
  const { numbers } = readScript()
  assert.deepEqual(numbers.stepsFor('+999000000486'), [{ do: 'refuse', status: 486 }])
  assert.deepEqual(numbers.stepsFor('+999000000180')?.[0], { do: 'ring' })
  assert.deepEqual(numbers.stepsFor('+999061002500')?.[1], { do: 'impair', lose: 100, delay: 2_500 })
  assert.equal(numbers.stepsFor('+999069992500'), undefined, 'more than all packets')
  assert.equal(numbers.stepsFor('+999000000299'), undefined)
})

test('what is wrong with a script is said by its place', () => {
  const fault = (text: string) => {
    try {
      scriptOf(text)
      return undefined
    } catch (error) {
      return error instanceof ScriptFault ? error.field : String(error)
    }
  }
  assert.equal(fault('{'), 'the script')
  assert.equal(fault('{"nombres":[]}'), 'nombres')
  assert.equal(fault('{"numbers":[{"number":"12","steps":[]}]}'), 'numbers[0].number')
  assert.equal(fault('{"numbers":[{"number":"+1nn2nn","steps":[]}]}'), 'numbers[0].number')
  const steps = (...list: object[]) => fault(JSON.stringify({ numbers: [{ number: '+12345', steps: list }] }))
  assert.equal(steps({ do: 'sing' }), 'numbers[0].steps[0].do')
  assert.equal(steps({ do: 'answer' }, { do: 'wait', seconds: 601 }), 'numbers[0].steps[1].seconds')
  assert.equal(steps({ do: 'wait' }), 'numbers[0].steps[0].seconds')
  assert.equal(steps({ do: 'press', keys: '12x' }), 'numbers[0].steps[0].keys')
  assert.equal(steps({ do: 'ring', loudly: true }), 'numbers[0].steps[0].loudly')
  assert.equal(fault('{"calls":[{"from":"+999000000200","to":"me","steps":[]}]}'), 'calls[0].to')
})

test('the number that was dialled is found behind a prefix, with or without its plus', () => {
  const read = (text: string) => dialledNumber(parseUri(text))
  assert.deepEqual(read('sip:+999000000200@h'), { number: '+999000000200', prefix: '' })
  assert.deepEqual(read('sip:999000000200;phone-context=x@h'), { number: '999000000200;phone-context=x', prefix: '' })
  assert.deepEqual(read('sip:77+999000000200@h'), { number: '+999000000200', prefix: '77' })
  assert.deepEqual(read('tel:+999000000200'), { number: '+999000000200', prefix: '' })
  assert.deepEqual(read('sip:+15550000@h'), { number: '+15550000', prefix: '' })
})

test('tones are found in what was heard, speech-like noise is none', () => {
  const sit = [sine([985], 380), sine([1_371], 274), sine([1_777], 380), new Int16Array(4_000), sine([350, 440], 1_000)]
  const samples = Int16Array.from(sit.flatMap((part) => [...part]))
  const { tones, seconds } = hear(samples)
  assert.deepEqual(
    tones.map(({ hz }) => hz.map((each) => Math.round(each / 10) * 10)),
    [[990], [1_370], [1_780], [350, 440]],
  )
  assert.equal(seconds, 2.5)
  let seed = 1
  const noise = Int16Array.from({ length: 8_000 }, () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return (seed >> 16) - 16_384
  })
  assert.deepEqual(hear(noise).tones, [])
  assert.deepEqual(hear(new Int16Array(8_000)), { seconds: 1, loudest_dbm0: -99, tones: [] })
})

test('settings that cannot be used are all named', () => {
  const read = readSettings({
    STROWGER_CARRIER_HOST: '0.0.0.0',
    STROWGER_CARRIER_COLOUR: 'red',
    STROWGER_CARRIER_PORT: '99999',
  })
  assert.ok('faults' in read)
  assert.deepEqual(
    read.faults.map((fault) => fault.split(/[=:]/)[0]),
    ['STROWGER_CARRIER_HOST', 'STROWGER_CARRIER_PORT', 'STROWGER_CARRIER_COLOUR'],
  )
  assert.ok('settings' in readSettings({}))
})
