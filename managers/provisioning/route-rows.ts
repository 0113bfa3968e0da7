/** Rows that are taken at once; nothing is ever moved. */
const CHUNK = 16_384
const ID_WORDS = 4
const WORD_DIGITS = 8
const HYPHEN = 45
const LETTERS = 65

/** What is kept of a route: whose it is and what it is for as numbers, so that a million of them are no work for the collector. */
export interface RouteRow {
  /** A UUID, lower case. */
  id: string
  owner: number
  provider: number
  /** What it is for (`targetKey`). */
  target: number
  priority: number
  cost: number
  /** Microseconds since 1970. */
  created: number
}

interface Chunk {
  ids: Uint32Array
  owner: Int32Array
  provider: Int32Array
  target: Float64Array
  priority: Float64Array
  cost: Float64Array
  created: Float64Array
  next: Int32Array
}

/** No row. */
export const NONE = -1

/** Routes in columns; each row says which one follows it. */
export class RouteRows {
  readonly #chunks: Chunk[] = []
  #used = 0
  #free = NONE
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Gives the number of the new row. */
  add(route: RouteRow): number {
    const row = this.#free === NONE ? this.#used++ : this.#free
    if (row === this.#free) this.#free = this.next(row)
    const chunk = this.#chunk(row)
    const at = row % CHUNK
    readWords(route.id, chunk.ids, at * ID_WORDS)
    chunk.owner[at] = route.owner
    chunk.provider[at] = route.provider
    chunk.target[at] = route.target
    chunk.priority[at] = route.priority
    chunk.cost[at] = route.cost
    chunk.created[at] = route.created
    chunk.next[at] = NONE
    this.#size++
    return row
  }

  /** The row may be used for another route. */
  release(row: number): void {
    this.setNext(row, this.#free)
    this.#free = row
    this.#size--
  }

  /** Hands the words of its id to a reader. */
  idWords<T>(row: number, read: (words: Uint32Array, from: number) => T): T {
    return read(this.#chunk(row).ids, (row % CHUNK) * ID_WORDS)
  }

  hasId(row: number, words: ArrayLike<number>): boolean {
    const { ids } = this.#chunk(row)
    const from = (row % CHUNK) * ID_WORDS
    for (let at = 0; at < ID_WORDS; at++) if (ids[from + at] !== words[at]) return false
    return true
  }

  owner(row: number): number {
    return this.#chunk(row).owner[row % CHUNK] ?? 0
  }

  provider(row: number): number {
    return this.#chunk(row).provider[row % CHUNK] ?? 0
  }

  target(row: number): number {
    return this.#chunk(row).target[row % CHUNK] ?? 0
  }

  id(row: number): string {
    return this.idWords(row, idOf)
  }

  isFor(row: number, owner: number, target: number): boolean {
    return this.owner(row) === owner && this.target(row) === target
  }

  next(row: number): number {
    return this.#chunk(row).next[row % CHUNK] ?? NONE
  }

  setNext(row: number, next: number): void {
    this.#chunk(row).next[row % CHUNK] = next
  }

  /** Lower priority first, then what costs less, then what is older. */
  comesBefore(a: number, b: number): boolean {
    for (const column of ['priority', 'cost', 'created'] as const) {
      const one = this.#chunk(a)[column][a % CHUNK] ?? 0
      const other = this.#chunk(b)[column][b % CHUNK] ?? 0
      if (one !== other) return one < other
    }
    return this.id(a) < this.id(b)
  }

  #chunk(row: number): Chunk {
    const index = Math.floor(row / CHUNK)
    const chunk = this.#chunks[index] ?? newChunk()
    this.#chunks[index] = chunk
    return chunk
  }
}

function newChunk(): Chunk {
  return {
    ids: new Uint32Array(CHUNK * ID_WORDS),
    owner: new Int32Array(CHUNK),
    provider: new Int32Array(CHUNK),
    target: new Float64Array(CHUNK),
    priority: new Float64Array(CHUNK),
    cost: new Float64Array(CHUNK),
    created: new Float64Array(CHUNK),
    next: new Int32Array(CHUNK),
  }
}

/** Reads the four words of a UUID, and makes no text on the way: a million of them are read one after the other. */
export function readWords(id: string, words: Uint32Array, from: number): void {
  let digits = 0
  for (let at = 0; at < id.length && digits < ID_WORDS * WORD_DIGITS; at++) {
    const code = id.charCodeAt(at)
    if (code === HYPHEN) continue
    const word = from + Math.floor(digits / WORD_DIGITS)
    words[word] = ((words[word] ?? 0) << 4) | digitOf(code)
    digits++
  }
}

/** The value of a hexadecimal digit. */
function digitOf(code: number): number {
  return code < LETTERS ? code & 15 : (code & 15) + 9
}

function idOf(words: Uint32Array, from: number): string {
  let hex = ''
  for (let at = from; at < from + ID_WORDS; at++) hex += (words[at] ?? 0).toString(16).padStart(8, '0')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
