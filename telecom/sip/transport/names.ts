import type { NaptrRecord, SrvRecord } from 'node:dns'

/** What can be asked about a name. A name that has nothing of the kind may reject or give an empty list. */
export interface Names {
  /** Its addresses, IPv4 first. */
  addresses(name: string, signal: AbortSignal): Promise<string[]>
  services(name: string, signal: AbortSignal): Promise<SrvRecord[]>
  pointers(name: string, signal: AbortSignal): Promise<NaptrRecord[]>
  /** Nobody asks any more, nor waits for what was asked. */
  stop?(): void
}

/** What a name server said, and for how long it may be believed; `undefined` where that is not told. */
export interface NameAnswer<Record> {
  readonly records: Record[]
  readonly ttlSeconds: number | undefined
}

/** The same questions, each asked anew. Rejects where there is nothing (`isNotThere`), and where that could not be told. */
export interface NameSource {
  addresses(name: string): Promise<NameAnswer<string>>
  services(name: string): Promise<NameAnswer<SrvRecord>>
  pointers(name: string): Promise<NameAnswer<NaptrRecord>>
  /** Ends what is being asked: it rejects. */
  stop?(): void
}

/** No such name, nothing of this kind, a text that is no name. */
const NOT_THERE: readonly unknown[] = ['ENOTFOUND', 'ENODATA', 'EBADNAME']

/** Whether an error of a name server says that there is nothing, rather than that it could not tell. */
export function isNotThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && NOT_THERE.includes(error.code)
}
