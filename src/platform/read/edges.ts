import DataLoader from 'dataloader';
import { limitExceeded } from '../limits.js';
import type { Page, PageRequest } from './page.js';
import type { Reader } from './reader.js';
import type { ResourceMapping } from './resource-mapping.js';
import type { Edge, Scope } from './source.js';

/** Parents of one statement; more are split over several. */
const parentsPerStatementMax = 1_000;

/**
 * Reads the nested lists of one operation. The same list of several parents is read by one statement, which avoids
 * N+1 reads; the rows that all lists of the operation request together are bounded.
 */
export class Edges {
  private readonly loaders = new Map<string, DataLoader<string, Page>>();
  private rowsAsked = 0;

  constructor(
    private readonly reader: Reader,
    private readonly rowsMax: number,
  ) {}

  /**
   * Reads a page of the children of one parent.
   * @throws DomainError INVALID_QUERY when the lists of the operation request more rows than EDGE_ROWS_MAX
   */
  page(mapping: ResourceMapping, scope: Scope, edge: Edge, parentId: string, request: PageRequest): Promise<Page> {
    // A list of which only the count is requested costs something, too.
    this.rowsAsked += Math.max(1, request.limit);
    if (this.rowsAsked > this.rowsMax) {
      throw limitExceeded(
        'EDGE_ROWS_MAX',
        this.rowsMax,
        'the nested lists ask for too many rows, parents × limit: ask for fewer parents or a lower limit',
        'limit',
      );
    }
    const key = JSON.stringify([mapping.name, mapping.asOfFunction, scope.tenantId, scope.at, edge, request]);
    let loader = this.loaders.get(key);
    if (loader === undefined) {
      loader = new DataLoader<string, Page>((ids) => this.reader.pages(mapping, scope, edge, ids, request), {
        // A read after a write in the same operation sees it.
        cache: false,
        maxBatchSize: parentsPerStatementMax,
        // Parents that were themselves read together may arrive one after the other.
        batchScheduleFn: (run) => setImmediate(run),
      });
      this.loaders.set(key, loader);
    }
    return loader.load(parentId);
  }
}
