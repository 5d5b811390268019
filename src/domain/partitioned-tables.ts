/** Tables that an operator may have partitioned by the time of their ids (docs/decisions/0066-partitions.md). */
export const tablesByTime: readonly string[] = ['Usage'];
