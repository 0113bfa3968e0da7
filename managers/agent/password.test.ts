import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemIds } from '#platform/ids'
import { hashPassword, NOBODYS_HASH, verifyPassword } from './password.ts'

test('a password is recognised, another one is not, and the same one never looks the same twice', async () => {
  const kept = await hashPassword(systemIds, 'correct horse')
  assert.match(kept, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  assert.equal(await verifyPassword('correct horse', kept), true)
  assert.equal(await verifyPassword('correct horsf', kept), false)
  assert.equal(await verifyPassword('', kept), false)
  assert.notEqual(await hashPassword(systemIds, 'correct horse'), kept)
})

test('the hash keeps its parameters, so that one made with others is still recognised', async () => {
  // The reference implementation's own vector: password "password", salt "somesalt", t=2, m=64 KiB, p=1.
  const kept = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  assert.equal(await verifyPassword('password', kept), true)
  assert.equal(await verifyPassword('Password', kept), false)
})

test('nobody has the password of an unknown agent, and a text that is no hash matches nothing', async () => {
  for (const password of ['', 'password', 'A'.repeat(32)])
    assert.equal(await verifyPassword(password, NOBODYS_HASH), false)
  assert.equal(await verifyPassword('', ''), false)
  assert.equal(await verifyPassword('x', '$2b$10$abcdefghijklmnopqrstuv'), false)
})
