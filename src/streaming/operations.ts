/** What is done by files, each a right of its own (docs/rights.md). */
export const streamOperations = [
  'customerBill:readDocument',
  'usageImport:upload',
  'usageImport:readErrors',
  'usageExport:download',
  'auditRecord:export',
  'party:readData',
  'server:watch',
] as const;

export type StreamOperation = (typeof streamOperations)[number];
