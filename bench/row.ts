/** One figure. `value` is the median where there are several; names never change, so that runs can be compared. */
export interface Row {
  name: string
  value: number
  unit: string
  p99?: number
  baseline?: { name: string; value: number }
  /** `value` divided by the baseline's. */
  ratio?: number
  /** How it was measured, and what else is worth knowing about this run. */
  method: string
}

/** Puts a row together; figures are rounded to what can be told apart. */
export function row(
  name: string,
  value: number,
  unit: string,
  method: string,
  more: { p99?: number; baseline?: { name: string; value: number } } = {},
): Row {
  const { p99, baseline } = more
  return {
    name,
    value: rounded(value),
    unit,
    ...(p99 === undefined ? {} : { p99: rounded(p99) }),
    ...(baseline === undefined
      ? {}
      : {
          baseline: { name: baseline.name, value: rounded(baseline.value) },
          ratio: Number((value / baseline.value).toPrecision(3)),
        }),
    method,
  }
}

function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))
}
