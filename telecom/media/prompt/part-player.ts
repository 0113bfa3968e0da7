/** What a part answers when it has nothing yet but is not over: a file that is still being read. */
export const WAITING = -1

/** One part of a prompt while it plays. */
export interface PartPlayer {
  /** Writes up to `count` samples at `offset`; gives how many, 0 when it is over, `WAITING` when more may come. */
  read(into: Int16Array, offset: number, count: number): number
  /** Why nothing could be played; read when it is over. */
  readonly issue?: string | undefined
  /** Lets go of what it holds. */
  close(): void
}
