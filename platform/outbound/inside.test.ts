import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AddressGuard } from './address-guard.ts'
import { pointsInside } from './inside.ts'

const guard = new AddressGuard()

test('a URL that names an address inside is known at once, however it is spelled', () => {
  for (const host of [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '10.0.0.1:8080',
    'user:password@192.168.1.1',
    '169.254.169.254',
    '[::1]',
    '[::ffff:10.0.0.1]',
    '[fd00:ec2::254]',
    '0',
  ])
    assert.ok(pointsInside(`http://${host}/hook`, guard), host)
})

test('so is a name that only a private network knows', () => {
  for (const host of [
    'localhost',
    'LOCALHOST.',
    'a.localhost',
    'printer',
    'db.internal',
    'metadata.google.internal',
    'nas.local',
    'x.home.arpa',
    'router.lan.',
  ])
    assert.ok(pointsInside(`https://${host}/`, guard), host)
})

test('other names, public addresses and what is no URL are left to the moment of connecting', () => {
  for (const url of [
    'https://example.com/',
    'http://8.8.8.8/',
    'http://[2606:4700::1111]/',
    'https://local.example.com',
  ])
    assert.ok(!pointsInside(url, guard), url)
  for (const text of ['', 'example.com', 'ftp://127.0.0.1/', 'http://']) assert.ok(!pointsInside(text, guard), text)
})

test('what the operator allows may be set', () => {
  const open = new AddressGuard(['127.0.0.0/8'])
  for (const host of ['127.0.0.1', 'localhost', 'receiver', 'db.internal'])
    assert.ok(!pointsInside(`http://${host}/`, open))
  assert.ok(pointsInside('http://10.0.0.1/', open))
  assert.ok(pointsInside('http://localhost/', new AddressGuard(['10.0.0.0/8'])))
})
