import { LosslessNumber } from 'lossless-json';
import { DomainError } from '../../src/platform/errors.js';
import { DOCUMENT_DEPTH_MAX, DOCUMENT_NODES_MAX } from '../../src/platform/limits.js';

interface Size {
  /** Of the JSON text. */
  bytes: number;
  /** Values in it, each object and list among them. */
  nodes: number;
  depth: number;
}

/**
 * Keeps the document that a patch makes within the bounds of a body, whatever its operations do: a copy of a value into
 * itself doubles the document, and thirty of them would fill any memory. What is stored may stay, even where it is beyond.
 */
export class DocumentBounds {
  /** Sizes of objects and lists; these are never changed, only replaced, so each is looked at once. */
  private readonly known = new WeakMap<object, Size>();
  private readonly max: Size;

  constructor(current: unknown, bytesMax: number) {
    const { bytes, nodes, depth } = this.sizeOf(current);
    this.max = {
      bytes: Math.max(bytes, bytesMax),
      nodes: Math.max(nodes, DOCUMENT_NODES_MAX),
      depth: Math.max(depth, DOCUMENT_DEPTH_MAX),
    };
  }

  check(document: unknown): void {
    const { bytes, nodes, depth } = this.sizeOf(document);
    const { max } = this;
    if (bytes > max.bytes)
      throw new DomainError(
        'BODY_TOO_LARGE',
        `the patch would make the resource larger than ${max.bytes} bytes of JSON (BODY_MAX_BYTES)`,
      );
    if (nodes > max.nodes)
      throw new DomainError(
        'INVALID_BODY',
        `the patch would give the resource more than ${max.nodes} values (DOCUMENT_NODES_MAX)`,
      );
    if (depth > max.depth)
      throw new DomainError(
        'INVALID_BODY',
        `the patch would nest the resource deeper than ${max.depth} levels (DOCUMENT_DEPTH_MAX)`,
      );
  }

  private sizeOf(value: unknown): Size {
    if (typeof value !== 'object' || value === null || value instanceof LosslessNumber) {
      return { bytes: Buffer.byteLength(JSON.stringify(value) ?? ''), nodes: 1, depth: 0 };
    }
    let size = this.known.get(value);
    if (size === undefined) {
      size = this.sum(value);
      this.known.set(value, size);
    }
    return size;
  }

  private sum(value: object): Size {
    const total = { bytes: 2, nodes: 1, depth: 0 };
    const add = (part: unknown, nameBytes: number): void => {
      const { bytes, nodes, depth } = this.sizeOf(part);
      total.bytes += bytes + nameBytes + 1;
      total.nodes += nodes;
      total.depth = Math.max(total.depth, depth);
    };
    if (Array.isArray(value)) for (const part of value) add(part, 0);
    else for (const [name, part] of Object.entries(value)) add(part, Buffer.byteLength(name) + 3);
    return { ...total, depth: total.depth + 1 };
  }
}
