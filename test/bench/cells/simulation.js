// @ts-check
/** One operator in cells: who belongs together, what they do in a day, and where it lands. Knows nothing of printing. */
import { chanceOf, hashOf, normal, pareto } from './chance.js';

/** What of a subscriber chooses the cell; or the party, but that large ones are spread over several. */
export const placements = /** @type {const} */ (['party', 'party, large ones by account', 'account', 'number']);
/** @typedef {typeof placements[number]} Placement */

/** Shares of subscribers: alone, in families, in businesses. */
const shares = { alone: 0.45, family: 0.35 };
const familyMax = 8;
/** Businesses: sizes from 2 on with so heavy a tail that the largest of 100 M has some hundred thousand numbers. */
const business = { least: 2, exponent: 1.25, max: 500_000 };
/** Subscribers on one account of a large party. */
const accountSize = 50;
/** A party is large from so many subscribers on: all of these are drawn, of the others a sample. */
const large = 1_000;
/** Transfers of a large party that stand for all of its own. */
const transfersOfLarge = 100;
/** Large parties that are moved. */
const movedMax = 10;

/** What a subscriber does in a day, in balance actions; usage spreads over people as a lognormal does. */
const perDay = { topup: 0.08, transfer: 0.02, usage: 12 };
const usageDeviation = 1.2;
/** Cost of an action beside that of a usage. */
const cost = { topup: 1, transfer: 2, usage: 1 };
/** Transfers that stay within the party, where it has others, and those to friends near by in numbers; the others go anywhere. */
const transfersWithin = { family: 0.7, business: 0.8 };

/**
 * @typedef {object} Setting
 * @property {number} subscribers
 * @property {number} sample of those in small parties; each stands for several
 * @property {number} seed
 * @property {number[]} counts of cells
 */

/**
 * @typedef {object} Result
 * @property {Placement} placement
 * @property {number} cells
 * @property {{ largest: number, p99: number, sum: number }} balance load of cells, over the mean
 * @property {{ largest: number }} spread the largest load when the ten largest parties have moved, each to the emptiest cell
 * @property {number} across share of all actions that touch two cells
 * @property {number} transfersAcross the same of transfers
 */

/** @param {Setting} setting */
export function simulate({ subscribers, sample, seed, counts }) {
  const population = draw(subscribers, sample, seed);
  const { entities, weight } = population;
  const day = dayOf(population, seed);
  const results = placements.flatMap((placement) =>
    counts.map((cells) => {
      const places = new Int32Array(entities);
      const load = new Float64Array(cells);
      for (let one = 0; one < entities; one++) {
        places[one] = cellOf(population, one, placement, cells);
        add(load, places[one], day.own[one], isSpread(population, one, placement));
      }
      let [across, all] = [0, 0];
      day.transfers(({ from, to, count, isWithin }) => {
        const parts = [from, to].map((one) => isSpread(population, one, placement));
        add(load, places[from], (count * cost.transfer) / 2, parts[0]);
        add(load, places[to], (count * cost.transfer) / 2, parts[1]);
        all += count;
        // Numbers of an account lie anywhere.
        if (parts[0] || parts[1]) across += count * (1 - 1 / cells);
        else if (places[from] !== places[to] && !(isWithin && from === to)) across += count;
      });
      /** @type {Result} */
      const result = {
        ...{ placement, cells },
        balance: balanceOf(load),
        spread: balanceOf(placement === 'party' ? afterMoving(population, day.own, places, load) : load),
        across: across / (day.actions + all),
        transfersAcross: across / all,
      };
      return result;
    }),
  );
  let transfers = 0;
  day.transfers(({ count }) => void (transfers += count));
  const largest = population.large.map(({ size }) => size);
  return {
    subscribers: weight * sample + largest.reduce((sum, size) => sum + size, 0),
    parties: population.smallParties * weight + largest.length,
    large: largest.length,
    largest: largest[0] ?? 0,
    actions: day.actions + transfers,
    /** What all cells bear together. */
    work: day.actions + transfers * cost.transfer,
    results,
  };
}

/** @param {Float64Array} load @param {number | undefined} cell @param {number | undefined} work @param {boolean | undefined} isEverywhere */
function add(load, cell = 0, work = 0, isEverywhere = false) {
  if (isEverywhere) for (let one = 0; one < load.length; one++) load[one] = (load[one] ?? 0) + work / load.length;
  else load[cell] = (load[cell] ?? 0) + work;
}

/** Whether what is drawn as one account lies on all cells, number by number. @param {Population} population @param {number} one @param {Placement} placement */
function isSpread({ smalls }, one, placement) {
  return placement === 'number' && one >= smalls;
}

/** @param {Population} population @param {number} one @param {Placement} placement @param {number} cells */
function cellOf({ party, account, smalls }, one, placement, cells) {
  const isByAccount = placement === 'account' || (placement !== 'party' && one >= smalls);
  const by = placement === 'number' ? one : isByAccount ? Number(account[one]) + 0x40000000 : Number(party[one]);
  // The upper bits choose, so that of 64 cells four each are one of 16.
  return Math.floor((hashOf(by) / 4_294_967_296) * cells);
}

/** @typedef {ReturnType<typeof draw>} Population */

/**
 * Subscribers of small parties, one by one, and behind them the accounts of large ones.
 * @param {number} subscribers @param {number} sample @param {number} seed
 */
function draw(subscribers, sample, seed) {
  const chance = chanceOf(seed);
  const [parties, businesses, sizes] = drawSmall(chance, sample);
  // Of businesses in the sample those that are too large were left out; all of the operator are drawn here.
  const isLarge = (business.least / large) ** business.exponent;
  const ofLarge = Math.round(((businesses * subscribers) / sample) * isLarge);
  const largeSizes = Array.from({ length: ofLarge }, () =>
    Math.min(pareto(chance, large, business.exponent), business.max),
  );
  largeSizes.sort((one, other) => other - one);
  const inLarge = largeSizes.reduce((sum, size) => sum + size, 0);
  const entities = sample + largeSizes.reduce((sum, size) => sum + Math.ceil(size / accountSize), 0);
  const [party, account, first, size] = Array.from({ length: 4 }, () => new Int32Array(entities));
  const [members, kind] = [new Uint8Array(entities), new Uint8Array(entities)];
  let [one, number] = [0, 0];
  const put = (
    /** @type {number} */ count,
    /** @type {number} */ which,
    /** @type {(member: number) => number} */ membersOf,
  ) => {
    for (let member = 0; member < count; member++) {
      party?.fill(number, one + member, one + member + 1);
      // A family has one account, a small business as well.
      account?.fill(which === 3 ? one + member : number, one + member, one + member + 1);
      first?.fill(one, one + member, one + member + 1);
      size?.fill(count, one + member, one + member + 1);
      members[one + member] = membersOf(member);
      kind[one + member] = which;
    }
    one += count;
    number += 1;
  };
  for (const [index, count] of sizes.entries()) put(count, parties[index] ?? 0, () => 1);
  const largeOnes = largeSizes.map((of) => {
    const accounts = Math.ceil(of / accountSize);
    const begin = one;
    put(accounts, 3, (member) => Math.min(accountSize, of - member * accountSize));
    return { size: of, first: begin, accounts };
  });
  return {
    ...{ party: need(party), account: need(account), first: need(first), size: need(size), members, kind },
    ...{ entities, smalls: sample, smallParties: sizes.length, large: largeOnes },
    /** For how many subscribers one of the sample stands. */
    weight: (subscribers - inLarge) / sample,
    /** The share of all that is in large parties. */
    inLarge: inLarge / subscribers,
  };
}

/** @param {Int32Array | undefined} numbers */
function need(numbers) {
  if (numbers === undefined) throw new Error('there are four');
  return numbers;
}

/** Kinds and sizes of small parties, and how many businesses there were, large ones among them. @param {() => number} chance @param {number} sample @returns {[number[], number, number[]]} */
function drawSmall(chance, sample) {
  /** @type {number[]} */
  const kinds = [];
  /** @type {number[]} */
  const sizes = [];
  let businesses = 0;
  // Shares of subscribers over the mean sizes are shares of parties.
  const weights = [shares.alone, shares.family / 3.5, (1 - shares.alone - shares.family) / 8];
  const all = weights.reduce((sum, one) => sum + one, 0);
  for (let left = sample; left > 0;) {
    const dice = chance() * all;
    const which = dice < Number(weights[0]) ? 0 : dice < Number(weights[0]) + Number(weights[1]) ? 1 : 2;
    let count = 1;
    if (which === 1) count = 2 + Math.floor(chance() * (familyMax / 2));
    if (which === 2) {
      businesses += 1;
      count = pareto(chance, business.least, business.exponent);
      if (count >= large) continue;
    }
    kinds.push(which);
    sizes.push(Math.min(count, left));
    left -= count;
  }
  return [kinds, businesses, sizes];
}

/** @typedef {{ from: number, to: number, count: number, isWithin: boolean }} Transfers of one kind, as many as `count` */

/** What all do in a day. @param {Population} population @param {number} seed */
function dayOf(population, seed) {
  const { kind, first, size, members, entities, smalls, weight, inLarge } = population;
  const chance = chanceOf(seed ^ 0x5bd1e995);
  const own = new Float32Array(entities);
  const mean = Math.exp(usageDeviation ** 2 / 2);
  let actions = 0;
  for (let one = 0; one < entities; one++) {
    let usages = 0;
    for (let member = 0; member < Number(members[one]); member++)
      usages += (perDay.usage * Math.exp(usageDeviation * normal(chance))) / mean + perDay.topup;
    own[one] = usages * (one < smalls ? weight : 1);
    actions += Number(own[one]);
  }
  const anybody = () =>
    chance() < inLarge ? smalls + Math.floor(chance() * (entities - smalls)) : Math.floor(chance() * smalls);
  /** @type {Transfers[]} */
  const all = [];
  const give = (/** @type {number} */ from, /** @type {number} */ count) => {
    const within =
      [0, transfersWithin.family, transfersWithin.business, transfersWithin.business][Number(kind[from])] ?? 0;
    const isWithin = Number(size[from]) > 1 && chance() < within;
    const to = isWithin ? Number(first[from]) + Math.floor(chance() * Number(size[from])) : anybody();
    if (to !== from || from >= smalls) all.push({ from, to, count, isWithin });
  };
  for (let one = 0; one < smalls; one++) if (chance() < perDay.transfer) give(one, weight);
  for (const { first: begin, accounts, size: of } of population.large)
    for (let turn = 0; turn < transfersOfLarge; turn++)
      give(begin + Math.floor(chance() * accounts), (of * perDay.transfer) / transfersOfLarge);
  return { own, actions, transfers: (/** @type {(one: Transfers) => void} */ look) => all.forEach(look) };
}

/** @param {Float64Array} load */
function balanceOf(load) {
  const sum = load.reduce((all, one) => all + one, 0);
  const sorted = [...load].sort((one, other) => one - other);
  const mean = sum / load.length;
  const p99 = sorted[Math.max(0, Math.ceil(sorted.length * 0.99) - 1)] ?? 0;
  return { largest: (sorted.at(-1) ?? 0) / mean, p99: p99 / mean, sum };
}

/**
 * The loads when the largest parties have moved, the largest first, each to the cell that has least.
 * @param {Population} population @param {Float32Array} own @param {Int32Array} places @param {Float64Array} load
 */
function afterMoving({ large: parties }, own, places, load) {
  const moved = Float64Array.from(load);
  for (const { first, accounts } of parties.slice(0, movedMax)) {
    let work = 0;
    for (let one = first; one < first + accounts; one++) work += Number(own[one]);
    add(moved, places[first], -work);
    add(moved, moved.indexOf(Math.min(...moved)), work);
  }
  return moved;
}
