import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { mayGrant } from './agent.ts'

const { ProjectSuperAdmin, CustomerAgent, CustomerAdmin, CustomerManager, CustomerAll, All } = Permission

test('a manager makes agents and managers, but neither admins nor project people', () => {
  for (const granted of [0, CustomerAgent, CustomerManager, CustomerAgent | CustomerManager])
    assert.equal(mayGrant(CustomerManager, granted), true, String(granted))
  for (const granted of [CustomerAdmin, CustomerAll, All, ProjectSuperAdmin, 2, 4, 8])
    assert.equal(mayGrant(CustomerManager, granted), false, String(granted))
})

test('an admin makes admins, but no project people; the super admin makes anybody', () => {
  assert.equal(mayGrant(CustomerAdmin, CustomerAll), true)
  for (const granted of [ProjectSuperAdmin, 8, All])
    assert.equal(mayGrant(CustomerAdmin, granted), false, String(granted))
  for (const granted of [0, ProjectSuperAdmin, All]) assert.equal(mayGrant(ProjectSuperAdmin, granted), true)
})
