// @ts-check
/** Numbers that are the same for the same seed. */

/** mulberry32. @param {number} seed @returns {() => number} from 0, below 1 */
export function chanceOf(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A hash of a number that spreads neighbours evenly: the finish of murmur3. @param {number} value */
export function hashOf(value) {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A size of at least `least` whose share above x falls as x to the minus `exponent`. @param {() => number} chance @param {number} least @param {number} exponent */
export function pareto(chance, least, exponent) {
  return Math.floor(least * (1 - chance()) ** (-1 / exponent));
}

/** Normal, mean 0, deviation 1. @param {() => number} chance */
export function normal(chance) {
  return Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
}
