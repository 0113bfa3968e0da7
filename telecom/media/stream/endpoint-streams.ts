import type { Clock } from '#platform/time'
import type { MediaEvent, StreamIssue } from '../media-event.ts'
import type { StreamTarget } from '../wanted-media.ts'
import { StreamLink } from './stream-link.ts'

/** The programs that hear one endpoint and speak into it, in its media worker. */
export class EndpointStreams {
  readonly #clock: Clock
  readonly #on: (event: MediaEvent) => void
  readonly #links = new Map<string, StreamLink>()
  /** Those that have ended by themselves and are still wanted: they do not begin again. */
  #over = new Set<string>()

  constructor(needs: { clock: Clock; on: (event: MediaEvent) => void }) {
    this.#clock = needs.clock
    this.#on = needs.on
  }

  /** Whether sound has to be mixed. */
  get active(): boolean {
    return this.#links.size > 0
  }

  want(targets: readonly StreamTarget[] = []): void {
    const wanted = new Set(targets.map(({ stream_id }) => stream_id))
    this.#over = new Set([...this.#over].filter((id) => wanted.has(id)))
    for (const [id, link] of this.#links) if (!wanted.has(id)) this.#close(id, link)
    for (const target of targets)
      if (!this.#links.has(target.stream_id) && !this.#over.has(target.stream_id)) this.#begin(target)
  }

  /** They hear what the party says, and what it hears but for what they say themselves. */
  hear(party: Int16Array, ours: Int16Array, count: number): void {
    for (const link of this.#links.values()) link.hear(party, ours, count)
  }

  /** Adds what they say. */
  mixInto(frame: Int16Array, count: number): void {
    for (const link of this.#links.values()) link.mixInto(frame, count)
  }

  close(): void {
    for (const [id, link] of this.#links) this.#close(id, link)
  }

  #begin(target: StreamTarget): void {
    const { stream_id } = target
    const over = (issue: StreamIssue | undefined) => {
      this.#over.add(stream_id)
      this.#gone(stream_id, this.#links.get(stream_id)?.dropped ?? 0, issue)
    }
    const started = () => this.#on({ type: 'stream_started', stream_id })
    try {
      this.#links.set(stream_id, new StreamLink(target, { clock: this.#clock, started, ended: over }))
    } catch {
      over('unreachable') // no address at all is no worse than one where nobody is
    }
  }

  #close(stream_id: string, link: StreamLink): void {
    link.close()
    this.#gone(stream_id, link.dropped)
  }

  #gone(stream_id: string, dropped: number, issue?: StreamIssue): void {
    this.#links.delete(stream_id)
    this.#on({ type: 'stream_ended', stream_id, dropped, ...(issue === undefined ? {} : { issue }) })
  }
}
