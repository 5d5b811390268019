import { describe, expect, test } from '@jest/globals';
import {
  beyondAll,
  endOfRecords,
  forAll,
  nowhere,
  positionText,
  readPosition,
  ReplayProgress,
  WrittenPositions,
} from '../../../src/platform/database/positions.js';

describe('positions', () => {
  test('are read and written as PostgreSQL does', () => {
    expect(readPosition('16/B374D848')).toBe(0x16_b374_d848n);
    expect(readPosition('0/0')).toBe(nowhere);
    expect(positionText(0x16_b374_d848n)).toBe('16/B374D848');
    expect(positionText(readPosition('a/1'))).toBe('A/1');
  });

  test.each([
    ['0/3000028', '0/3000000'],
    ['0/3002018', '0/3002000'],
    ['0/3002028', '0/3002028'],
    ['0/3000060', '0/3000060'],
  ])('where the next record begins at %s, the last ends at %s', (next, end) => {
    expect(positionText(endOfRecords(readPosition(next), 16n << 20n, 8_192n))).toBe(end);
  });

  test.each(['', '16', '16/', '16/B374D848F', '16/B374D84G', ' 1/1', '1/1, 2/2', '-1/1'])(
    'that are none, like %j, lie beyond all that a replica has',
    (text) => expect(readPosition(text)).toBe(beyondAll),
  );
});

describe('the lag of a replica', () => {
  test('is unknown before it has come to where the primary was seen', () => {
    const progress = new ReplayProgress();
    progress.replicaIsAt(100n);
    expect(progress.lag(0)).toBe(Infinity);
    progress.primaryWasAt(101n, 0);
    progress.replicaIsAt(100n);
    expect(progress.lag(50)).toBe(Infinity);
  });

  test('counts from the last instant until which it has everything', () => {
    const progress = new ReplayProgress();
    progress.primaryWasAt(10n, 1_000);
    progress.primaryWasAt(20n, 2_000);
    progress.primaryWasAt(30n, 3_000);
    progress.replicaIsAt(25n);
    expect(progress.lag(3_500)).toBe(1_500);
    progress.replicaIsAt(30n);
    expect(progress.lag(3_500)).toBe(500);
  });

  test('does not grow while nothing is written', () => {
    const progress = new ReplayProgress();
    progress.primaryWasAt(10n, 0);
    progress.replicaIsAt(10n);
    progress.primaryWasAt(10n, 60_000);
    progress.replicaIsAt(10n);
    expect(progress.lag(60_100)).toBe(100);
    // The same where the replica is late: of two looks at one position the later one counts.
    progress.primaryWasAt(20n, 61_000);
    progress.primaryWasAt(20n, 62_000);
    progress.replicaIsAt(20n);
    expect(progress.lag(62_000)).toBe(0);
  });

  test('is unknown again when the replica begins anew', () => {
    const progress = new ReplayProgress();
    progress.primaryWasAt(10n, 0);
    progress.replicaIsAt(10n);
    progress.replicaIsAt(5n);
    expect(progress.lag(1)).toBe(Infinity);
    progress.primaryWasAt(10n, 2);
    progress.replicaIsAt(10n);
    expect(progress.lag(3)).toBe(1);
  });

  test('is never told too small, however long the replica stands still', () => {
    const progress = new ReplayProgress();
    for (let at = 0; at < 5_000; at++) progress.primaryWasAt(BigInt(at), at);
    for (const position of [10n, 1_000n, 4_999n]) {
      progress.replicaIsAt(position);
      const lag = progress.lag(5_000);
      expect(lag).toBeGreaterThanOrEqual(5_000 - Number(position));
    }
    expect(progress.lag(5_000)).toBe(1);
  });
});

test('a replica may answer several who ask for the same from the latest of their positions on, or none of them', () => {
  expect([forAll([10n, 30n, 20n]), forAll([10n, undefined]), forAll([undefined, 10n])]).toEqual([
    30n,
    undefined,
    undefined,
  ]);
});

describe('positions of clients', () => {
  test('are the furthest that each has written', () => {
    const written = new WrittenPositions(60_000);
    written.note('one', 20n);
    written.note('one', 10n);
    written.note('other', 5n);
    expect([written.of('one'), written.of('other'), written.of('none')]).toEqual([20n, 5n, nowhere]);
  });

  test('hold for all when there are too many to remember each', () => {
    const written = new WrittenPositions(60_000, 2);
    written.note('one', 30n);
    written.note('two', 20n);
    written.note('three', 10n);
    expect([written.of('one'), written.of('two'), written.of('none')]).toEqual([30n, 30n, 30n]);
  });

  test('that are not known hold until one is that lies behind them', () => {
    const written = new WrittenPositions(60_000, 2);
    written.note('one', 10n);
    written.note('one', beyondAll);
    expect([written.of('one'), written.of('none')]).toEqual([beyondAll, nowhere]);
    written.note('one', 20n);
    expect(written.of('one')).toBe(20n);
    written.note('one', beyondAll);
    for (const other of ['two', 'three']) written.note(other, 25n);
    expect(written.of('none')).toBe(25n);
    written.note('two', beyondAll);
    for (const other of ['four', 'five']) written.note(other, beyondAll);
    expect(written.of('none')).toBe(beyondAll);
    written.note('six', 40n);
    expect([written.of('one'), written.of('none'), written.of('six')]).toEqual([40n, 40n, 40n]);
  });
});
