// The colour step: moments matched (ARF's linear map), or the content's own hues kept: maths/colour of the core.

import { raster, type Raster } from "./raster";

export interface Moments { mean: number[]; covariance: number[][] }
type Matrix = number[][];

const LEAST_VARIANCE = 1 / (12 * 255 ** 2);
const MOST_GAIN = 10;
export const LUMA = [0.2126, 0.7152, 0.0722];

export function momentsOf({ data, channels }: Raster): Moments {
  const count = data.length / channels;
  const mean = [0, 0, 0];
  for (let i = 0; i < data.length; i += channels) for (let c = 0; c < 3; c++) mean[c] += data[i + c] / count;
  const covariance = mean.map(() => [0, 0, 0]);
  for (let i = 0; i < data.length; i += channels) for (let a = 0; a < 3; a++) for (let b = 0; b < 3; b++) covariance[a][b] += ((data[i + a] - mean[a]) * (data[i + b] - mean[b])) / count;
  return { mean, covariance };
}

const times = (a: Matrix, b: Matrix): Matrix => a.map((row) => b[0].map((_, column) => row.reduce((sum, value, k) => sum + value * b[k][column], 0)));
const turned = (a: Matrix): Matrix => a[0].map((_, column) => a.map((row) => row[column]));

/** Eigenvalues and vectors (columns) of a symmetric matrix, by Jacobi's rotations. */
function eigen(matrix: Matrix): [number[], Matrix] {
  let [a, vectors] = [matrix, [[1, 0, 0], [0, 1, 0], [0, 0, 1]]];
  for (let sweep = 0; sweep < 60; sweep++) for (const [p, q] of [[0, 1], [0, 2], [1, 2]]) {
    if (a[p][q] === 0) continue;
    const angle = 0.5 * Math.atan2(2 * a[p][q], a[q][q] - a[p][p]);
    const turn = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
    turn[p][p] = turn[q][q] = Math.cos(angle);
    turn[p][q] = Math.sin(angle);
    turn[q][p] = -turn[p][q];
    a = times(times(turned(turn), a), turn);
    vectors = times(vectors, turn);
  }
  return [[a[0][0], a[1][1], a[2][2]], vectors];
}

function power(matrix: Matrix, exponent: number, floor: number): Matrix {
  const [values, vectors] = eigen(matrix);
  return times(vectors.map((row) => row.map((value, k) => value * Math.max(values[k], floor) ** exponent)), turned(vectors));
}

function colourMap(content: Moments, style: Moments): Matrix {
  const map = times(power(style.covariance, 0.5, 0), power(content.covariance, -0.5, LEAST_VARIANCE));
  const [squares, vectors] = eigen(times(turned(map), map));
  const cut = squares.map((square) => (square > MOST_GAIN ** 2 ? MOST_GAIN / Math.sqrt(square) : 1));
  return times(map, times(vectors.map((row) => row.map((value, k) => value * cut[k])), turned(vectors)));
}

export function matchColours(picture: Raster, style: Moments, strength: number): Raster {
  const content = momentsOf(picture);
  const map = colourMap(content, style);
  const made = raster(picture.height, picture.width, 3);
  for (let i = 0; i < made.data.length; i += 3) for (let c = 0; c < 3; c++) {
    const own = picture.data[i + c];
    let matched = style.mean[c];
    for (let k = 0; k < 3; k++) matched += map[c][k] * (picture.data[i + k] - content.mean[k]);
    made.data[i + c] = Math.min(Math.max(own + strength * (matched - own), 0), 1);
  }
  return made;
}

const RANKS = 257;
const GREYS = 16;

/** The lightness of the picture, with the hue and chroma that the content has in the same place. */
export function keepColours(picture: Raster, content: Raster, strength: number): Raster {
  const lightness = (of: Raster): Float64Array => Float64Array.from({ length: of.height * of.width }, (_, i) => LUMA.reduce((sum, share, c) => sum + share * of.data[3 * i + c], 0));
  const [own, grey] = [lightness(picture), lightness(content)];
  const light = ranked(own, grey);
  const made = raster(picture.height, picture.width, 3);
  for (let i = 0; i < light.length; i++) {
    let room = 1;
    for (let c = 0; c < 3; c++) {
      const chroma = content.data[3 * i + c] - grey[i];
      room = Math.min(room, (chroma > 0 ? 1 - light[i] : light[i]) / Math.max(Math.abs(chroma), 0.5 / 255 / 255));
    }
    for (let c = 0; c < 3; c++) {
      const here = picture.data[3 * i + c];
      made.data[3 * i + c] = here + strength * (light[i] + room * (content.data[3 * i + c] - grey[i]) - here);
    }
  }
  return made;
}

/** numpy's quantile of sorted values. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const [low, high] = [sorted[below], sorted[Math.min(below + 1, sorted.length - 1)]];
  return low + (high - low) * (at - below);
}

function ranked(values: Float64Array, wanted: Float64Array): Float64Array {
  const [here, there] = [values, wanted].map((of) => {
    const sorted = of.slice().sort();
    return Array.from({ length: RANKS }, (_, rank) => quantile(sorted, rank / (RANKS - 1)));
  });
  const [levels, changes]: number[][] = [[], []];
  for (let first = 0; first < RANKS; ) {
    const grey = roundEven(GREYS * here[first]);
    let last = first;
    while (last + 1 < RANKS && roundEven(GREYS * here[last + 1]) === grey) last++;
    const level = grey / GREYS;
    levels.push(level);
    changes.push(Math.min(Math.max(level, there[first]), there[last]) - level);
    first = last + 1;
  }
  return values.map((value) => Math.min(Math.max(value + at(value, levels, changes), 0), 1));
}

function roundEven(value: number): number {
  const near = Math.round(value);
  return near - value === 0.5 && near % 2 ? near - 1 : near;
}

function at(value: number, from: number[], to: number[]): number {
  if (value <= from[0]) return to[0];
  const place = from.findIndex((level) => level > value);
  if (place < 0) return to[to.length - 1];
  return to[place - 1] + ((to[place] - to[place - 1]) / (from[place] - from[place - 1])) * (value - from[place - 1]);
}
