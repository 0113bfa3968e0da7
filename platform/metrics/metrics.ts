import {
  AggregatorRegistry,
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry,
} from 'prom-client'

/** Something that only grows. */
export interface Counter<Label extends string = never> {
  inc(labels?: Readonly<Record<Label, string>>, by?: number): void
  /** The same at fixed labels, for what is counted all the time: one more costs an addition. */
  tally(labels: Readonly<Record<Label, string>>): Tally
}

/** A counter whose labels are given. */
export interface Tally {
  inc(): void
}

/** Something that goes up and down. */
export interface Gauge<Label extends string = never> {
  set(value: number, labels?: Readonly<Record<Label, string>>): void
}

/** How often something took how long. */
export interface Histogram<Label extends string = never> {
  observe(value: number, labels?: Readonly<Record<Label, string>>): void
}

/** All figures of one thread as plain data, to be sent to another one. */
export type MetricsSnapshot = readonly unknown[]

/** Every name begins with it. */
const PREFIX = 'strowger_'

/** From 1 ms to 10 s: requests, database, set-up of calls. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** The figures of one thread. A name is declared once; declaring it again is a fault of the program. */
export class Metrics {
  readonly #registry = new Registry()

  /** `name` in snake_case without the prefix, ending in `_total`. */
  counter<Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []): Counter<Label> {
    const tallies: PendingTally[] = []
    const counter: PromCounter<Label> = new PromCounter({
      name: PREFIX + name,
      help,
      labelNames,
      registers: [this.#registry],
      collect: () => {
        for (const tally of tallies) counter.inc(tally.labels as Readonly<Record<Label, string>>, tally.take())
      },
    })
    return {
      inc: (labels, by = 1) => (labels ? counter.inc(labels, by) : counter.inc(by)),
      tally: (labels) => {
        const tally = new PendingTally(labels)
        tallies.push(tally)
        return tally
      },
    }
  }

  /** `read` is asked at each scrape; without it the value is what was set last. */
  gauge<Label extends string = never>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
    read?: (gauge: Gauge<Label>) => void | Promise<void>,
  ): Gauge<Label> {
    const gauge: PromGauge<Label> = new PromGauge({
      name: PREFIX + name,
      help,
      labelNames,
      registers: [this.#registry],
      ...(read ? { collect: () => read(door) } : {}),
    })
    const door: Gauge<Label> = { set: (value, labels) => (labels ? gauge.set(labels, value) : gauge.set(value)) }
    return door
  }

  /** `buckets` are upper bounds; from 1 ms to 10 s, in seconds, unless said. */
  histogram<Label extends string = never>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
    buckets: readonly number[] = SECONDS,
  ): Histogram<Label> {
    const histogram = new PromHistogram({
      name: PREFIX + name,
      help,
      labelNames,
      buckets: [...buckets],
      registers: [this.#registry],
    })
    return { observe: (value, labels) => (labels ? histogram.observe(labels, value) : histogram.observe(value)) }
  }

  /** All figures as plain data. */
  async snapshot(): Promise<MetricsSnapshot> {
    return await this.#registry.getMetricsAsJSON()
  }

  /** All figures of this thread as Prometheus reads them. */
  async text(): Promise<string> {
    return await this.#registry.metrics()
  }
}

/** What has been counted since it was looked at last. */
class PendingTally implements Tally {
  readonly labels: Readonly<Record<string, string>>
  #pending = 0

  constructor(labels: Readonly<Record<string, string>>) {
    this.labels = labels
  }

  inc(): void {
    this.#pending++
  }

  take(): number {
    const taken = this.#pending
    this.#pending = 0
    return taken
  }
}

/** Joins the figures of several threads: the same name and labels are added up. */
export async function metricsText(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  return await AggregatorRegistry.aggregate(snapshots.map((snapshot) => [...snapshot])).metrics()
}
