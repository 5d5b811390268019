export const ndjsonType = 'application/x-ndjson';
export const csvType = 'text/csv';

/** Media types of files of usages, those that come in and those that go out; the first is that of a task that does not say. */
export const usageFileTypes = [ndjsonType, csvType] as const;
