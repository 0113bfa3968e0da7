import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestAccounts } from '#testkit'
import { TestMailbox } from './test-mailbox.ts'

test('where the operator wants no confirmation, who signs up is active and is sent the link for its password at once', async () => {
  const accounts = await TestAccounts.start({ checksEmail: false, startVerified: true })
  const mailbox = new TestMailbox(accounts, await accounts.superAdmin())
  const email = 'founder@example.com'
  const { customer } = (await accounts.client().post('/auth/signup', { email, accepted_tos: true })).body
  assert.equal(customer.status, 'active')
  assert.equal(customer.email_verified, true)
  assert.equal(customer.identity_verification_status, 'none', 'nobody answers for who comes by itself')
  const set = { token: await mailbox.tokenFor('password-reset', email), password: 'a password of my own' }
  assert.equal((await accounts.client().post('/auth/password-reset', set)).status, 200)
  accounts.clock.advance(2 * 60 * 60_000)
  assert.equal(await accounts.lifecycle.expireUnverified(), 0)
})

test('where the operator answers for identities, a customer that it makes is verified too', async () => {
  const accounts = await TestAccounts.start({ startVerified: true })
  const root = await accounts.superAdmin()
  const texts = { name: '', detail: '', phone_number: '', address: '', webhook_method: '', webhook_uri: '' }
  const { body } = await root.post('/v1.0/customers', { ...texts, email: 'a@example.com' })
  assert.equal(body.identity_verification_status, 'verified')
})
