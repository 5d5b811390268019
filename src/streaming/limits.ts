/** The limits of uploads and downloads. A refusal names its limit, so that whoever reads one finds it by its name. */

/** Bytes of one uploaded file, unpacked. */
export const FILE_BYTES_MAX = 64 * 1024 ** 3;
/**
 * How many times its size a file may unpack to. Usages repeat their names in every line and are packed to a twentieth;
 * what is packed far more tightly is made to fill the server.
 */
export const FILE_UNPACK_RATIO_MAX = 250;
/** Bytes of one line of a file: more than any usage has. */
export const FILE_LINE_BYTES_MAX = 1024 ** 2;
/** Columns of one CSV file, sent or received. */
export const CSV_COLUMNS_MAX = 500;
/** Cells of one row of a CSV file. A row that has a few more than its header is refused alone; one with more than this ends the file. */
export const CSV_ROW_CELLS_MAX = 10 * CSV_COLUMNS_MAX;
/** Files that one server receives at once: each holds a few megabytes, and a connection to the database while it writes. */
export const UPLOADS_MAX = 16;
/** Exports that one server sends at once: each has a connection to the database of its own. */
export const DOWNLOADS_MAX = 4;
/** Of those, the exports of one client, so that some are left for the others. */
export const DOWNLOADS_PER_CLIENT_MAX = 3;
/** Files of what is held about a party that one server sends at once: each has a connection to the database of its own. */
export const PARTY_DATA_MAX = 2;
/** Accounts whose data one such file has. */
export const PARTY_DATA_ACCOUNTS_MAX = 100;
/** How long a client may take to fetch one. */
export const PARTY_DATA_MS_MAX = 600_000;
/** Lists that one server sends as files at once: each has a connection to the database of its own. */
export const LIST_FILES_MAX = 4;
/** Of those, the files of one client, so that some are left for the others. */
export const LIST_FILES_PER_CLIENT_MAX = 2;
/** How long a client may take to fetch one. */
export const LIST_FILE_MS_MAX = 1_800_000;
/** Documents of large bills that one server makes at once. */
export const LARGE_DOCUMENTS_MAX = 2;
/** Lines from which on a bill counts as large. */
export const LARGE_BILL_LINES = 2_000;
/** Lines that a PDF prints. Of a bill with more it gives the figures only; the lines stand in its CSV and JSON. */
export const PDF_LINES_MAX = 50_000;
/** How long a client may take to fetch a document. */
export const DOCUMENT_SEND_MS_MAX = 600_000;
