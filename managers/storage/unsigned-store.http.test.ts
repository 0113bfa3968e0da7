import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import { Permission } from '#platform/http'
import { assertReason, TestAccounts } from '#testkit'
import { formOf, post } from './test-upload.ts'

const FILES = '/v1.0/storage_files'
const SHARED = '/v1.0/service_agents/files'

/** A store that lets everybody in, as one on a private network may: what it keeps, by path. */
async function openStore(): Promise<{ base: string; kept: Map<string, Buffer> }> {
  const kept = new Map<string, Buffer>()
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const path = request.url ?? ''
    if (request.method === 'PUT') kept.set(path, Buffer.concat(chunks))
    response.statusCode = kept.has(path) ? 200 : 404
    if (request.method === 'DELETE') kept.delete(path)
    response.end()
  }).listen(0, '127.0.0.1')
  after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return { base: `http://127.0.0.1:${port}/files`, kept }
}

test('without credentials nobody can be given an address: SIGNING_NOT_CONFIGURED, and everything else works', async () => {
  const { base, kept } = await openStore()
  const accounts = await TestAccounts.start({ s3: { base, region: 'us-east-1', credentials: undefined } })
  const { admin, agent } = await accounts.customer()
  const { client } = await agent(Permission.None)
  const { status, body } = await post(admin, FILES, formOf('hello'))
  assert.equal(status, 200)
  assert.deepEqual([body.uri_download, body.tm_download_expire], ['', null])
  assert.deepEqual([...kept.values()].map(String), ['hello'])
  const refused = await admin.get(`${FILES}/${body.id}/file`)
  assertReason(refused, 503, 'SIGNING_NOT_CONFIGURED', 'storage-manager')
  const shared = (await post(client, SHARED, formOf('hello', { type: 'talk' }))).body
  assertReason(await client.get(`${SHARED}/${shared.id}/file`), 503, 'SIGNING_NOT_CONFIGURED', 'storage-manager')
  assert.equal((await admin.get(`${FILES}/${body.id}`)).status, 200)
  assert.equal((await admin.delete(`${FILES}/${body.id}`)).status, 200)
  assert.equal(kept.size, 1)
})
