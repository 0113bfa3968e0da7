import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CAUSE, causeOfReason, causeOfSipStatus, reasonHeader, sipStatusOfCause } from './cause.ts'

const statusOfCause: [number[], number][] = [
  [[1, 2, 3], 404],
  [[17], 486],
  [[18], 408],
  [[19, 20, 31], 480],
  [[21], 403],
  [[22], 410],
  [[27], 502],
  [[28], 484],
  [[29], 501],
  [[34, 42, 66], 503],
  [[38, 127], 500],
  [[58], 488],
  [[16, 26, 41, 102, CAUSE.timeout, CAUSE.machine], 603],
]
for (const [causes, status] of statusOfCause)
  test(`an unanswered leg that ends with cause ${causes.join(', ')} is answered ${status}`, () => {
    assert.deepEqual(
      causes.map(sipStatusOfCause),
      causes.map(() => status),
    )
  })

const causeOfStatus: [number[], number][] = [
  [[400, 405, 411, 413, 414, 415, 481, 482, 487, 491, 493, 499, 505, 699], 127],
  [[401, 403, 407, 603], 21],
  [[404, 485, 604], 1],
  [[408], 18],
  [[409], 41],
  [[410], 22],
  [[420], 3],
  [[480, 483], 19],
  [[484], 28],
  [[486, 600], 17],
  [[488, 606], 58],
  [[500], 38],
  [[501], 29],
  [[502], 27],
  [[503, 580], 42],
  [[504], 102],
]
for (const [statuses, cause] of causeOfStatus)
  test(`a leg of ours that is answered ${statuses.join(', ')} ends with cause ${cause}`, () => {
    assert.deepEqual(
      statuses.map(causeOfSipStatus),
      statuses.map(() => cause),
    )
  })

test('the cause of a Reason header is read, other protocols are passed over (RFC 3326)', () => {
  assert.equal(causeOfReason(['Q.850;cause=17;text="User busy"']), 17)
  assert.equal(causeOfReason(['SIP;cause=200;text="Call completed elsewhere"', 'q.850 ; cause = 26']), 26)
  assert.equal(causeOfReason(['SIP;cause=486']), undefined)
  for (const nonsense of ['', 'Q.850', 'Q.850;cause=', 'Q.850;cause=x', 'Q.850;cause=-1', 'Q.850;cause=128'])
    assert.equal(causeOfReason([nonsense]), undefined, nonsense)
})

test('causes of our own leave the machine as the nearest one of Q.850', () => {
  assert.equal(reasonHeader(CAUSE.busy), 'Q.850;cause=17')
  assert.equal(reasonHeader(CAUSE.timeout), 'Q.850;cause=102')
  assert.equal(reasonHeader(CAUSE.machine), 'Q.850;cause=16')
})
