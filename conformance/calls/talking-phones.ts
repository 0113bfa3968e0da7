import assert from 'node:assert/strict'
import { eventually, type FakeCall, type FakeCallee, FakePhone, type Json, type Platform } from '#testkit'
import { callableFlow } from './sample.ts'

/** Two phones of the tests' own, on new extensions, that show every packet. */
export interface TalkingPhones {
  caller: FakePhone
  callee: FakePhone
  stop(): void
}

export async function talkingPhones(platform: Platform): Promise<TalkingPhones> {
  const start = async () => {
    const { extension: user, password } = await platform.extension()
    const phone = await FakePhone.start({ server: platform.sip, user, password })
    assert.equal((await phone.register()).status, 200)
    return phone
  }
  const [caller, callee] = [await start(), await start()]
  return {
    caller,
    callee,
    stop() {
      caller.close()
      callee.close()
    },
  }
}

/** Puts a flow on the sample number that speaks first and then connects with this extension; gives the number. */
export function speakThenConnect(platform: Platform, extension: string): Promise<string> {
  return callableFlow(platform, [
    { type: 'answer' },
    { type: 'talk', option: { text: 'One moment, please.', language: 'en-US' } },
    { type: 'connect', option: { destinations: [{ type: 'extension', target_name: extension }] } },
    { type: 'hangup' },
  ])
}

/** Has the caller dial; gives both ends once the callee has answered. */
export async function converse(
  phones: TalkingPhones,
  dialled: string,
  ring: (call: FakeCallee) => Promise<void> | void = () => {},
): Promise<{ a: FakeCall; b: FakeCallee }> {
  const nth = phones.callee.callees.length
  phones.callee.whenCalled(async (call) => {
    call.ring()
    await ring(call)
    call.answer()
  })
  const a = await phones.caller.call(dialled)
  const b = await phones.callee.called(nth, 15_000)
  await b.heard('ACK', 15_000)
  return { a, b }
}

/** Waits until what a phone hears from now on is loud enough with this tone. */
export function hears(
  what: string,
  phone: { sound: FakeCall['sound'] },
  loud: (samples: Int16Array) => boolean,
  ms: number,
) {
  const from = phone.sound.heard.length
  return eventually(what, () => loud(phone.sound.samples(Math.max(from, phone.sound.heard.length - 5))), ms)
}

export type { Json }
