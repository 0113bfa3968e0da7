import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PatchPanel } from './patch-panel.ts'
import type { ToWorker } from './protocol.ts'
import { doorbellMemory } from './worker/doorbell.ts'

/** What each of two workers has plugged, by the listener's id, and that both ends share their memory. */
function panel() {
  const outlets = [new Map<string, ToWorker>(), new Map<string, ToWorker>()]
  const inlets = [new Map<string, ToWorker>(), new Map<string, ToWorker>()]
  const up = [true, true]
  const patches = new PatchPanel([doorbellMemory(), doorbellMemory()], (worker, message) => {
    if (!up[worker]) return
    if (message.type === 'plug_outlet') outlets[worker]?.set(message.id, message)
    if (message.type === 'unplug_outlet') outlets[worker]?.delete(message.id)
    if (message.type === 'plug_inlet') inlets[worker]?.set(message.id, message)
    if (message.type === 'unplug_inlet') inlets[worker]?.delete(message.id)
  })
  const joined = () =>
    [0, 1].flatMap((worker) =>
      [...(inlets[worker] ?? [])].map(([id, inlet]) => {
        const outlet = outlets[1 - worker]?.get(id)
        assert.ok(inlet.type === 'plug_inlet' && outlet?.type === 'plug_outlet', `${id} has no other end`)
        assert.equal(outlet.memory, inlet.memory)
        assert.equal(outlet.source, inlet.source)
        return `${id} in ${worker} hears ${inlet.source}`
      }),
    )
  return {
    patches,
    joined,
    crash(worker: number, whileDown: () => void = () => {}) {
      up[worker] = false
      outlets[worker]?.clear()
      inlets[worker]?.clear()
      whileDown()
      up[worker] = true
      patches.started(worker)
    },
  }
}

test('whatever comes first, there is a patch exactly where two workers have to be joined', () => {
  const steps: ((patches: PatchPanel) => void)[] = [
    (patches) => patches.opened('a', 0),
    (patches) => patches.opened('b', 1),
    (patches) => patches.opened('c', 0),
    (patches) => patches.hears('a', 'b'),
    (patches) => patches.hears('b', 'a'),
    (patches) => patches.hears('c', 'a'),
  ]
  for (let rotation = 0; rotation < steps.length; rotation++) {
    for (const reversed of [false, true]) {
      const { patches, joined } = panel()
      const order = [...steps.slice(rotation), ...steps.slice(0, rotation)]
      for (const step of reversed ? order.reverse() : order) step(patches)
      assert.deepEqual(joined(), ['a in 0 hears b', 'b in 1 hears a'])
    }
  }
})

test('patches follow what is wanted: another peer, none, an end that goes and comes back elsewhere', () => {
  const { patches, joined } = panel()
  patches.opened('a', 0)
  patches.opened('b', 1)
  patches.opened('c', 1)
  patches.hears('a', 'b')
  patches.hears('a', 'c')
  assert.deepEqual(joined(), ['a in 0 hears c'])
  patches.gone('c')
  assert.equal(patches.size, 0)
  assert.deepEqual(joined(), [])
  patches.opened('c', 0)
  assert.deepEqual(joined(), [], 'in the same worker nothing is needed')
  patches.gone('c')
  patches.opened('c', 1)
  assert.deepEqual(joined(), ['a in 0 hears c'])
  patches.hears('a', undefined)
  assert.deepEqual(joined(), [])
})

test('after a crash of either worker every patch is laid anew, with what was wanted meanwhile', () => {
  const { patches, joined, crash } = panel()
  patches.opened('a', 0)
  patches.opened('b', 1)
  patches.opened('c', 1)
  patches.hears('a', 'b')
  patches.hears('b', 'a')
  for (const worker of [0, 1]) {
    crash(worker)
    assert.deepEqual(joined(), ['a in 0 hears b', 'b in 1 hears a'])
    crash(worker, () => {
      patches.hears('a', 'c')
      patches.hears('b', undefined)
    })
    assert.deepEqual(joined(), ['a in 0 hears c'])
    patches.hears('a', 'b')
    patches.hears('b', 'a')
  }
})
