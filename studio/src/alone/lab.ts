// CIE L*a*b* of sRGB colours, and a picture's few colours: maths/lab and vector/palette of the core.

import { borderOf, fromBytes, median, toBytes, type Raster, type Values } from "./raster";

const TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]];
const RATIO = TO_XYZ.map((row) => row.map((value) => Math.fround(value / row.reduce((sum, one) => sum + one, 0))));
const KNEE = (6 / 29) ** 3;

/** Lab of colours in 0..1, three numbers each. */
export function lab(colours: ArrayLike<number>, channels = 3): Values {
  const count = colours.length / channels;
  const made = new Float32Array(3 * count);
  const linear = (value: number): number => Math.fround(value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  for (let i = 0; i < count; i++) {
    const [r, g, b] = [linear(colours[channels * i]), linear(colours[channels * i + 1]), linear(colours[channels * i + 2])];
    const [x, y, z] = RATIO.map((row) => {
      const ratio = Math.fround(row[0] * r + row[1] * g + row[2] * b);
      return Math.fround(ratio > KNEE ? Math.cbrt(ratio) : (ratio * (29 / 6) ** 2) / 3 + 4 / 29);
    });
    made[3 * i] = 116 * y - 16;
    made[3 * i + 1] = 500 * (x - y);
    made[3 * i + 2] = 200 * (y - z);
  }
  return made;
}

const FROM_XYZ = inverse(RATIO);

/** Colours in 0..1 of Lab, three numbers each: what `lab` turns into them, the nearest ends beyond. */
export function rgbOf(colours: ArrayLike<number>): Values {
  const made = new Float32Array(colours.length);
  const ratio = (root: number): number => (root > 6 / 29 ? root ** 3 : (root - 4 / 29) * 3 * (6 / 29) ** 2);
  for (let i = 0; i < made.length; i += 3) {
    const y = (colours[i] + 16) / 116;
    const xyz = [y + colours[i + 1] / 500, y, y - colours[i + 2] / 200].map(ratio);
    FROM_XYZ.forEach((row, c) => {
      const linear = Math.min(Math.max(row[0] * xyz[0] + row[1] * xyz[1] + row[2] * xyz[2], 0), 1);
      made[i + c] = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
    });
  }
  return made;
}

function inverse([[a, b, c], [d, e, f], [g, h, i]]: number[][]): number[][] {
  const whole = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  return [[e * i - f * h, c * h - b * i, b * f - c * e], [f * g - d * i, a * i - c * g, c * d - a * f], [d * h - e * g, b * g - a * h, a * e - b * d]]
    .map((row) => row.map((value) => value / whole));
}

export function deltaE(a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number): number {
  return Math.hypot(a[3 * i] - b[3 * j], a[3 * i + 1] - b[3 * j + 1], a[3 * i + 2] - b[3 * j + 2]);
}

/** The index of the nearest centre, both in Lab; the first of equals. */
export function nearest(colours: ArrayLike<number>, centres: ArrayLike<number>): Int32Array {
  const owners = new Int32Array(colours.length / 3);
  const axes = Float32Array.from(centres);
  for (let i = 0; i < owners.length; i++) {
    let least = Infinity;
    for (let k = 0; k < axes.length / 3; k++) {
      const [x, y, z] = [colours[3 * i] - axes[3 * k], colours[3 * i + 1] - axes[3 * k + 1], colours[3 * i + 2] - axes[3 * k + 2]];
      const off = Math.fround(x * x + y * y + z * z);
      if (off < least) [least, owners[i]] = [off, k];
    }
  }
  return owners;
}

/** Colours in order, the ground first: RGB in 0..1, three numbers each. */
export type Palette = Values;

export const hexes = (palette: Palette): string[] => Array.from({ length: palette.length / 3 }, (_, i) => hexOf(palette.subarray(3 * i, 3 * i + 3)));
export const hexOf = (colour: ArrayLike<number>): string => `#${[...toBytes(Float32Array.from(colour))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
export const colourOf = (hex: string): Values => fromBytes([1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));

export function namedPalette(names: readonly string[]): Palette {
  const unique = [...new Set(names.map((name) => name.toLowerCase()))];
  return Float32Array.from(unique.flatMap((name) => [...colourOf(name)]));
}

const [MOST_CHOSEN, NEAR, KEPT, GAIN, ROUNDS, MIXED, STEEP] = [16, 7, 0.004, 0.03, 12, 0.02, 12];

/** One palette of several pictures, each with the same say; of at most `count` colours, or as many as are worth it. */
export function chooseOf(pictures: readonly Raster[], count: number | null): Palette {
  const sums = new Float64Array(4 << 15);
  for (const picture of pictures) histogram(picture).forEach((value, place) => (sums[place] += value));
  const used = Array.from({ length: 1 << 15 }, (_, bin) => bin).filter((bin) => sums[4 * bin + 3] > 0);
  const total = used.reduce((sum, bin) => sum + sums[4 * bin + 3], 0);
  const colours = Float32Array.from(used.flatMap((bin) => [0, 1, 2].map((c) => sums[4 * bin + c] / sums[4 * bin + 3])));
  const weights = used.map((bin) => sums[4 * bin + 3] / total);
  const grounds = pictures.map(groundOf);
  const alike = grounds.map((one) => grounds.filter((other) => one.every((value, c) => Math.abs(value - other[c]) < 6 / 255)).length);
  const ground = grounds[alike.indexOf(Math.max(...alike))];
  const inLab = lab(colours);
  const centres = grown(inLab, weights, lab(ground), count);
  const owners = nearest(inLab, centres);
  const many = centres.length / 3;
  const [shares, means] = [new Float64Array(many), new Float64Array(3 * many)];
  owners.forEach((owner, i) => {
    shares[owner] += weights[i];
    for (let c = 0; c < 3; c++) means[3 * owner + c] += weights[i] * colours[3 * i + c];
  });
  const order = [0, ...Array.from({ length: many - 1 }, (_, i) => i + 1).sort((a, b) => shares[b] - shares[a])];
  return fromBytes(toBytes(Float32Array.from(order.flatMap((k) => [0, 1, 2].map((c) => (k ? means[3 * k + c] / Math.max(shares[k], 1e-12) : ground[c]))))));
}

/** The commonest colour of the border, to 4 levels; nearly white is white, and nearly black is black. */
export function groundOf(picture: Raster): Values {
  const { data, channels } = picture;
  const border = borderOf(picture, true).map((place) => [...toBytes(data.subarray(channels * place, channels * place + 3))]);
  const kinds = new Map<number, number[][]>();
  for (const colour of border) {
    const kind = colour.reduce((code, byte) => code * 64 + (byte >> 2), 0);
    const alike = kinds.get(kind);
    if (alike) alike.push(colour);
    else kinds.set(kind, [colour]);
  }
  const [, members] = [...kinds].sort(([a, one], [b, other]) => other.length - one.length || a - b)[0];
  const commonest = fromBytes([0, 1, 2].map((c) => Math.floor(median(members.map((colour) => colour[c])))));
  for (const plain of [1, 0]) if (commonest.every((value) => Math.abs(value - plain) < 6 / 255)) return Float32Array.of(plain, plain, plain);
  return commonest;
}

/** Which pixels of a Lab picture only mix two of their neighbours. */
export function between(colours: Values, height: number, width: number): Uint8Array {
  const mixed = new Uint8Array(height * width);
  const at = (y: number, x: number): number => 3 * (Math.min(Math.max(y, 0), height - 1) * width + Math.min(Math.max(x, 0), width - 1));
  for (const reach of [1, 2]) for (const [down, right] of [[0, 1], [1, 0], [1, 1], [1, -1]]) for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) {
    if (mixed[i]) continue;
    const [before, after, here] = [at(y - down * reach, x - right * reach), at(y + down * reach, x + right * reach), 3 * i];
    const [p, q, r] = [colours[before] - colours[after], colours[before + 1] - colours[after + 1], colours[before + 2] - colours[after + 2]];
    const length = p * p + q * q + r * r;
    if (length <= STEEP ** 2) continue;
    const [a, b, c] = [colours[here] - colours[after], colours[here + 1] - colours[after + 1], colours[here + 2] - colours[after + 2]];
    const place = (a * p + b * q + c * r) / length;
    const off = (a - place * p) ** 2 + (b - place * q) ** 2 + (c - place * r) ** 2;
    mixed[i] = Number(place > 0.08 && place < 0.92 && off < 0.06 * length);
  }
  return mixed;
}

function histogram(picture: Raster): Float64Array {
  const { data, height, width } = picture;
  const mixed = between(lab(data), height, width);
  const bytes = toBytes(data);
  const sums = new Float64Array(4 << 15);
  let total = 0;
  mixed.forEach((edge, i) => {
    const weight = edge ? MIXED : 1;
    const bin = ((bytes[3 * i] >> 3) << 10) | ((bytes[3 * i + 1] >> 3) << 5) | (bytes[3 * i + 2] >> 3);
    for (let c = 0; c < 3; c++) sums[4 * bin + c] += weight * data[3 * i + c];
    sums[4 * bin + 3] += weight;
    total += weight;
  });
  return sums.map((value) => value / total);
}

/** Centres in Lab, the ground first and fixed: the costliest cluster is split until no further colour is worth it. */
function grown(colours: Values, weights: number[], ground: Values, count: number | null): number[] {
  let centres = [...ground];
  const square = (i: number, of: readonly number[], k: number): number => [0, 1, 2].reduce((sum, c) => sum + (colours[3 * i + c] - of[3 * k + c]) ** 2, 0);
  const cost = (of: readonly number[]): [Int32Array, number[]] => {
    const owners = nearest(colours, of);
    return [owners, weights.map((weight, i) => weight * square(i, of, owners[i]))];
  };
  while (centres.length / 3 < (count ?? MOST_CHOSEN)) {
    const [owners, off] = cost(centres);
    const errors = new Float64Array(centres.length / 3);
    owners.forEach((owner, i) => (errors[owner] += off[i]));
    const before = errors.reduce((sum, error) => sum + error, 0);
    if (before < 1e-9) break;
    const costliest = errors.indexOf(Math.max(...errors));
    const inside = off.map((value, i) => (owners[i] === costliest ? value : 0));
    const peak = inside.indexOf(inside.reduce((most, value) => Math.max(most, value), 0));
    const seed = [0, 0, 0];
    let share = 0;
    inside.forEach((value, i) => {
      const near = value && value * Math.exp(-[0, 1, 2].reduce((sum, c) => sum + (colours[3 * i + c] - colours[3 * peak + c]) ** 2, 0) / (2 * 15 ** 2));
      share += near;
      for (let c = 0; c < 3; c++) seed[c] += near * colours[3 * i + c];
    });
    const more = lloyd(colours, weights, [...centres, ...seed.map((value) => value / share)]);
    if (count === null && before - cost(more)[1].reduce((sum, value) => sum + value, 0) <= GAIN * before) break;
    centres = more;
  }
  return merged(colours, weights, centres, count);
}

function lloyd(colours: Values, weights: number[], centres: number[]): number[] {
  for (let round = 0; round < ROUNDS; round++) {
    const owners = nearest(colours, centres);
    const [shares, sums] = [new Float64Array(centres.length / 3), new Float64Array(centres.length)];
    owners.forEach((owner, i) => {
      shares[owner] += weights[i];
      for (let c = 0; c < 3; c++) sums[3 * owner + c] += weights[i] * colours[3 * i + c];
    });
    const before = centres;
    const moved = before.map((value, place) => (place < 3 || shares[Math.floor(place / 3)] <= 0 ? value : sums[place] / Math.max(shares[Math.floor(place / 3)], 1e-12)));
    if (moved.every((value, place) => Math.abs(value - before[place]) < 0.05)) break;
    centres = moved;
  }
  return centres;
}

/** Without, the smallest first, what hardly any pixel has, and, where no number is given, what is hardly another. */
function merged(colours: Values, weights: number[], centres: number[], count: number | null): number[] {
  while (centres.length > 3) {
    const many = centres.length / 3;
    const shares = new Float64Array(many);
    nearest(colours, centres).forEach((owner, i) => (shares[owner] += weights[i]));
    const near = (k: number): boolean => Array.from({ length: many }, (_, other) => other).some((other) => other !== k && deltaE(centres, k, centres, other) < NEAR);
    const spare = Array.from({ length: many }, (_, k) => k).filter((k) => k && (shares[k] < KEPT || (count === null && near(k))));
    if (!spare.length) break;
    const gone = spare.reduce((least, k) => (shares[k] < shares[least] ? k : least));
    centres = lloyd(colours, weights, centres.filter((_, place) => Math.floor(place / 3) !== gone));
  }
  return centres;
}
