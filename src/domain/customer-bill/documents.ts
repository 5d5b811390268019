import {
  documentFormats,
  type BillDocument,
  type BillRow,
  type CustomerBillDependencies,
  type DocumentFormat,
} from './model.js';

const documentNames: Readonly<Record<DocumentFormat, string>> = {
  pdf: 'Bill',
  json: 'Bill and its lines as data',
  csv: 'Lines of the bill',
};

/**
 * The documents of a bill: it always has some, and each has an id (profile of TMF678). Where none were given, they are
 * those that are made of the figures of the bill when they are fetched.
 */
export function documentsOf(
  { id, billDocument: given }: Pick<BillRow, 'id'> & Partial<Pick<BillRow, 'billDocument'>>,
  { documentTypes }: Pick<CustomerBillDependencies, 'documentTypes'>,
): BillDocument[] {
  if (given && given.length > 0)
    return given.map((document, index) => ({ ...document, id: document.id ?? `${id}-${index + 1}` }));
  return documentFormats.map((format) => ({
    id: `${id}-${format}`,
    name: documentNames[format],
    attachmentType: 'bill',
    mimeType: documentTypes[format],
  }));
}

/**
 * The format of a document that is made of the bill; undefined: it was given. A client cannot give one such an id, because
 * the id of the bill is not known before.
 */
export function formatOf(billId: string, documentId: string | null | undefined): DocumentFormat | undefined {
  return documentFormats.find((format) => documentId === `${billId}-${format}`);
}
