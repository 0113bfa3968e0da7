/** How often new numbers are drawn for those that were taken, before fewer have to do. */
const ROUNDS = 4

/** Random numbers that nobody has, each once; fewer than `limit` where the range is nearly used up. */
export async function drawFree(needs: {
  draw: () => string
  limit: number
  exclude: (numbers: readonly string[]) => Promise<ReadonlySet<string>>
}): Promise<string[]> {
  const free = new Set<string>()
  for (let round = 0; round < ROUNDS && free.size < needs.limit; round++) {
    const drawn = Array.from({ length: needs.limit - free.size }, needs.draw).filter((number) => !free.has(number))
    const taken = await needs.exclude(drawn)
    for (const number of drawn) if (!taken.has(number)) free.add(number)
  }
  return [...free]
}
