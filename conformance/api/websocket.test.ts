import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Json, Platform, WebSocketClient } from '#testkit'

let platform: Platform

before(async () => {
  platform = await Platform.start()
})
after(() => platform?.stop())

function open(more = ''): Promise<WebSocketClient> {
  const { accesskey } = platform.credentials.customer
  return WebSocketClient.open(`${platform.http}/v1.0/ws?accesskey=${accesskey}${more}`)
}

async function makeNumber(number: string): Promise<string> {
  const { status, body } = await platform.api('POST', '/numbers', { number, type: 'virtual', name: '', detail: '' })
  assert.equal(status, 200, JSON.stringify(body))
  return body.id
}

test('what a program does over REST arrives as the resource that REST shows, within a second', async () => {
  const client = await open()
  const topic = `customer_id:${platform.credentials.customer.id}:number`
  await client.subscribe(topic)
  const id = await makeNumber('+899555000101')
  const beganMs = performance.now()
  const [event] = await client.until(1)
  assert.ok(performance.now() - beganMs < 1_000)
  assert.deepEqual(Object.keys(event), ['type', 'data'])
  assert.equal(event.type, 'number_created')
  assert.deepEqual(event.data, (await platform.api('GET', `/numbers/${id}`)).body)
  client.close()
})

test('a stop closes sockets with 1001 and takes less than 5 s; afterwards after= has what came meanwhile', async () => {
  const { id } = platform.credentials.customer
  const client = await open('&sequence=true')
  const begins = await client.subscribe(`customer_id:${id}`)
  const first = await makeNumber('+899555000102')
  const [seen] = await client.until(1)
  assert.deepEqual([seen.sequence, seen.data.id], [begins + 1, first])
  const beganMs = performance.now()
  await platform.child.stop('SIGTERM', 8_000)
  assert.ok(performance.now() - beganMs < 5_000)
  assert.equal((await client.ended()).code, 1001)
  await platform.run()
  const missed = await makeNumber('+899555000103')
  const again = await open(`&after=${seen.sequence}`)
  await again.subscribe(`customer_id:${id}:number:*`)
  const later = await makeNumber('+899555000104')
  assert.deepEqual(
    (await again.until(2)).map(({ data }: Json) => data.id),
    [missed, later],
  )
  again.close()
})
