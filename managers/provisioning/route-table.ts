import { ROUTING_CUSTOMER_ID } from '#managers/customer'
import { timestampToMs } from '#platform/time'
import { ALL, kindOfTarget } from './route.ts'
import { NONE, RouteRows, readWords } from './route-rows.ts'
import type { RouteRecord } from './route-store.ts'
import { RowIndex } from './row-index.ts'

/** A route as the selection needs it. */
export type TableRoute = Pick<
  RouteRecord,
  'id' | 'customer_id' | 'provider_id' | 'priority' | 'target' | 'cost' | 'tm_create'
>

/** A way that leads to a number. */
export type FoundRoute = Pick<TableRoute, 'id' | 'provider_id'>

/** The digits of a number that a prefix may have. */
const MOST_DIGITS = 15

/**
 * The routes of everybody in memory (`provisioning.md` §3), for a million prefixes: a selection looks up each length of a
 * number's beginning, and a change touches the routes of one target, so that nothing is ever built anew. They are kept in
 * columns: a million objects would stop the event loop whenever the collector looks at them.
 */
export class RouteTable {
  readonly #rows = new RouteRows()
  readonly #byId = new RowIndex((row) => this.#rows.idWords(row, hashOfId))
  /** The first row of each target of an owner; the others follow it. */
  readonly #byTarget = new RowIndex((row) => hashOfTarget(this.#rows.owner(row), this.#rows.target(row)))
  readonly #owners = new Names()
  readonly #providers = new Names()
  /** The id that is being looked for. */
  readonly #words = new Uint32Array(4)

  get size(): number {
    return this.#rows.size
  }

  /** Takes a route in, in place of what it was before. */
  put({ id, customer_id, provider_id, priority, target, cost, tm_create }: TableRoute): void {
    this.remove(id)
    const row = this.#rows.add({
      ...{ id, priority, cost, target: targetKey(target), created: microsOf(tm_create) },
      owner: this.#owners.numberOf(customer_id),
      provider: this.#providers.numberOf(provider_id),
    })
    this.#byId.add(row)
    this.#link(row)
  }

  remove(id: string): void {
    const words = this.#words
    readWords(id, words, 0)
    const row = this.#byId.find(hashOfId(words, 0), (each) => this.#rows.hasId(each, words))
    if (row === NONE) return
    this.#byId.remove(row)
    this.#unlink(row)
    this.#rows.release(row)
  }

  /**
   * The routes for an E.164 number, in the order in which they are tried: the customer's own, the longest prefix first, then
   * its `all`, then everybody's in the same way. For an emergency number those alone that name it.
   */
  *of(customer: string, number: string): Iterable<FoundRoute> {
    const isEmergency = kindOfTarget(number) === 'emergency'
    for (const name of customer === ROUTING_CUSTOMER_ID ? [customer] : [customer, ROUTING_CUSTOMER_ID]) {
      const owner = this.#owners.known(name)
      if (owner === undefined) continue
      if (isEmergency) yield* this.#to(owner, targetKey(number))
      else {
        for (let key = prefixOf(number); key > 0; key = Math.floor(key / 10)) yield* this.#to(owner, key)
        yield* this.#to(owner, targetKey(ALL))
      }
    }
  }

  *#to(owner: number, target: number): Iterable<FoundRoute> {
    for (let row = this.#first(owner, target); row !== NONE; row = this.#rows.next(row)) {
      yield { id: this.#rows.id(row), provider_id: this.#providers.nameOf(this.#rows.provider(row)) }
    }
  }

  #first(owner: number, target: number): number {
    return this.#byTarget.find(hashOfTarget(owner, target), (row) => this.#rows.isFor(row, owner, target))
  }

  #link(row: number): void {
    const first = this.#first(this.#rows.owner(row), this.#rows.target(row))
    if (first === NONE) this.#byTarget.add(row)
    else if (this.#rows.comesBefore(row, first)) {
      this.#rows.setNext(row, first)
      this.#byTarget.replace(first, row)
    } else {
      let before = first
      let next = this.#rows.next(before)
      while (next !== NONE && this.#rows.comesBefore(next, row)) {
        before = next
        next = this.#rows.next(before)
      }
      this.#rows.setNext(row, next)
      this.#rows.setNext(before, row)
    }
  }

  #unlink(row: number): void {
    const first = this.#first(this.#rows.owner(row), this.#rows.target(row))
    const next = this.#rows.next(row)
    if (first !== row) {
      let before = first
      while (this.#rows.next(before) !== row) before = this.#rows.next(before)
      this.#rows.setNext(before, next)
    } else if (next === NONE) this.#byTarget.remove(row)
    else this.#byTarget.replace(row, next)
  }
}

/** Numbers in the place of names that come again and again. */
class Names {
  readonly #numbers = new Map<string, number>()
  readonly #names: string[] = []

  numberOf(name: string): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    this.#numbers.set(name, this.#names.length)
    return this.#names.push(name) - 1
  }

  known(name: string): number | undefined {
    return this.#numbers.get(name)
  }

  nameOf(number: number): string {
    return this.#names[number] ?? ''
  }
}

/** A target as a number: the digits of a prefix, 0 for every number, an emergency number below 0 with its length. */
function targetKey(target: string): number {
  if (target === ALL) return 0
  if (target.startsWith('+')) return Number(target.slice(1))
  return -(target.length * 1_000_000 + Number(target))
}

/** The digits of an E.164 number that a prefix may have. */
function prefixOf(number: string): number {
  return Number(number.slice(1, MOST_DIGITS + 1))
}

function microsOf(moment: string): number {
  return Math.round((timestampToMs(moment) ?? 0) * 1_000)
}

function hashOfId(words: ArrayLike<number>, from: number): number {
  let hash = 0
  for (let at = from; at < from + 4; at++) hash = Math.imul(hash ^ (words[at] ?? 0), 0x9e37_79b1)
  return mixed(hash)
}

function hashOfTarget(owner: number, target: number): number {
  const size = Math.abs(target)
  const low = (size % 0x1_0000_0000) | 0
  const high = Math.floor(size / 0x1_0000_0000)
  return mixed(Math.imul(low ^ Math.imul(owner + 1, 0x85eb_ca6b), 0x9e37_79b1) ^ Math.imul(high + 1, 0xc2b2_ae35))
}

/** Every bit of the hash depends on every bit of what went in (the end of MurmurHash3). */
function mixed(hash: number): number {
  let bits = hash ^ (hash >>> 16)
  bits = Math.imul(bits, 0x85eb_ca6b)
  bits ^= bits >>> 13
  bits = Math.imul(bits, 0xc2b2_ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}
