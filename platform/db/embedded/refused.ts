/** The database that comes with the platform cannot be run, in words for who operates it. */
export class DatabaseRefused extends Error {
  override name = 'DatabaseRefused'
}
