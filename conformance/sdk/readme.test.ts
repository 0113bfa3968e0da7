import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createClient } from '#sdk'
import { eventually, freePort, Platform, startChild } from '#testkit'
import { compile, projectWithSdk } from './packed.ts'

const platform = await Platform.start()
after(() => platform.stop())
const { accesskey } = platform.credentials.customer
const client = createClient({ baseUrl: platform.http, accesskey })
const port = await freePort('tcp')

const { folder } = projectWithSdk()
const readme = readFileSync(new URL('../../sdk/README.md', import.meta.url), 'utf8')
/** The examples by the heading that they stand below. */
const examples = readme.split(/^## /m).flatMap((section) => {
  const heading = section.slice(0, section.indexOf('\n'))
  return [...section.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = ''], index) => ({
    name: `${heading} ${index + 1}`,
    file: `${heading.toLowerCase().replace(/\W+/g, '-')}-${index + 1}`,
    code: code
      .replaceAll('https://api.example.com', platform.http)
      .replace('listen(3000)', `listen(${port}, '127.0.0.1')`),
  }))
})
for (const { file, code } of examples) writeFileSync(join(folder, `${file}.ts`), code)

/** What each example writes; one that is not here fails. */
const WRITES: Record<string, RegExp> = {
  'Start 1': /^made [0-9a-f-]{36}\n$/,
  'When something fails 1': /^look it up again: http:.*\/docs\/errors\/CALL_NOT_FOUND\n$/,
  'What it does by itself 1': /^true\n$/,
  'What it does by itself 2': /^everything is deleted at \d{4}-.*Z\n$/,
  'Lists 1': /^\d+ \nbegin anew\n$/,
  'Events 1': /^activeflow_created [0-9a-f-]{36}\nkeep this: \d+\n$/,
  'In a browser 1': /^\d+\n$/,
}

test('every example of the readme compiles against the package', () => {
  assert.ok(examples.length >= 8)
  const files = examples.map(({ file }) => `${file}.ts`)
  compile(folder, files, ['--lib', 'es2022', '--types', 'node', '--module', 'nodenext', '--outDir', '.'])
})

for (const { name, file } of examples.filter(({ name }) => name !== 'Webhooks 1')) {
  test(`the example '${name}' does what it says, against a real platform`, async () => {
    const isAboutFrozen = name === 'What it does by itself 2'
    if (isAboutFrozen) await client.auth.unregister({ confirmation_phrase: 'DELETE' })
    const run = start(file)
    const [code] = await once(run.process, 'close')
    assert.equal(code, 0, run.output())
    assert.match(run.output(), WRITES[name] ?? /there is no expectation/)
    if (isAboutFrozen) assert.equal((await client.customer.get()).status, 'active')
  })
}

test("the example 'Webhooks 1' takes what the platform sends, and refuses what others send", async () => {
  const self = await client.customer.get()
  const run = start('webhooks-1', { WEBHOOK_SECRET: self.webhook_secret })
  const url = `http://127.0.0.1:${port}/`
  const forge = () => fetch(url, { method: 'POST', body: '{}', headers: { 'x-voipbin-signature': 'sha256=00' } })
  const refused = await eventually('the receiver listens', () => forge().catch(() => undefined))
  assert.equal(refused.status, 401)
  const { name = '', detail = '', email = '', phone_number = '', address = '' } = self
  await client.customer.update({ name, detail, email, phone_number, address, webhook_uri: url, webhook_method: '' })
  const { id } = await client.activeflows.create({ actions: [{ type: 'block' }] })
  await eventually('the webhook is taken', () => run.output().includes(`activeflow_created ${id}`))
  await run.stop('SIGTERM', 2_000)
})

function start(file: string, more: NodeJS.ProcessEnv = {}) {
  const env = { ...process.env, STROWGER_ACCESSKEY: accesskey, ...more }
  return startChild(process.execPath, [join(folder, `${file}.js`)], { env })
}
