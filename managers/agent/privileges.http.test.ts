import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { type ApiClient, assertReason, TestAccounts } from '#testkit'

const accounts = await TestAccounts.start()
const { CustomerAdmin, CustomerManager, CustomerAgent, ProjectSuperAdmin } = Permission

test('nobody gives or takes bits above the own ones, and nobody raises itself', async () => {
  const customer = await accounts.customer({ billing: { plan_type: 'unlimited' } })
  const manager = await customer.agent(CustomerManager)
  const admin = await customer.agent(CustomerAdmin)
  const other = await customer.agent(CustomerAdmin)
  const plain = await customer.agent(CustomerAgent)
  const project = await customer.agent(ProjectSuperAdmin)
  const put = (client: ApiClient, id: string, permission: number) =>
    client.put(`/v1.0/agents/${id}/permission`, { permission })
  const refused = async (client: ApiClient, id: string, ...permissions: number[]) => {
    for (const each of permissions) assertReason(await put(client, id, each), 403, 'PERMISSION_DENIED')
  }
  await refused(manager.client, plain.id, CustomerAdmin, CustomerAdmin | CustomerAgent, ProjectSuperAdmin, 8, 65_535)
  await refused(manager.client, admin.id, 0, CustomerAgent, CustomerAdmin | CustomerAgent)
  await refused(manager.client, manager.id, CustomerManager | CustomerAdmin, CustomerManager | CustomerAgent)
  await refused(admin.client, plain.id, ProjectSuperAdmin, 2, 15, 65_535)
  await refused(admin.client, admin.id, CustomerAdmin | CustomerManager, CustomerAdmin | ProjectSuperAdmin)
  await refused(admin.client, project.id, 0, CustomerAgent, ProjectSuperAdmin | CustomerAdmin)
  await refused(customer.admin, project.id, 0)
  assert.equal((await put(manager.client, plain.id, CustomerManager)).status, 200)
  assert.equal((await put(admin.client, other.id, CustomerManager)).status, 200)
  assert.equal((await put(admin.client, other.id, CustomerAdmin)).status, 200)
  assert.equal((await put(manager.client, manager.id, 0)).status, 200, 'anybody may give up what it has')
  await refused(manager.client, plain.id, CustomerAgent)
})

test('nobody becomes somebody else by a password: a manager sets none of an admin, an admin none of project people', async () => {
  const customer = await accounts.customer({ billing: { plan_type: 'unlimited' } })
  const [manager, admin] = [await customer.agent(CustomerManager), await customer.agent(CustomerAdmin)]
  const project = await customer.agent(ProjectSuperAdmin)
  const put = (client: ApiClient, id: string) =>
    client.put(`/v1.0/agents/${id}/password`, { password: 'taken over you are' })
  assertReason(await put(manager.client, admin.id), 403, 'PERMISSION_DENIED')
  assertReason(await manager.client.delete(`/v1.0/agents/${admin.id}`), 403, 'PERMISSION_DENIED')
  for (const client of [manager.client, admin.client, customer.admin]) {
    assertReason(await put(client, project.id), 403, 'PERMISSION_DENIED')
    assertReason(await client.delete(`/v1.0/agents/${project.id}`), 403, 'PERMISSION_DENIED')
  }
  assert.equal((await put(admin.client, manager.id)).status, 200)
})

test('the last super admin of the platform stays one, whatever customer it belongs to', async () => {
  await accounts.sql('update agents set permission = 0 where permission & 1 <> 0')
  const customer = await accounts.customer()
  const root = await customer.agent(ProjectSuperAdmin)
  await customer.agent(CustomerAdmin)
  const demote = () => root.client.put(`/v1.0/agents/${root.id}/permission`, { permission: 0 })
  for (const answer of [await demote(), await root.client.delete(`/v1.0/agents/${root.id}`)])
    assertReason(answer, 409, 'STATE_INVALID')
  await (await accounts.customer()).agent(ProjectSuperAdmin)
  assert.equal((await demote()).status, 200)
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
