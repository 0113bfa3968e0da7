/**
 * Listening quality, 1 to 4.5, from the E-model (ITU-T G.107) with the values of G.711 and simple loss concealment
 * (G.113: Ie 0, Bpl 10 between none and full concealment).
 */
export function estimateMos(loss: number, jitterMs: number, roundTripMs: number): number {
  const delayMs = roundTripMs / 2 + jitterMs * 2 + 40
  const delayImpairment = 0.024 * delayMs + (delayMs > 177.3 ? 0.11 * (delayMs - 177.3) : 0)
  const lossPercent = loss * 100
  const lossImpairment = (95 * lossPercent) / (lossPercent + 10)
  const r = Math.min(Math.max(93.2 - delayImpairment - lossImpairment, 0), 100)
  const mos = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6
  return Math.round(Math.min(Math.max(mos, 1), 4.5) * 100) / 100
}
