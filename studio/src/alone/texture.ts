// Textures: how the small patches of latents or of pixels are distributed, and sliced transport towards such a table.

import type { Values } from "./raster";
import type { Planes } from "./tiles";

const PATCH = 3;
export const LEVELS = 16;
const MOST_GAIN = 3;
const SAMPLED = 4096;
const PLACES = Array.from({ length: LEVELS }, (_, level) => Math.sin((Math.PI / 2) * (level / (LEVELS - 1))) ** 2);
const SHARES = PLACES.map((place, level) => level === 0 ? (PLACES[1] - place) / 2 : level === LEVELS - 1 ? (place - PLACES[level - 1]) / 2 : (PLACES[level + 1] - PLACES[level - 1]) / 2);

/** Quantiles along each direction, row by row. */
export type Table = Values;
export const directions = (channels: number): number => 2 * channels * PATCH ** 2;

function cosines(count: number): number[][] {
  return Array.from({ length: count }, (_, wave) => {
    const row = Array.from({ length: count }, (__, place) => Math.cos((Math.PI * wave * (place + 0.5)) / count));
    const norm = Math.hypot(...row);
    return row.map((value) => value / norm);
  });
}

const kron = (a: number[][], b: number[][]): number[][] => a.flatMap((row) => b.map((other) => row.flatMap((value) => other.map((factor) => value * factor))));
const known = new Map<number, number[][][]>();

/** Two orthonormal bases; rows are directions in the space of patches. */
function bases(channels: number): number[][][] {
  let made = known.get(channels);
  if (!made) {
    const waves = kron(cosines(PATCH), cosines(PATCH));
    const eye = Array.from({ length: channels }, (_, row) => Array.from({ length: channels }, (__, column) => Number(row === column)));
    known.set(channels, (made = [eye, cosines(channels)].map((of) => kron(of, waves).map((row) => row.map(Math.fround)))));
  }
  return made;
}

/** For each place of a patch, by channel, down and across: the array's values there, `height * width` of each. */
function patches({ data, channels, height, width }: Planes): Values[] {
  const made: Values[] = [];
  for (let c = 0; c < channels; c++) for (let down = -1; down <= 1; down++) for (let across = -1; across <= 1; across++) {
    const values = new Float32Array(height * width);
    for (let y = 0, at = 0; y < height; y++) {
      const row = (c * height + Math.min(Math.max(y + down, 0), height - 1)) * width;
      for (let x = 0; x < width; x++) values[at++] = data[row + Math.min(Math.max(x + across, 0), width - 1)];
    }
    made.push(values);
  }
  return made;
}

function along(direction: number[], of: Values[]): Values {
  const made = new Float32Array(of[0].length);
  direction.forEach((factor, place) => {
    if (factor) for (let i = 0; i < made.length; i++) made[i] += factor * of[place][i];
  });
  return made;
}

function sampled(of: Values[]): Values[] {
  const count = of[0].length;
  if (count <= SAMPLED) return of;
  const chosen = Array.from({ length: SAMPLED }, (_, i) => Math.floor(count * ((((5 ** 0.5 - 1) / 2) * i) % 1)));
  return of.map((values) => Float32Array.from(chosen, (place) => values[place]));
}

function quantiles(values: Values): number[] {
  const ordered = values.slice().sort();
  const last = ordered.length - 1;
  return PLACES.map((place) => {
    const at = Math.fround(last * place);
    const below = Math.floor(at);
    const share = at - below;
    return ordered[below] * (1 - share) + ordered[Math.min(below + 1, last)] * share;
  });
}

export function textureOf(array: Planes): Table {
  const some = sampled(patches(array));
  return Float32Array.from(bases(array.channels).flatMap((basis) => basis.flatMap((direction) => quantiles(along(direction, some)))));
}

/** An array moved towards a texture: 0 leaves it, 1 goes all of the way once, 2.5 twice and half once more. */
export function towardsTexture(array: Planes, texture: Table, share: number): Planes {
  const half = texture.length / 2;
  for (let already = 0; already < Math.ceil(share); already++) {
    let moved = array;
    bases(array.channels).forEach((basis, place) => (moved = carried(moved, basis, texture.subarray(place * half, (place + 1) * half))));
    const part = Math.fround(Math.min(share - already, 1));
    array = { ...array, data: array.data.map((value, i) => value + part * (moved.data[i] - value)) };
  }
  return array;
}

/** Every patch carried along a basis; at each place the mean of what the patches that hold it say of it. */
function carried(array: Planes, basis: number[][], wanted: Values): Planes {
  const { channels, height, width } = array;
  const of = patches(array);
  const some = sampled(of);
  const parts = of.map((values) => new Float32Array(values.length));
  basis.forEach((direction, row) => {
    const here = quantiles(along(direction, some)).map(Math.fround);
    const values = interpolated(along(direction, of), here, reachable(here, wanted.subarray(row * LEVELS, (row + 1) * LEVELS)));
    direction.forEach((factor, place) => {
      if (factor) for (let i = 0; i < values.length; i++) parts[place][i] += factor * values[i];
    });
  });
  const total = new Float32Array(channels * height * width);
  for (let c = 0; c < channels; c++) for (let down = 0; down < PATCH; down++) for (let across = 0; across < PATCH; across++) {
    const values = parts[(c * PATCH + down) * PATCH + across];
    for (let y = 0; y < height; y++) {
      const row = y + down - 1;
      if (row < 0 || row >= height) continue;
      for (let x = Math.max(0, 1 - across); x < Math.min(width, width + 1 - across); x++) total[(c * height + row) * width + x + across - 1] += values[y * width + x];
    }
  }
  const holding = (length: number, at: number): number => Math.min(at + 1, length - 1) - Math.max(at - 1, 0) + 1;
  for (let i = 0; i < total.length; i++) total[i] /= holding(height, Math.floor(i / width) % height) * holding(width, i % width);
  return { ...array, data: total };
}

function reachable(here: number[], wanted: Values): number[] {
  const there = [0];
  for (let level = 1; level < LEVELS; level++) there.push(there[level - 1] + Math.min(wanted[level] - wanted[level - 1], MOST_GAIN * (here[level] - here[level - 1])));
  const mean = there.reduce((sum, value, level) => sum + (wanted[level] - value) * SHARES[level], 0);
  return there.map((value) => Math.fround(value + mean));
}

/** numpy.interp: what lies outside goes to the ends. */
export function interpolated(values: Values, from: readonly number[], to: readonly number[]): Values {
  const last = from.length - 1;
  return values.map((value) => {
    if (value <= from[0]) return to[0];
    if (value >= from[last]) return to[last];
    let [low, high] = [0, last];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (from[middle] <= value) low = middle;
      else high = middle;
    }
    return to[low] + ((to[high] - to[low]) / (from[high] - from[low])) * (value - from[low]);
  });
}
