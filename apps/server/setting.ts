/** One setting: what it is called, what it means, and how its text is read. */
export interface Setting<T> {
  /** Without `STROWGER_`. */
  name: string
  /** As `--help` prints it. */
  fallback: string
  meaning: string
  /** It holds a password: what was set is not repeated. */
  secret?: true
  read: (text: string | undefined) => T
}

/** A setting that is read like its default where it is unset. */
export function setting<T>(name: string, fallback: string, meaning: string, parse: (value: string) => T): Setting<T> {
  return { name, fallback, meaning, read: (value) => parse(value ?? fallback) }
}
