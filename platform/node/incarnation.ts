/** One life of one node: from the start of its process to its end. */
export interface Incarnation {
  /** The node's stable id (a UUID kept in `DATA_DIR`). */
  node: string
  /** This life's own id: short, unique among all lives of all nodes. */
  incarnation: string
  /** Eight characters of `a-z0-9` that name node and incarnation in Call-IDs, tags and Contacts. */
  code: string
}

/** A life that is over, and until when it was certainly alive: what its calls are billed to. */
export interface DeadIncarnation extends Incarnation {
  /** Its last heartbeat, in database time. */
  last_beat: string
}
