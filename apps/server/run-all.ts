/**
 * Runs one step after the other, all of them whatever one does; then throws what the first failing one threw. For stopping:
 * a part that does not stop cleanly must not keep the others from it.
 */
export async function runAll(steps: readonly (() => unknown)[]): Promise<void> {
  const failures: unknown[] = []
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
