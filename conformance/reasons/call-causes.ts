import { type Answer, type ApiClient, eventually, type Json } from '#testkit'
import type { Cause } from './cause.ts'

/** Numbers of the sandbox carrier: one that answers at once, one that rings and never answers. */
const ANSWERS = '+999000000200'
const NEVER_ANSWERS = '+999000000180'
const UNKNOWN = '5b1c9f0e-3d2a-4a77-8a60-0c6f5e1d2b3a'
const RECORD = { format: 'wav' }

const of = (
  domain: string,
  reason: string,
  status: number,
  request: string,
  provoke: (key: ApiClient, scene: Parameters<Cause['provoke']>[0]) => Promise<Answer>,
): Cause => ({ ...{ domain, reason, status, request }, provoke: (scene) => provoke(scene.key, scene) })

/** Reasons of calls, groupcalls, recordings and flows. */
export const callCauses: readonly Cause[] = [
  of('call-manager', 'CALL_NOT_FOUND', 404, 'GET /v1.0/calls/{unknown}', (key) => key.get(`/v1.0/calls/${UNKNOWN}`)),
  of('call-manager', 'CALL_STATE_INVALID', 409, 'POST /v1.0/calls/{ringing}/hold', async (key) => {
    const id = await call(key, NEVER_ANSWERS, 'ringing')
    const answer = await key.post(`/v1.0/calls/${id}/hold`)
    await key.post(`/v1.0/calls/${id}/hangup`)
    return answer
  }),
  of('call-manager', 'CALL_ALREADY_HANGUP', 409, 'POST /v1.0/calls/{ended}/hangup', async (key) => {
    const id = await call(key, ANSWERS, 'progressing')
    await key.post(`/v1.0/calls/${id}/hangup`)
    await reaches(key, id, 'hangup')
    return key.post(`/v1.0/calls/${id}/hangup`)
  }),
  of('call-manager', 'RECORDING_NOT_FOUND', 404, 'GET /v1.0/recordings/{unknown}', (key) =>
    key.get(`/v1.0/recordings/${UNKNOWN}`),
  ),
  of('call-manager', 'RECORDING_ALREADY_ACTIVE', 409, 'POST /v1.0/calls/{recorded}/recording_start', async (key) => {
    const id = await call(key, ANSWERS, 'progressing')
    await key.post(`/v1.0/calls/${id}/recording_start`, RECORD)
    const answer = await key.post(`/v1.0/calls/${id}/recording_start`, RECORD)
    await key.post(`/v1.0/calls/${id}/hangup`)
    return answer
  }),
  of('call-manager', 'RECORDING_NOT_ACTIVE', 409, 'POST /v1.0/calls/{unrecorded}/recording_stop', async (key) => {
    const id = await call(key, ANSWERS, 'progressing')
    const answer = await key.post(`/v1.0/calls/${id}/recording_stop`)
    await key.post(`/v1.0/calls/${id}/hangup`)
    return answer
  }),
  of('call-manager', 'INSUFFICIENT_BALANCE', 402, 'POST /v1.0/calls to +999… without credit', async (_, scene) => {
    const { key } = await scene.customer('broke', { verified: true })
    await key.put('/v1.0/outbound_config', { destination_whitelist: ['sandbox'] })
    return key.post('/v1.0/calls', placed(ANSWERS))
  }),
  of('call-manager', 'GROUPCALL_NOT_FOUND', 404, 'GET /v1.0/groupcalls/{unknown}', (key) =>
    key.get(`/v1.0/groupcalls/${UNKNOWN}`),
  ),
  of('flow-manager', 'FLOW_NOT_FOUND', 404, 'GET /v1.0/flows/{unknown}', (key) => key.get(`/v1.0/flows/${UNKNOWN}`)),
  of('flow-manager', 'ACTIVEFLOW_NOT_FOUND', 404, 'GET /v1.0/activeflows/{unknown}', (key) =>
    key.get(`/v1.0/activeflows/${UNKNOWN}`),
  ),
  of('flow-manager', 'FLOW_STATE_INVALID', 409, 'POST /v1.0/activeflows/{ended}/continue', async (key) =>
    key.post(`/v1.0/activeflows/${await endedActiveflow(key)}/continue`),
  ),
  of('flow-manager', 'ACTIVEFLOW_ALREADY_STOPPED', 409, 'POST /v1.0/activeflows/{ended}/stop', async (key) =>
    key.post(`/v1.0/activeflows/${await endedActiveflow(key)}/stop`),
  ),
]

function placed(number: string) {
  const actions = [{ type: 'answer' }, { type: 'sleep', option: { duration: 60_000 } }]
  return { destinations: [{ type: 'tel', target: number }], actions }
}

/** A call to a number of the sandbox carrier, in this state. */
async function call(key: ApiClient, number: string, status: string): Promise<string> {
  const { body, text } = await key.post('/v1.0/calls', placed(number))
  const id = body?.calls?.[0]?.id
  if (typeof id !== 'string') throw new Error(`no call to ${number}: ${text}`)
  await reaches(key, id, status)
  return id
}

function reaches(key: ApiClient, id: string, status: string): Promise<unknown> {
  return eventually(`the call is ${status}`, async () => (await key.get(`/v1.0/calls/${id}`)).body.status === status)
}

async function endedActiveflow(key: ApiClient): Promise<string> {
  const { body } = await key.post('/v1.0/activeflows', { actions: [{ type: 'block' }] })
  const { id } = body as Json
  await key.post(`/v1.0/activeflows/${id}/stop`)
  return id
}
