import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createContext, runInContext } from 'node:vm'
import { type ApiClient, assertReason, TestAccounts } from '#testkit'

const accounts = await TestAccounts.start()
const nobody: ApiClient = accounts.client()
const TOKEN = 'ab'.repeat(32)
const PAGES = ['/auth/email-verify', '/auth/password-reset', '/v1.0/auth/email-verify', '/v1.0/auth/password-reset']

/** The program of a page over the few things of a browser that it uses; requests really go to the server. */
async function open(path: string, values: Record<string, string>) {
  const { text: html } = await nobody.get(path)
  const formOf = (data: Record<string, string>, elements: object) => ({
    hidden: false,
    dataset: data,
    elements,
    submit: async (_: unknown) => {},
    addEventListener(_: string, run: (event: unknown) => Promise<void>) {
      this.submit = run
    },
  })
  const [, done = ''] = /data-done="([^"]+)"/.exec(html) ?? []
  const [, again = ''] = /data-again="([^"]+)"/.exec(html) ?? []
  const password = html.includes('name="password"') ? { password: { value: values.password } } : {}
  const forms = [formOf({ done }, password), formOf({ again }, { address: { value: values.address } })] as const
  forms[1].hidden = true
  const status = { textContent: '' }
  const asked: string[] = []
  const shown: string[] = []
  const url = new URL(path, accounts.url)
  const page = createContext({
    URLSearchParams,
    location: url,
    history: { replaceState: (_: unknown, __: string, to: string) => shown.push(to) },
    document: { querySelectorAll: () => forms, querySelector: () => status },
    fetch: (to: string, request: RequestInit) => {
      const address = new URL(to, url)
      asked.push(address.pathname)
      return fetch(address, request)
    },
  })
  const [, script = ''] = /<script src="([^"]+)"/.exec(html) ?? []
  runInContext((await nobody.get(new URL(script, url).pathname)).text, page)
  const press = async (form: 0 | 1) => {
    const submitter = { disabled: false }
    await forms[form].submit({ preventDefault() {}, submitter })
    assert.equal(submitter.disabled, false)
  }
  return { press, forms, status, asked, shown }
}

test('the pages need nothing of another host, run what this server sends alone, and say nothing of the token', async () => {
  for (const path of PAGES) {
    const { status, headers, text } = await nobody.get(`${path}?token=${TOKEN}`)
    assert.equal(status, 200)
    assert.match(headers.get('content-type') ?? '', /^text\/html/)
    assert.match(
      headers.get('content-security-policy') ?? '',
      /default-src 'none'; script-src 'self'.*frame-ancestors 'none'/,
    )
    assert.ok(!/https?:/.test(text) && !text.includes(TOKEN))
    assert.match(text, /<meta name="referrer" content="no-referrer">/)
    assert.ok(!/ on[a-z]+=|javascript:/.test(text))
    const script = await nobody.get(`${path.slice(0, path.lastIndexOf('/'))}/assets/mailbox.js`)
    assert.equal(script.status, 200)
    assert.match(script.headers.get('content-type') ?? '', /^text\/javascript/)
  }
})

test('a page whose token has another form is refused, and what it was is not repeated as HTML', async () => {
  for (const path of PAGES)
    for (const token of ['', 'x', TOKEN.toUpperCase(), `${TOKEN}0`, '"><script>alert(1)</script>']) {
      const answer = await nobody.get(`${path}?token=${encodeURIComponent(token)}`)
      assertReason(answer, 400, 'INVALID_ARGUMENT')
      assert.ok(!answer.text.includes('<script>'))
    }
  for (const path of PAGES) assertReason(await nobody.get(path), 400, 'MISSING_REQUEST_PARAMETER')
  assertReason(await nobody.get('/auth/assets/other.js'), 400, 'INVALID_ARGUMENT')
})

test('the page of a link sets the password, and says so', async () => {
  const customer = await accounts.customer()
  const { id, client } = await customer.agent(0)
  const { username } = (await client.get('/v1.0/me')).body
  await accounts.sql(`insert into mailed_tokens values (sha256($1), 'password_set', $2, $3, $4, now(), '2999-01-01')`, [
    Buffer.from(TOKEN),
    customer.id,
    id,
    username,
  ])
  const page = await open(`/auth/password-reset?token=${TOKEN}`, { password: 'a password of my own' })
  assert.deepEqual(page.asked, [], 'opening it does nothing: scanners open links')
  await page.press(0)
  assert.deepEqual(page.asked, ['/auth/password-reset'])
  assert.equal(page.status.textContent, 'Your password is set. You can log in with it now.')
  assert.equal(page.forms[0].hidden, true)
  assert.deepEqual(page.shown, ['/auth/password-reset'], 'the token leaves the address')
  const login = { username, password: 'a password of my own' }
  assert.equal((await nobody.post('/auth/login', login)).status, 200)
})

test('a link that no longer works offers a new one', async () => {
  const address = 'late@example.com'
  for (const [path, asks] of [
    ['/auth/email-verify', '/auth/email-verify-resend'],
    ['/auth/password-reset', '/auth/password-forgot'],
  ] as const) {
    const page = await open(`${path}?token=${TOKEN}`, { password: 'a password of my own', address })
    await page.press(0)
    assert.equal(page.forms[0].hidden, true)
    assert.equal(page.forms[1].hidden, false)
    await page.press(1)
    assert.deepEqual(page.asked, [path, asks])
    assert.match(page.status.textContent, /a new link is on its way/)
    const rows = await accounts.db.query('select recipient from mails where recipient = $1', [address])
    assert.ok(rows.length > 0)
  }
})

test('a password that is too short leaves the form as it is', async () => {
  const page = await open(`/auth/password-reset?token=${TOKEN}`, { password: 'short' })
  await page.press(0)
  assert.equal(page.forms[0].hidden, false)
  assert.match(page.status.textContent, /password/)
})
