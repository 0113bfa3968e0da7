import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Connection, migrate } from '#platform/db'
import { systemClock } from '#platform/time'
import { eventually, freshDatabase, ownServer, pause, signalServer, tempFolder } from '#testkit'
import { type Incarnation, type NodeOptions, nodeMigrations } from './index.ts'
import { live } from './testing/life.ts'

const quick = { beatMs: 50, leaseMs: 500 }

async function lifeHere(t: TestContext, connection: Connection, dataDir: string, options: Partial<NodeOptions> = {}) {
  const { life, stop } = await live(connection, dataDir, options)
  t.after(stop)
  return { life, stop }
}

/** A life in a process of its own. */
async function lifeThere(t: TestContext, connection: Connection, dataDir: string, options: Partial<NodeOptions> = {}) {
  const script = new URL('./testing/life.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, JSON.stringify({ connection, dataDir, options })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => kill(child))
  const [line] = await once(child.stdout, 'data')
  return { child, incarnation: JSON.parse(String(line)) as Incarnation }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

test('a node keeps its id from one life to the next, and each life has a name of its own', async (t) => {
  const { connection } = await freshDatabase()
  const dataDir = tempFolder(t)
  const first = await lifeHere(t, connection, dataDir)
  await first.stop()
  const { life } = await lifeHere(t, connection, dataDir)
  assert.equal(life.node, first.life.node)
  assert.notEqual(life.incarnation, first.life.incarnation)
  assert.match(life.code, /^[a-z0-9]{8}$/)
  assert.deepEqual(await life.find(first.life.code), {
    ...{ node: life.node, incarnation: first.life.incarnation, code: first.life.code },
    ended: true,
  })
  assert.equal(await life.find('nobody00'), undefined)
})

test('after kill -9 the next life of the node sees at once who is dead and when it was last alive, without waiting for the lease', async (t) => {
  const { connection } = await freshDatabase()
  const dataDir = tempFolder(t)
  const { child, incarnation } = await lifeThere(t, connection, dataDir)
  const { life } = await lifeHere(t, connection, dataDir)
  assert.deepEqual(await life.deadIncarnations(), [], 'it lives beside us')
  child.kill('SIGSTOP')
  assert.deepEqual(await life.deadIncarnations(), [], 'it is stopped, not dead')
  await kill(child)
  const dead = await life.deadIncarnations()
  assert.deepEqual(dead, [{ ...incarnation, last_beat: dead[0]?.last_beat }])
  assert.match(dead[0]?.last_beat ?? '', /^\d{4}-\d\d-\d\dT.*\.\d{6}Z$/)
  assert.equal(await life.takeOver(incarnation), true)
  await life.bury(incarnation)
  assert.deepEqual(await life.deadIncarnations(), [])
})

test('a life that ended in good order leaves nothing to take over and no lock', async (t) => {
  const { connection } = await freshDatabase()
  const dataDir = tempFolder(t)
  const first = await lifeHere(t, connection, dataDir)
  const { life } = await lifeHere(t, connection, dataDir)
  await first.stop()
  assert.deepEqual(await life.deadIncarnations(), [])
  assert.deepEqual(readdirSync(join(dataDir, 'incarnations')), [life.incarnation])
})

test("another node's life is over when its lease has run out, not before", async (t) => {
  const { connection } = await freshDatabase()
  const { child, incarnation } = await lifeThere(t, connection, tempFolder(t), quick)
  const { life } = await lifeHere(t, connection, tempFolder(t), quick)
  await pause(quick.leaseMs * 2)
  assert.deepEqual(await life.deadIncarnations(), [], 'it beats')
  assert.equal(await life.takeOver(incarnation), false, 'nobody takes over what lives')
  const killedMs = systemClock.monotonicMs()
  await kill(child)
  await eventually('it is found dead', async () => (await life.deadIncarnations()).length === 1)
  assert.ok(systemClock.monotonicMs() - killedMs > quick.leaseMs - quick.beatMs * 3)
})

test('of two nodes that find the same dead life one takes it over; when that one dies too the other follows', async (t) => {
  const { connection } = await freshDatabase()
  const dead = await lifeThere(t, connection, tempFolder(t), quick)
  const { life } = await lifeHere(t, connection, tempFolder(t), quick)
  const rival = await lifeHere(t, connection, tempFolder(t), quick)
  await kill(dead.child)
  const isDead = async (who: Incarnation) => (await life.deadIncarnations()).some((each) => each.code === who.code)
  await eventually('it is found dead', () => isDead(dead.incarnation))
  await eventually('the rival finds it too', async () => (await rival.life.deadIncarnations()).length === 1)
  const won = await Promise.all([life.takeOver(dead.incarnation), rival.life.takeOver(dead.incarnation)])
  assert.deepEqual(won.toSorted(), [false, true])
  const [winner, loser] = won[0] ? [life, rival.life] : [rival.life, life]
  assert.equal(await winner.takeOver(dead.incarnation), true, 'a repeat of the winner is fine')
  assert.deepEqual(await loser.deadIncarnations(), [])
  await winner.end()
  assert.equal(await loser.takeOver(dead.incarnation), true)
})

test('a life that was silent for too long learns that its calls are in other hands', async (t) => {
  const { db, connection } = await freshDatabase()
  const { life } = await lifeHere(t, connection, tempFolder(t), quick)
  const told = new Promise((resolve) => life.onTakenOver(resolve))
  await db.query("UPDATE nodes SET taken_over_by = 'survivor' WHERE code = $1", [life.code])
  assert.equal(await told, 'survivor')
  assert.equal(life.takenOver, true)
})

test('a database that was stalled costs no node its life: nobody is judged until it has answered for a whole lease', async (t) => {
  const server = await ownServer(t)
  await migrate(server, nodeMigrations)
  const leases = { beatMs: 50, leaseMs: 1_500 }
  const { life } = await lifeHere(t, server.connection, tempFolder(t), leases)
  await lifeHere(t, server.connection, tempFolder(t), leases)
  await pause(leases.leaseMs + 100)
  signalServer(server, 'SIGSTOP')
  await pause(2_300)
  const asked = life.deadIncarnations()
  signalServer(server, 'SIGCONT')
  assert.deepEqual(await asked, [])
  for (let look = 0; look < 20; look++) assert.deepEqual(await life.deadIncarnations(), [])
})
