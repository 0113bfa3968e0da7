/** Of an answer that is no success so many bytes are kept. */
export const REFUSAL_BYTES = 1_024

/** The beginning of an answer as text that can be kept and shown: no half characters, no control characters. */
export function excerpt(body: Uint8Array): string {
  const whole = new TextDecoder().decode(body.subarray(0, REFUSAL_BYTES), { stream: true })
  return whole.replaceAll(/(?![\n\t])\p{Cc}/gu, '')
}
