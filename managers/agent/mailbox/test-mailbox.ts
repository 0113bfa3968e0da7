import assert from 'node:assert/strict'
import { type ApiClient, TEST_BASE, type TestAccounts } from '#testkit'

/** Mails as a person finds them, by way of the super admin, who sees what nothing could send. */
export class TestMailbox {
  readonly #accounts: TestAccounts
  readonly #root: ApiClient

  constructor(accounts: TestAccounts, root: ApiClient) {
    this.#accounts = accounts
    this.#root = root
  }

  /** Everything that was sent to an address, the newest first. */
  async mailsTo(address: string): Promise<{ kind: string; subject: string; text: string }[]> {
    await this.#accounts.mails.flush()
    this.#accounts.clock.advance(1) // so that the next mail is newer
    const { body } = await this.#root.get('/v1.0/mails')
    const ids = body.result.filter(({ to }: { to: string }) => to.toLowerCase() === address.toLowerCase())
    return Promise.all(ids.map(async ({ id }: { id: string }) => (await this.#root.get(`/v1.0/mails/${id}`)).body))
  }

  /** The token of the newest link to a page. */
  async tokenFor(page: 'email-verify' | 'password-reset', address: string): Promise<string> {
    const link = new RegExp(`^https://api\\.${TEST_BASE.replace('.', '\\.')}/auth/${page}\\?token=([0-9a-f]{64})$`, 'm')
    for (const { text } of await this.mailsTo(address)) {
      const [, token] = link.exec(text) ?? []
      if (token) return token
    }
    return assert.fail(`no link to ${page} was sent to ${address}`)
  }
}
