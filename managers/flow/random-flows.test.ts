import { test } from 'node:test'
import { RandomWorld } from './testing/random-world.ts'

/** `npm run flows:random` plays a thousand; `RANDOM_SEED` is where they begin, to have one again. */
const { RANDOM_FLOWS: count = '60', RANDOM_SEED: first = '1' } = process.env

test(`${count} random flows against random callers: each ends, tells every step, and leaves no call or timer`, async () => {
  for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
    try {
      await new RandomWorld(seed).play()
    } catch (error) {
      throw new Error(`the flow of RANDOM_SEED=${seed}`, { cause: error })
    }
  }
})
