/** What the server counted, between two looks at it. */

const isSame = (labels, wanted) => Object.entries(wanted).every(([name, value]) => String(labels[name]) === value);

/** Looks at samples: those of now, and how they changed since the look before. */
export class Look {
  /** `at` in ms; `before`: the look before this one. */
  constructor(samples, at, before) {
    this.samples = samples;
    this.byKey = new Map(samples.map((one) => [keyOf(one), one.value]));
    this.at = at;
    this.before = before;
  }

  has(name) {
    return this.samples.some((one) => one.name === name);
  }

  /** The sum of what has these labels; undefined: there is nothing of that name. */
  sum(name, labels = {}) {
    const found = this.all(name, labels);
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
  }

  max(name) {
    const found = this.all(name);
    return found.length === 0 ? undefined : Math.max(...found.map(({ value }) => value));
  }

  all(name, labels = {}) {
    return this.samples.filter((one) => one.name === name && isSame(one.labels, labels));
  }

  /** The values that a label has. */
  values(name, label) {
    return [...new Set(this.all(name).map(({ labels }) => String(labels[label])))].sort();
  }

  /** Whether both looks are at the same processes: counters of others may be less. */
  get isComparable() {
    return this.before !== undefined && this.counters().every((one) => one.value >= this.earlier(one));
  }

  /** What was counted since the look before; undefined: that is not known. */
  since(name, wanted = () => true) {
    if (!this.isComparable) return undefined;
    return this.all(name)
      .filter(({ labels }) => wanted(labels))
      .reduce((sum, one) => sum + one.value - this.earlier(one), 0);
  }

  perSecond(name, wanted) {
    const count = this.since(name, wanted);
    return count === undefined ? undefined : (count * 1_000) / (this.at - this.before.at);
  }

  /** How long most took, in seconds: this part of a histogram since the look before; undefined: none ended. */
  quantile(name, part, labels = {}) {
    if (!this.isComparable) return undefined;
    const counts = new Map();
    for (const one of this.all(`${name}_bucket`, labels)) {
      const bound = one.labels.le === '+Inf' ? Infinity : Number(one.labels.le);
      counts.set(bound, (counts.get(bound) ?? 0) + one.value - this.earlier(one));
    }
    const bounds = [...counts.keys()].sort((a, b) => a - b);
    const total = counts.get(Infinity) ?? 0;
    if (total === 0) return undefined;
    const bound = bounds.find((one) => counts.get(one) >= total * part);
    // Of what took longer than the last bound no more is known.
    return bound === Infinity ? (bounds.at(-2) ?? 0) : bound;
  }

  counters() {
    return this.samples.filter(({ name }) => /^tmf_.*_(total|count)$/.test(name));
  }

  earlier(one) {
    return this.before.byKey.get(keyOf(one)) ?? 0;
  }
}

const keyOf = ({ name, labels }) => JSON.stringify([name, Object.entries(labels).sort()]);
