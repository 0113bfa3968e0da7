import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, isInstalled, type Json, Linphone, Platform } from '#testkit'
import { answers, hearsOnly, hummingPhones } from './humming-phones.ts'

const skip = isInstalled('linphonec') ? false : 'linphone is not installed (scripts/install-test-peers.sh)'

let platform: Platform

before(async () => {
  if (!skip) platform = await Platform.start({ MEDIA_WORKERS: '2' })
})
after(() => platform?.stop())

test('a foreign phone hands its first call over to its second (REFER with Replaces): the two hear each other, and it is off', {
  skip,
}, async () => {
  const { phones, stop } = await hummingPhones(platform, 2)
  const [alice, carol] = phones
  assert.ok(alice && carol)
  for (const each of phones) answers(each)
  const { extension: user, password } = await platform.extension()
  let bob: Linphone | undefined
  try {
    bob = await Linphone.start({ user, password, server: platform.sip })
    bob.type(`call sip:${alice.extension}@${platform.sip}`)
    const a = await alice.phone.called(0, 10_000)
    await bob.says(/Call 1 .*connected/i)
    bob.type('pause 1')
    await bob.says(/Call 1 .*paused/i)
    bob.type(`call sip:${carol.extension}@${platform.sip}`)
    const c = await carol.phone.called(0, 10_000)
    await bob.says(/Call 2 .*connected/i)
    bob.type('transfer 1 --to-call 2')
    await hearsOnly(a, 'Alice', [carol], [alice])
    await hearsOnly(c, 'Carol', [alice], [carol])
    const bobs = await eventually('both calls of the phone are over', async () => {
      const { body } = await platform.api('GET', '/calls')
      const own = body.result.filter(({ direction }: Json) => direction === 'incoming')
      return own.length === 2 && own.every(({ status }: Json) => status === 'hangup') ? (own as Json[]) : undefined
    })
    assert.deepEqual(
      bobs.map(({ hangup_reason }) => hangup_reason),
      ['normal', 'normal'],
    )
    await a.hangUp()
    await eventually('the other one is rung off', () => c.methods.includes('BYE') || undefined)
  } finally {
    await bob?.stop()
    stop()
  }
})
