import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiErrors } from '#platform/http'
import { isEmail } from './email.ts'
import { webhookMethod, webhookUri } from './webhook-target.ts'

test('an e-mail address has one @ and a full domain', () => {
  for (const fine of ['a@b.co', 'first.last+tag@sub.example.com', 'admin@strowger.localhost'])
    assert.equal(isEmail(fine), true, fine)
  const wrong = [
    '',
    'a',
    'a@',
    '@b.co',
    'a@b',
    'a b@c.de',
    'a@@b.co',
    'a@b..co',
    'a@-b.co',
    'a@b.co\n',
    `${'a'.repeat(65)}@b.co`,
  ]
  for (const text of [...wrong, `a@${'b'.repeat(250)}.co`]) assert.equal(isEmail(text), false, text)
})

test('an address made to be slow is answered at once', () => {
  assert.equal(isEmail(`a@${'a-'.repeat(120)}`), false)
})

test('a webhook goes to an absolute http or https URI with a host, or nowhere', () => {
  for (const fine of [
    '',
    'https://example.com',
    'http://127.0.0.1:9000/hook?x=1',
    'HTTPS://example.com/a',
    'http://[::1]/x',
  ])
    assert.equal(webhookUri(fine), fine)
  const wrong = [
    'example.com',
    'ftp://example.com',
    'http:/x',
    'http://',
    'http:///x',
    'https://?x',
    '/hook',
    'javascript:alert(1)',
  ]
  for (const text of [...wrong, 'http://a b', ' http://a', 'http://[::1', `http://a/${'x'.repeat(2048)}`])
    assert.throws(() => webhookUri(text), apiErrors.INVALID_WEBHOOK_URI.is, text)
})

test('a webhook method is one of four, or empty', () => {
  for (const fine of ['', 'POST', 'GET', 'PUT', 'DELETE']) assert.equal(webhookMethod(fine), fine)
  for (const wrong of ['post', 'PATCH', 'POST ', 'x'])
    assert.throws(() => webhookMethod(wrong), apiErrors.INVALID_WEBHOOK_METHOD.is)
})
