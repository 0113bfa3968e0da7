import assert from 'node:assert/strict'
import { test } from 'node:test'
import { operationName } from './names.ts'

test('an operation is called by its path and method alone', () => {
  const names: [name: string, method: string, path: string, isList?: boolean][] = [
    ['calls.list', 'GET', '/v1.0/calls', true],
    ['calls.create', 'POST', '/v1.0/calls'],
    ['calls.get', 'GET', '/v1.0/calls/{id}'],
    ['calls.delete', 'DELETE', '/v1.0/calls/{id}'],
    ['tags.update', 'PUT', '/v1.0/tags/{id}'],
    ['customer.get', 'GET', '/v1.0/customer'],
    ['customer.update', 'PUT', '/v1.0/customer'],
    ['calls.recordingStart', 'POST', '/v1.0/calls/{id}/recording_start'],
    ['flows.directHashRegenerate', 'POST', '/v1.0/flows/{id}/direct-hash-regenerate'],
    ['calls.deleteHold', 'DELETE', '/v1.0/calls/{id}/hold'],
    ['numbers.updateFlowIds', 'PUT', '/v1.0/numbers/{id}/flow_ids'],
    ['storageFiles.getFile', 'GET', '/v1.0/storage_files/{id}/file'],
    ['contacts.createAddress', 'POST', '/v1.0/contacts/{id}/addresses'],
    ['contacts.deleteAddress', 'DELETE', '/v1.0/contacts/{id}/addresses/{address_id}'],
    ['ais.listPromptHistories', 'GET', '/v1.0/ais/{id}/prompt_histories', true],
    ['ais.getPromptHistory', 'GET', '/v1.0/ais/{id}/prompt_histories/{history_id}'],
    ['timelines.listEvents', 'GET', '/v1.0/timelines/{resource_type}/{resource_id}/events', true],
    ['errors.get', 'GET', '/v1.0/errors/{reason}', true],
    ['auth.login', 'POST', '/auth/login'],
    ['serviceAgents.tags.list', 'GET', '/v1.0/service_agents/tags', true],
    ['serviceAgents.talkChats.deleteParticipant', 'DELETE', '/v1.0/service_agents/talk_chats/{id}/participants/{pid}'],
    ['openapiJson.get', 'GET', '/openapi.json'],
  ]
  for (const [name, method, path, isList = false] of names) {
    const made = operationName(method, path, isList)
    assert.equal([...made.groups, made.method].join('.'), name)
  }
})
