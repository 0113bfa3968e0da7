import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SYSTEM_CUSTOMER_ID } from '#managers/customer'
import type { AnyTransaction } from '#platform/db'
import { Permission } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import { TestAccounts } from '#testkit'

const accounts = await TestAccounts.start()

/** Everything that a fresh installation has, the way the server makes it. */
async function firstRun(fail = false) {
  const { customers, agents, accesskeys, extensions, numbers } = accounts
  const admin = await agents.prepare({
    username: 'admin@strowger.localhost',
    password: 'generated-one',
    name: 'Platform administrator',
    permission: Permission.ProjectSuperAdmin,
  })
  const agent = await agents.prepare({
    username: 'agent@strowger.localhost',
    password: 'generated-two',
    name: 'Sample agent',
    permission: Permission.CustomerAdmin,
  })
  let accesskey = ''
  const sample = async (trx: AnyTransaction, { id }: { id: string }) => {
    await agent(trx, id)
    accesskey = (await accesskeys.createIn(trx, id, { name: 'sample' })).token ?? ''
    for (const extension of ['1000', '1001', '1002'])
      await extensions.createIn(trx, id, { extension, password: `generated-${extension}`, name: extension, detail: '' })
    const flows = { call_flow_id: NIL_UUID, message_flow_id: NIL_UUID }
    await numbers.createVirtualIn(trx, id, { number: '+899001000000', ...flows, name: 'sample', detail: '' })
    if (fail) throw new Error('the power went out')
  }
  const root = { id: SYSTEM_CUSTOMER_ID, name: 'Platform', email: 'admin@strowger.localhost' }
  const wanted = {
    name: 'Sample',
    email: 'agent@strowger.localhost',
    identity_verification_status: 'verified' as const,
    billing: { balance_credit: 10_000_000 },
  }
  const customer = await customers.create(wanted, sample)
  await customers.create(
    { ...root, billing: { plan_type: 'unlimited' } },
    async (trx, { id }) => void (await admin(trx, id)),
  )
  return { customer, accesskey }
}

test('a first run that is cut off leaves nothing behind, and the next one makes everything', async () => {
  await assert.rejects(firstRun(true), /power/)
  const { customer, accesskey } = await firstRun()
  const client = accounts.client({ accesskey })
  const self = (await client.get('/v1.0/customer')).body
  assert.deepEqual([self.id, self.status, self.identity_verification_status], [customer.id, 'active', 'verified'])
  const names = (await client.get('/v1.0/extensions')).body.result.map(
    ({ extension }: { extension: string }) => extension,
  )
  assert.deepEqual(names.sort(), ['1000', '1001', '1002'])
  assert.equal((await accounts.numbers.findByNumber('+899001000000'))?.customer_id, customer.id)
  assert.deepEqual(await accounts.billing.mayStart(customer.id, 'number'), { ok: true })
  for (const [username, password, permission] of [
    ['admin@strowger.localhost', 'generated-one', 1],
    ['agent@strowger.localhost', 'generated-two', 32],
  ]) {
    const { body } = await accounts.client().post('/auth/login', { username, password })
    const me = await accounts.client({ token: body.token }).get('/v1.0/me')
    assert.equal(me.body.permission, permission)
  }
})
