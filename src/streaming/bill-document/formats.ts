import type { DocumentFormat } from '../../domain/customer-bill/index.js';

/** Media types of the documents of a bill. */
export const documentTypes: Readonly<Record<DocumentFormat, string>> = {
  pdf: 'application/pdf',
  json: 'application/json',
  csv: 'text/csv',
};
