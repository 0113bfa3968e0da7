/** What the files of a recording were when they were kept: `[{ filename, sha256 }]`. */
export const sql = `
alter table recordings add column checksums jsonb;
`
