import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { signature, standardSecret, standardSignature } from './signature.ts'

test('the example of the Standard Webhooks specification is signed as it says', () => {
  const example = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', at: 1_614_265_330, body: '{"test": 2432232314}' }
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  assert.equal(standardSignature(example, [secret]), 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64')
  assert.equal(standardSecret(key), secret)
})

test('each secret that is in force signs, and an empty one signs nothing', () => {
  const message = { id: 'a', at: 1, body: 'grüße' }
  const [one, two] = ['one', 'two'].map((secret) => standardSignature(message, [secret]))
  assert.equal(standardSignature(message, ['one', 'two']), `${one} ${two}`)
  assert.equal(standardSignature(message, ['', 'two']), two)
  for (const secrets of [[], [''], ['whsec_']]) assert.equal(standardSignature(message, secrets), undefined)
})

test('the signature of VoIPbin is of the body alone, by the text of the secret', () => {
  const signed = signature('body', 'whsec_c2VjcmV0') ?? ''
  assert.match(signed, /^sha256=[0-9a-f]{64}$/)
  assert.equal(signed, `sha256=${createHmac('sha256', 'whsec_c2VjcmV0').update('body').digest('hex')}`)
  assert.notEqual(signature('body', 'secret'), signed)
  assert.equal(signature('body', ''), undefined)
})
