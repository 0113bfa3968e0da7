const SHARDS = 4_096

/**
 * A map for a million keys and more that never stops the event loop: one map has to move all its entries when it grows, many
 * small ones move a few at a time.
 */
export class ShardedMap<K extends string | number, V> {
  readonly #shards = new Map<number, Map<K, V>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: K): V | undefined {
    return this.#shards.get(shardOf(key))?.get(key)
  }

  set(key: K, value: V): void {
    const at = shardOf(key)
    const shard = this.#shards.get(at) ?? new Map<K, V>()
    if (shard.size === 0) this.#shards.set(at, shard)
    if (!shard.has(key)) this.#size++
    shard.set(key, value)
  }

  delete(key: K): void {
    const at = shardOf(key)
    const shard = this.#shards.get(at)
    if (!shard?.delete(key)) return
    this.#size--
    if (shard.size === 0) this.#shards.delete(at)
  }
}

/** Of a number its remainder, of a text its last characters: of ids and of prefixes these are what differs. */
function shardOf(key: string | number): number {
  if (typeof key === 'number') return key % SHARDS
  let hash = 0
  for (let at = Math.max(0, key.length - 4); at < key.length; at++) hash = hash * 31 + key.charCodeAt(at)
  return hash % SHARDS
}
