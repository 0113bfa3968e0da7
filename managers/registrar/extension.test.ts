import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestSecrets, registrarRealm } from './credentials.ts'
import { faultOfExtension, faultOfPassword } from './extension.ts'

test('an extension is the user part of a SIP URI, at most 64 long', () => {
  for (const fine of ['1000', 'alice', 'alice.b-c_d', '*98', '~1', 'a'.repeat(64)])
    assert.equal(faultOfExtension(fine), undefined, fine)
  for (const wrong of ['', 'a b', 'a\t', 'a@b', 'a:b', '<a>', '"a"', 'é', 'a%20', 'a\r\nb', 'a'.repeat(65)])
    assert.notEqual(faultOfExtension(wrong), undefined, wrong)
})

test('an extension that the routing would take for something else is refused', () => {
  assert.match(faultOfExtension('direct.0123456789ab') ?? '', /direct/)
  assert.match(faultOfExtension('+899001000000') ?? '', /telephone/)
})

test('a password that is the extension, or that no phone could send, is refused', () => {
  assert.equal(faultOfPassword('correct horse', '1000'), undefined)
  assert.notEqual(faultOfPassword('100000', '100000'), undefined)
  assert.notEqual(faultOfPassword('secret\n1', '1000'), undefined)
})

test('the digest secrets are those of RFC 7616 §3.9.1 for MD5 and SHA-256', () => {
  const realm = registrarRealm('c0ffee00-0000-4000-8000-000000000001', 'strowger.localhost')
  assert.equal(realm, 'c0ffee00-0000-4000-8000-000000000001.registrar.strowger.localhost')
  const known = digestSecrets('Mufasa', 'http-auth@example.org', 'Circle of Life')
  assert.equal(known.ha1_md5, '3d78807defe7de2157e2b0b6573a855f')
  assert.equal(known.ha1_sha256, '7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232')
})
