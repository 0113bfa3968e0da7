/** For who looks at all recordings that ended in a period: rows are about in the order of their ends, so ranges of them are enough. */
export const sql = `
create index recordings_by_end on recordings using brin (tm_end) with (pages_per_range = 32, autosummarize = on);
`
