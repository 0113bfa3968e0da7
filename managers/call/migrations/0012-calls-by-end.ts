/** For who looks at all calls that ended in a period: rows are about in the order of their ends, so ranges of them are enough. */
export const sql = `
create index calls_by_end on calls using brin (tm_hangup) with (pages_per_range = 32, autosummarize = on);
`
