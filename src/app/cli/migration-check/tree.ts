/** A node of the parsed SQL: as PostgreSQL's own parser has it, an object with one key that says what it is. */
export type Node = Readonly<Record<string, unknown>>;

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A child of that name. */
export function child(node: Node, name: string): Node {
  const value = node[name];
  return isNode(value) ? value : {};
}

export function children(node: Node, name: string): Node[] {
  const value = node[name];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

export function textOf(node: Node, name: string): string {
  const value = node[name];
  return typeof value === 'string' ? value : '';
}

/** Every node of this kind, however deep; `{ FuncCall: {…} }` gives what it has. */
export function find(value: unknown, kind: string): Node[] {
  if (Array.isArray(value)) return value.flatMap((one) => find(one, kind));
  if (!isNode(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(name === kind && isNode(inner) ? [inner] : []),
    ...find(inner, kind),
  ]);
}

/** The last of names such as `public.lower`. */
export function lastName(names: readonly Node[]): string {
  return textOf(child(names.at(-1) ?? {}, 'String'), 'sval');
}
