import type { SoundFigures, SoundListener } from '../clients/sound-listener.ts'
import { row } from '../row.ts'
import type { Suite } from '../suite.ts'

const CALLS = 20
const LISTEN_MS = 8_000
const TEXT =
  'This is a long announcement that is read to twenty callers at once, so that the time between its packets can be ' +
  'looked at. It goes on for a good while, says nothing of interest, and ends when everybody has heard enough of it.'

/** How evenly sound leaves. */
export const media: Suite = {
  rows: ['media.tick_lateness_ms'],
  async run(getStage) {
    const stage = await getStage()
    const service = await stage.numberThat([
      { type: 'answer' },
      { type: 'talk', option: { text: TEXT, language: 'en-US' } },
    ])
    const listen = (calls: number, listenMs: number) =>
      stage.run<SoundFigures>('clients/sound-listener.ts', {
        port: stage.sipPort,
        service,
        calls,
        listenMs,
      } satisfies SoundListener)
    // the voice is rendered once, by the first caller
    await listen(1, 2_500)
    const figures = await listen(CALLS, LISTEN_MS)
    const method =
      `arrival of each RTP packet against its timestamp, from the earliest packet of its call, so the listener's own ` +
      `scheduling included: ${figures.answered} spoken calls, ${figures.packets} packets, ${figures.lost} lost`
    return [row('media.tick_lateness_ms', figures.latenessMs, 'ms', method, { p99: figures.latenessP99Ms })]
  },
}
