import assert from 'node:assert/strict'
import { eventually, type FakeCall, type FakeCallee, FakePhone, levelAt, type Platform } from '#testkit'

/** A registered phone of the tests' own on a new extension, whose calls all hum a tone that no other phone hums. */
export interface HummingPhone {
  phone: FakePhone
  extension: string
  hz: number
}

/** What talks: either end of a call. */
type End = Pick<FakeCall | FakeCallee, 'sound'>

const HUMMED_PACKETS = 3_000
const LOUD = 3_000
const FAINT = 500

/** Phones that hum 440, 600, 760 … Hz; `stop` closes them. */
export async function hummingPhones(
  platform: Platform,
  count: number,
): Promise<{ phones: HummingPhone[]; stop(): void }> {
  const phones: HummingPhone[] = []
  for (let at = 0; at < count; at++) {
    const { extension, password } = await platform.extension()
    const phone = await FakePhone.start({ server: platform.sip, user: extension, password })
    assert.equal((await phone.register()).status, 200)
    phones.push({ phone, extension, hz: 440 + 160 * at })
  }
  return {
    phones,
    stop: () => {
      for (const { phone } of phones) phone.close()
    },
  }
}

/** The phone answers every call that reaches it, and hums. */
export function answers({ phone, hz }: HummingPhone): void {
  phone.whenCalled((call) => {
    call.ring()
    call.answer()
    void call.sound.sendTone(hz, HUMMED_PACKETS)
  })
}

/** The phone dials and hums. */
export async function dials({ phone, hz }: HummingPhone, dialled: string): Promise<FakeCall> {
  const call = await phone.call(dialled)
  assert.equal(call.status, 200)
  void call.sound.sendTone(hz, HUMMED_PACKETS)
  return call
}

/** From now on this end hears these phones' tones and none of those. */
export function hearsOnly(end: End, what: string, wanted: readonly HummingPhone[], unwanted: readonly HummingPhone[]) {
  const from = end.sound.heard.length
  return eventually(
    `${what} hears ${wanted.map(({ hz }) => hz)} Hz alone`,
    () => {
      const { length } = end.sound.heard
      if (length < from + 15) return false
      const samples = end.sound.samples(length - 10)
      const level = ({ hz }: HummingPhone) => levelAt(samples, hz)
      return wanted.every((each) => level(each) > LOUD) && unwanted.every((each) => level(each) < FAINT)
    },
    10_000,
  )
}
