/** A number that operators watch, as it is now. */
export interface Figure {
  /** As Prometheus names it, without the prefix of the server: `hub_lag_seconds`. */
  readonly name: string;
  readonly help: string;
  /** counter: it only grows while the process lives. */
  readonly kind: 'gauge' | 'counter';
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Where figures come from. */
export interface FigureSource {
  /** Those of this process. */
  own?(): readonly Figure[];
  /** Those of the database, which all servers on it share. */
  shared?(): Promise<readonly Figure[]>;
}

/** One figure for each of several states or kinds. */
export function figuresBy(
  facts: Omit<Figure, 'labels' | 'value'>,
  label: string,
  values: Readonly<Record<string, number>>,
): Figure[] {
  return Object.entries(values).map(([name, value]) => ({ ...facts, labels: { [label]: name }, value }));
}
