import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { silentLog } from '#platform/log'
import { ManualClock } from '#platform/time'
import { eventually, TestAccounts } from '#testkit'
import { ClosedCustomers, type LiveWork } from './closed-customers.ts'

const accounts = await TestAccounts.start()
const root = await accounts.superAdmin()
const clock = new ManualClock()

/** Work that goes on for customers until it is told to end. */
class FakeWork implements LiveWork {
  readonly ended: string[] = []
  readonly #customers: string[]

  constructor(customers: string[]) {
    this.#customers = customers
  }

  customers(): string[] {
    return this.#customers.filter((id) => !this.ended.includes(id))
  }

  endAll(customer: string): void {
    this.ended.push(customer)
  }
}

const [open, frozen, deleted] = await Promise.all([accounts.customer(), accounts.customer(), accounts.customer()])
const calls = new FakeWork([open.id, frozen.id, frozen.id])
const flows = new FakeWork([open.id, deleted.id])
const closed = new ClosedCustomers({ db: accounts.db, work: [flows, calls], clock, log: silentLog })
closed.start()
after(() => closed.stop())

test('what goes on for a customer ends two seconds after it was frozen or deleted, and what others have goes on', async () => {
  assert.equal((await root.post(`/v1.0/customers/${frozen.id}/freeze`)).status, 200)
  assert.equal((await root.delete(`/v1.0/customers/${deleted.id}`)).status, 200)
  clock.advance(1_999)
  assert.deepEqual([calls.ended, flows.ended], [[], []])
  clock.advance(1)
  await eventually('both are over', () => calls.ended.length > 0 && flows.ended.length > 0)
  assert.deepEqual([...calls.ended].sort(), [frozen.id, deleted.id].sort())
  assert.deepEqual(flows.ended, calls.ended)
})
