import assert from 'node:assert/strict'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { assertReason, S3Server, TestAccounts } from '#testkit'
import { type S3Settings, S3Store } from './objects/s3.ts'
import { formOf, post } from './test-upload.ts'

const skip = S3Server.isInstalled() ? false : 'rclone is not installed (scripts/install-test-peers.sh)'
if (skip) console.log(`s3.http.test.ts is skipped: ${skip}`)

const FILES = '/v1.0/storage_files'
const parts = skip ? undefined : await start()

async function start() {
  const s3 = await S3Server.start()
  after(() => s3.stop())
  const accounts = await TestAccounts.start({ s3: settingsOf(s3) })
  // the store compares the time of a signature with its own
  accounts.clock.advance(systemClock.wallMs() - accounts.clock.wallMs())
  return { s3, accounts, mine: await accounts.customer() }
}

/** A test with a store, which is left out where there is none. */
function withStore(name: string, run: (parts: Awaited<ReturnType<typeof start>>) => Promise<void>): void {
  test(name, { skip }, async () => run(parts ?? assert.fail()))
}

function settingsOf({ base, region, credentials }: S3Server): S3Settings {
  return { base, region, credentials }
}

const objects = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)

withStore(
  'a file goes to the store and comes from it, by an address that the store itself checks',
  async ({ s3, accounts, mine }) => {
    const content = 'x'.repeat(3_000_000)
    const { status, body } = await post(mine.admin, FILES, formOf(content, { fileName: 'grüße.txt' }))
    assert.equal(status, 200)
    assert.ok(objects(s3.folder).includes(body.id))
    assert.deepEqual(objects(join(accounts.dataDir)), [], 'nothing stays here')
    assert.ok(body.uri_download.startsWith(`${s3.base}/`), body.uri_download)
    assert.ok(!body.uri_download.includes(s3.credentials.secret.slice(0, 10)))
    const downloaded = await fetch(body.uri_download)
    assert.equal(await downloaded.text(), content)
    assert.equal(
      downloaded.headers.get('content-disposition'),
      `attachment; filename="gr__e.txt"; filename*=UTF-8''gr%C3%BC%C3%9Fe.txt`,
    )
    assert.equal(downloaded.headers.get('content-type'), 'text/plain')
    const part = await fetch(body.uri_download, { headers: { range: 'bytes=5-9' } })
    assert.equal(await part.text(), 'xxxxx')
    const forged = body.uri_download.replace(/X-Amz-Signature=.{4}/, 'X-Amz-Signature=0000')
    assert.equal((await fetch(forged)).status, 403)
    assert.equal((await mine.admin.get(`${FILES}/${body.id}/file`)).headers.get('location'), body.uri_download)
  },
)

withStore('a deleted file is gone from the store', async ({ s3, mine }) => {
  const { body } = await post(mine.admin, FILES, formOf('hello'))
  assert.equal((await mine.admin.delete(`${FILES}/${body.id}`)).status, 200)
  assert.ok(!objects(s3.folder).includes(body.id))
  assert.equal((await fetch(body.uri_download)).status, 404)
})

withStore('a file that the store has lost is FILE_NOT_FOUND', async ({ s3, mine }) => {
  const { body } = await post(mine.admin, FILES, formOf('hello'))
  const store = new S3Store(settingsOf(s3), { clock: systemClock, log: silentLog })
  await store.remove(`files/${body.id.slice(0, 2)}/${body.id}`)
  assertReason(await mine.admin.get(`${FILES}/${body.id}/file`), 404, 'FILE_NOT_FOUND', 'storage-manager')
})

withStore('a store that refuses or is away is SERVICE_UNAVAILABLE, and no file is there', async ({ s3 }) => {
  const wrong = { ...settingsOf(s3), credentials: { key: s3.credentials.key, secret: 'x'.repeat(40) } }
  const refused = await TestAccounts.start({ s3: wrong })
  const { admin } = await refused.customer()
  const answer = await post(admin, FILES, formOf('hello'))
  assertReason(answer, 503, 'SERVICE_UNAVAILABLE')
  assert.deepEqual((await admin.get(FILES)).body.result, [])
  assert.equal((await admin.get('/v1.0/storage_account')).body.total_file_size, 0)
  assert.ok(!existsSync(join(refused.dataDir, 'uploads')) || readdirSync(join(refused.dataDir, 'uploads')).length === 0)
})

withStore(
  'what the platform made is copied to the store and stays here until it has a row',
  async ({ s3, accounts, mine }) => {
    const { referenced } = accounts.storage
    const path = join(accounts.dataDir, 'made.wav')
    writeFileSync(path, 'what was said')
    const recording_id = systemIds.uuid()
    const taken = await referenced.take({ path, filename: 'made_in.wav', content_type: 'audio/wav' })
    assert.ok(taken?.isMoved && existsSync(path))
    await accounts.db.transaction((trx) => referenced.keepIn(trx, mine.id, recording_id, [taken]))
    const [file] = (await mine.admin.get(`${FILES}?reference_id=${recording_id}`)).body.result
    assert.ok(file.uri_download.startsWith(s3.base))
    assert.equal(await (await fetch(file.uri_download)).text(), 'what was said')
    assert.equal(await referenced.holdsAny(recording_id), true)
    const objects = await accounts.db.transaction((trx) => referenced.deleteIn(trx, mine.id, recording_id))
    await referenced.remove(objects)
    assert.equal((await fetch(file.uri_download)).status, 404)
  },
)
