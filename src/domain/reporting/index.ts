export { admitReader, dismissReader, listReaders, type ReportReader } from './readers.store.js';
