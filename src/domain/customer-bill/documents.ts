import type { JsonObject, JsonValue } from '../../platform/json-object.js';

/** A form in which every bill is given out. */
export interface DocumentFormat {
  /** Ends the address of the document, and the name of its file. */
  readonly extension: 'pdf' | 'json' | 'csv';
  readonly name: string;
  readonly mimeType: string;
}

export const documentFormats: readonly DocumentFormat[] = [
  { extension: 'pdf', name: 'Bill', mimeType: 'application/pdf' },
  { extension: 'json', name: 'Bill and its lines as data', mimeType: 'application/json' },
  { extension: 'csv', name: 'Lines of the bill', mimeType: 'text/csv' },
];

/** What follows the address of the bill in that of one of its documents. */
export function documentPart({ extension }: DocumentFormat): string {
  return `document.${extension}`;
}

/**
 * The bill with its documents: it always has some, and each has an id (profile of TMF678). Where none were given,
 * they are those that are made of the figures of the bill when somebody wants them.
 */
export function withDocuments(bill: JsonObject): JsonObject {
  const id = String(bill['id']);
  const given = (bill['billDocument'] ?? []) as JsonObject[];
  const documents: JsonObject[] =
    given.length > 0
      ? given.map((document, index) => ({ ...document, id: document['id'] ?? `${id}-${index + 1}` }))
      : ownDocuments(id);
  return { ...bill, billDocument: documents };
}

function ownDocuments(billId: string): JsonObject[] {
  return documentFormats.map(({ extension, name, mimeType }) => ({
    id: `${billId}-${extension}`,
    name,
    attachmentType: 'bill',
    mimeType,
  }));
}

/**
 * The format of a document that is made of the bill; undefined: it was given. Nobody can give one such an id, because
 * nobody knows the id of the bill before.
 */
export function formatOf(billId: string, documentId: JsonValue | undefined): DocumentFormat | undefined {
  return documentFormats.find(({ extension }) => documentId === `${billId}-${extension}`);
}
