/** The options that this program was started with. */
export function options<T>(): T {
  process.once('disconnect', () => process.exit(0))
  return JSON.parse(process.argv[2] ?? '{}')
}

/** Says something to the bench. */
export function say(message: unknown): void {
  process.send?.(message)
}

/** Resolves when the bench says to go on. */
export function told(): Promise<void> {
  return new Promise((resolve) => process.once('message', () => resolve()))
}
