import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { build } from 'esbuild'
import { compile, projectWithSdk, runProgram } from './packed.ts'

const { folder, packed } = projectWithSdk()
const manifest = JSON.parse(readFileSync(join(folder, 'node_modules/@strowger/sdk/package.json'), 'utf8'))

/** Bundles a module for browsers and gives its text. */
async function bundle(source: string): Promise<string> {
  const stdin = { contents: source, resolveDir: folder }
  const options = { bundle: true, minify: true, write: false, platform: 'browser', format: 'iife' } as const
  const { outputFiles, warnings } = await build({ ...options, stdin, target: 'es2022' })
  assert.deepEqual(warnings, [])
  return outputFiles[0]?.text ?? ''
}

test('the package is its code, its types, its readme and its licence; it needs nothing, and has the platform’s version', () => {
  const others = packed.filter((path) => !/^dist\/[\w/-]+\.(js|d\.ts)$/.test(path)).sort()
  assert.deepEqual(others, ['LICENSE', 'README.md', 'package.json'])
  assert.equal(packed.filter((path) => path.includes('test')).length, 0)
  const licence = (path: string | URL) => readFileSync(path, 'utf8')
  const ours = licence(new URL('../../LICENSE', import.meta.url))
  assert.equal(licence(join(folder, 'node_modules/@strowger/sdk/LICENSE')), ours)
  assert.equal(manifest.dependencies, undefined)
  assert.equal(manifest.version, createRequire(import.meta.url)('../../package.json').version)
})

test('Node.js imports both doors of the package, in the version that runs us and in the one that is installed', () => {
  const script =
    "Promise.all([import('@strowger/sdk'), import('@strowger/sdk/webhooks')]).then(([all, hooks]) =>" +
    'console.log(typeof all.createClient, all.verifyWebhook === hooks.verifyWebhook))'
  for (const node of [process.execPath, 'node'])
    assert.equal(runProgram(node, ['-e', script], { cwd: folder }), 'function true\n')
})

test('a program that uses the types compiles, strictly, with and without a bundler, for Node.js and for browsers', () => {
  const source = `
    import { createClient, isReason, type Call } from '@strowger/sdk'
    const client = createClient({ baseUrl: 'https://api.example.com', accesskey: undefined })
    export async function hangUp(id: string): Promise<Call | undefined> {
      try {
        return await client.calls.hangup(id)
      } catch (error) {
        if (isReason(error, 'CALL_ALREADY_HANGUP')) {
          const at: string | null | undefined = error.details[0]?.tm_hangup
          const http: 409 = error.http
          // @ts-expect-error this reason has no such detail
          console.log(at, http, error.details[0]?.limited_by)
        }
        if (isReason(error, 'ACCOUNT_FROZEN')) await error.recover()
        if (isReason(error, 'INSUFFICIENT_BALANCE')) {
          const domain: 'billing-manager' | 'call-manager' = error.domain
          console.log(domain)
        }
        // @ts-expect-error there is no such reason
        isReason(error, 'CALL_NOT_FUOND')
        // @ts-expect-error only a frozen account can be recovered
        if (isReason(error, 'CALL_NOT_FOUND')) await error.recover()
        return undefined
      }
    }
    // @ts-expect-error a member is missing
    void client.tags.create({ name: 'x' })
  `
  writeFileSync(join(folder, 'uses.ts'), source)
  const inBrowser = ['--noEmit', '--lib', 'es2022,dom,dom.iterable', '--types', '']
  compile(folder, ['uses.ts'], [...inBrowser, '--module', 'nodenext'])
  compile(folder, ['uses.ts'], [...inBrowser, '--module', 'esnext', '--moduleResolution', 'bundler'])
  compile(folder, ['uses.ts'], ['--noEmit', '--lib', 'es2022', '--types', 'node', '--module', 'nodenext'])
})

test('a bundle for browsers needs nothing of Node.js, and works with what a browser has', async () => {
  const text = await bundle(`
    import { createClient, isReason } from '@strowger/sdk'
    globalThis.run = async (fetch) => {
      const client = createClient({ baseUrl: 'https://api.example.com', fetch, policies: { retry: false } })
      try { await client.tags.get('1') } catch (error) { return isReason(error, 'TAG_NOT_FOUND') && error.help }
    }`)
  assert.doesNotMatch(text, /node:|\brequire\(|process\./)
  const {
    AbortController,
    FormData,
    Blob,
    URL,
    URLSearchParams,
    Headers,
    performance,
    crypto,
    setTimeout,
    clearTimeout,
  } = globalThis
  const page: Record<string, unknown> = {
    ...{
      AbortController,
      FormData,
      Blob,
      URL,
      URLSearchParams,
      Headers,
      performance,
      crypto,
      setTimeout,
      clearTimeout,
    },
  }
  page.globalThis = page
  runInNewContext(text, page)
  const error = { status: 'NOT_FOUND', reason: 'TAG_NOT_FOUND', domain: 'tag-manager', message: '', request_id: 'r' }
  const fetch = async () => Response.json({ error }, { status: 404 })
  const run = page.run as (fetchInPage: typeof fetch) => Promise<string>
  assert.equal(await run(fetch), 'https://api.example.com/docs/errors/TAG_NOT_FOUND')
})

test('a bundler keeps what is used: a webhook alone is small, and one group brings no other', async () => {
  const webhook = await bundle(
    "import { verifyWebhook } from '@strowger/sdk'; globalThis.handle = (...all) => verifyWebhook(...all)",
  )
  assert.ok(webhook.length < 4_000, `${webhook.length} bytes`)
  assert.doesNotMatch(webhook, /v1\.0/)
  const group = await bundle(
    "import { connect, tags } from '@strowger/sdk'; globalThis.tags = (all) => tags(connect(all))",
  )
  assert.match(group, /v1\.0\/tags/)
  assert.doesNotMatch(group, /v1\.0\/calls/)
})
