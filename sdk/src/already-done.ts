import { ApiError } from './errors.ts'

/** Refusals that say: it is so already. Each with where the resource is then. */
const ALREADY: Readonly<Record<string, (path: string) => string>> = {
  ACTIVEFLOW_ALREADY_STOPPED: (path) => path.replace(/\/stop$/, ''),
}

/** The path of the resource where a refusal means that there is nothing left to do; `undefined` for any other error. */
export function alreadyDone(error: unknown, path: string): string | undefined {
  return error instanceof ApiError ? ALREADY[error.reason]?.(path) : undefined
}
