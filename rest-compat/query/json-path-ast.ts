/** A JSONPath filter expression (TMF630 Part 6) as it was written, before names mean anything. */
export interface JsonPath {
  steps: readonly PathStep[];
  position: number;
}

export type PathStep =
  | { kind: 'child'; name: string; position: number }
  /** `[*]` */
  | { kind: 'all'; position: number }
  /** `[?(…)]` */
  | { kind: 'filter'; test: Test; position: number };

export type Comparison = '==' | '!=' | '>' | '>=' | '<' | '<=' | '=~';

export type Test =
  | { kind: 'and' | 'or'; tests: readonly Test[] }
  | { kind: 'not'; test: Test }
  | { kind: 'exists'; path: JsonPath }
  | { kind: 'compare'; path: JsonPath; comparison: Comparison; literal: Literal; position: number };

/** Numbers stay text, to stay exact. */
export interface Literal {
  kind: 'string' | 'number' | 'boolean' | 'null' | 'regex';
  text: string;
}
