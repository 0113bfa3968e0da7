import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { NIL_UUID } from '#platform/ids'
import { type ApiClient, apiClient, Platform } from '#testkit'

let platform: Platform
let api: ApiClient

before(async () => {
  platform = await Platform.start()
  api = apiClient(platform.http, { accesskey: platform.credentials.customer.accesskey })
})
after(() => platform?.stop())

test('a number never points at a flow that was deleted while the number took it', async () => {
  const [number] = (await api.get('/v1.0/numbers')).body.result
  for (let round = 0; round < 20; round++) {
    const flow = (await api.post('/v1.0/flows', { name: '', detail: '', actions: [] })).body
    const [taken, deleted] = await Promise.all([
      api.put(`/v1.0/numbers/${number.id}/flow_ids`, { call_flow_id: flow.id }),
      api.delete(`/v1.0/flows/${flow.id}`),
    ])
    assert.equal(deleted.status, 200)
    assert.ok(taken.status === 200 || taken.body.error.reason === 'FLOW_NOT_FOUND', taken.text)
    const { call_flow_id } = (await api.get(`/v1.0/numbers/${number.id}`)).body
    assert.notEqual(call_flow_id, flow.id, `round ${round}`)
    await api.put(`/v1.0/numbers/${number.id}/flow_ids`, { call_flow_id: NIL_UUID })
  }
})
