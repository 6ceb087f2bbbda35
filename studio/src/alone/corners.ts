// How round the corners of a style are, and a drawing with its own as round as that: vector/corners of the core.

import { decimals, rint } from "./raster";
import { any, areasOf, boxOf, components, depth, inverse, maskOf, placesOf, within, type Index, type Mask, type Part } from "./regions";

const [SEEN_AT, BLURS, BLUNT, LEAST, SOME, TIGHT, SHARPER, WIDE, STRAIGHT, SIDES] = [256, 12, 3.8, 2.8, 1, 0.055, 0.25, 0.2, 0.5, 0.3];
const RADII = [1, 0.6, 0.36];
const [REACH, TAPERED, SPECK, SHALLOW] = [2.3, 0.7, 4, 1.5];

const clamp = (place: number, length: number): number => Math.min(Math.max(place, 0), length - 1);

/** The radius of the corners of drawings, as a share of the side; none where they are sharp, or there are none. */
export function cornerRadius(shown: readonly Mask[]): number | null {
  const all = shown.flatMap(bendsOf).sort(([one], [other]) => one - other);
  const [bends, wide] = [true, false].map((tight) => all.filter(([radius]) => radius < TIGHT * SEEN_AT === tight));
  const angleOf = (of: [number, number][]): number => of.reduce((sum, [, angle]) => sum + angle, 0);
  const turned = angleOf(bends);
  if (turned < SOME) return angleOf(wide) > SOME ? TIGHT : null;
  let sum = 0;
  const [told] = bends.find(([, angle]) => (sum += angle) >= SHARPER * turned) ?? [0];
  const radius = Math.sqrt(Math.max(told ** 2 - BLUNT ** 2, 0));
  return radius >= LEAST ? decimals(radius / SEEN_AT, 4) : null;
}

/** Radius in places, and the angle that is turned, wherever an outline bends outwards as corners do; larger ones between straight sides. */
function bendsOf({ data, height, width }: Mask): [number, number][] {
  const [step, spare] = [Math.max(rint(Math.max(height, width) / SEEN_AT), 1), BLURS + 1];
  const [tall, wide] = [Math.floor(height / step) + 2 * spare, Math.floor(width / step) + 2 * spare];
  let mask = new Float64Array(tall * wide);
  for (let y = 0, i = 0; y < tall; y++) for (let x = 0; x < wide; x++, i++) { // beyond its border the mask goes on as at the border
    const [top, left] = [clamp(y - spare, tall - 2 * spare) * step, clamp(x - spare, wide - 2 * spare) * step];
    for (let k = 0; k < step ** 2; k++) mask[i] += data[(top + Math.floor(k / step)) * width + left + (k % step)] / step ** 2;
  }
  for (let round = 0; round < BLURS; round++) for (const stride of [wide, 1]) {
    const blurred = new Float64Array(mask.length);
    for (let y = 1; y < tall - 1; y++) for (let x = 1, i = y * wide + 1; x < wide - 1; x++, i++) blurred[i] = (mask[i - stride] + 2 * mask[i] + mask[i + stride]) / 4;
    mask = blurred;
  }
  const bends: [number, number][] = [];
  let [sides, length] = [0, 0];
  for (let y = spare; y < tall - spare; y++) for (let x = spare, i = y * wide + spare; x < wide - spare; x++, i++) {
    if (mask[i] <= 0.25 || mask[i] >= 0.75) continue;
    const [across, down] = [(mask[i + 1] - mask[i - 1]) / 2, (mask[i + wide] - mask[i - wide]) / 2];
    const [xx, yy] = [mask[i + 1] - 2 * mask[i] + mask[i - 1], mask[i + wide] - 2 * mask[i] + mask[i - wide]];
    const xy = (mask[i + wide + 1] - mask[i + wide - 1] - mask[i - wide + 1] + mask[i - wide - 1]) / 4;
    const steep = Math.hypot(across, down);
    const bend = (2 * across * down * xy - xx * down ** 2 - yy * across ** 2) / steep ** 3;
    if (steep <= 0.01) continue;
    length += steep;
    sides += Math.abs(bend) < 1 / (STRAIGHT * SEEN_AT) ? steep : 0;
    if (bend > 1 / (WIDE * SEEN_AT)) bends.push([1 / bend, bend * steep]);
  }
  return sides > SIDES * length ? bends : bends.filter(([radius]) => radius < TIGHT * SEEN_AT);
}

/** Parts whose corners are at least that round, in index pixels: what a corner loses goes to what is around it. */
export function rounded(labels: Index, radius: number, which = (_: number): boolean => true): Index {
  return RADII.reduce((all, share) => roundedBy(all, share * radius, which), labels);
}

function roundedBy(labels: Index, radius: number, which: (label: number) => boolean): Index {
  const made = labels.data.slice();
  const many = labels.data.reduce((most, label) => Math.max(most, label), 0) + 1;
  areasOf(labels, many).forEach((area, label) => {
    if (area <= 3 * radius ** 2 || !which(label)) return; // a disc takes more
    const here = boxOf(maskOf(labels, (place) => labels.data[place] === label), 1)!;
    const own = within(here, labels.width, (place) => labels.data[place] === label);
    const { pieces, count } = cornersOf(own, radius);
    if (!count) return;
    const left = components(maskOf(own, (i) => !!own.data[i] && pieces[i] < 0));
    const [other, rest] = [beside(pieces, count, here, (i, place) => (own.data[i] ? -1 : labels.data[place]), labels.width), beside(pieces, count, here, (i) => (left.kinds[left.labels.data[i]] ? left.labels.data[i] : -1), labels.width)];
    for (const [i, place] of placesOf(here, labels.width)) {
      const [y, x] = [Math.floor(place / labels.width), place % labels.width];
      if (pieces[i] >= 0 && (!y || !x || y === labels.height - 1 || x === labels.width - 1)) other[pieces[i]] = -1;
    }
    for (const [i, place] of placesOf(here, labels.width)) if (pieces[i] >= 0 && other[pieces[i]] >= 0 && rest[pieces[i]] >= 0) made[place] = other[pieces[i]]; // else it is a neck
  });
  return { ...labels, data: made };
}

/** The one value from 0 up that lies beside each piece; below 0 where there are more, or none. */
function beside(pieces: Int32Array, count: number, here: Part, value: (i: number, place: number) => number, width: number): Int32Array {
  const found = new Int32Array(count).fill(-1);
  const wide = here.right - here.left;
  const values = Int32Array.from(placesOf(here, width), ([i, place]) => value(i, place));
  const meet = (i: number, k: number): void => {
    if (pieces[i] >= 0 && pieces[k] !== pieces[i] && values[k] >= 0) found[pieces[i]] = found[pieces[i]] === -1 || found[pieces[i]] === values[k] ? values[k] : -2;
  };
  for (let i = 0; i < pieces.length; i++) {
    if (i % wide) [meet(i, i - 1), meet(i - 1, i)];
    if (i >= wide) [meet(i, i - wide), meet(i - wide, i)];
  }
  return found;
}

/** Numbers of the pieces of a mask that lie in its corners, beyond every disc of that radius in it; -1 elsewhere. */
function cornersOf(mask: Mask, radius: number): { pieces: Int32Array; count: number } {
  const none = { pieces: new Int32Array(mask.data.length).fill(-1), count: 0 };
  const deep = depth(mask, Math.trunc(radius) + 2);
  const core = maskOf(mask, (place) => deep.data[place] > radius);
  const near = depth(inverse(core), Math.trunc(radius) + 3, maskOf(mask, (place) => !!mask.data[place] && !core.data[place]));
  const whole = maskOf(mask, (place) => !!mask.data[place] && Math.fround(near.data[place] - Math.fround(radius)) > 0.5);
  const most = Math.trunc((1 + REACH) * radius) + 3;
  const here = any(core) && boxOf(whole, most);
  if (!here) return none;
  const [left, inner] = [whole, core].map((one) => within(here, mask.width, (place) => one.data[place] === 1));
  const far = depth(inverse(inner), most, left);
  const beyond = (place: number): number => Math.fround(far.data[place] - Math.fround(radius));
  const { labels, kinds } = components(left);
  const sizes = areasOf(labels, kinds.length);
  const [base, reach] = [new Array<number>(kinds.length).fill(0), new Array<number>(kinds.length).fill(0)];
  labels.data.forEach((piece, place) => {
    if (!left.data[place]) return;
    base[piece] += Number(beyond(place) <= 1.5);
    reach[piece] = Math.max(reach[piece], beyond(place));
  });
  const corner = kinds.map((kind, piece) => kind === 1 && sizes[piece] >= SPECK && reach[piece] > SHALLOW && reach[piece] <= REACH * radius && sizes[piece] <= TAPERED * base[piece] * reach[piece]);
  for (const [i, place] of placesOf(here, mask.width)) if (corner[labels.data[i]]) none.pieces[place] = labels.data[i];
  return { ...none, count: kinds.length };
}
