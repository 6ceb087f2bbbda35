// A picture as one index of a palette per pixel at four times the size, and back: vector/indexing and finish of the core.

import { between, chooseOf, lab, rgbOf, type Palette } from "./lab";
import { BICUBIC, fromBytes, LANCZOS, onGrid, raster, resized, toBytes, type Raster, type Values } from "./raster";
import { components, CLEAR, spread, withoutSpecks, type Index } from "./regions";

export const SCALE = 4;
export const SPECK = 5 * SCALE ** 2;
const [SMOOTHED, NEAR, MODE, REACH] = [2, 8, 5, 9];
const [EVEN, AGREED] = [9, 0.6];

export function indexPicture(picture: Raster, palette: Palette): Index {
  const { height, width } = picture;
  const [tall, wide] = [height * SCALE, width * SCALE];
  const inLab = lab(picture.data);
  const large = resized(toBytes(smoothed(picture, inLab)), [height, width], 3, [tall, wide], LANCZOS);
  const centres = lab(palette);
  const many = palette.length / 3;
  const known = new Map<number, number>();
  const off: number[][] = [];
  const which = new Int32Array(tall * wide);
  for (let i = 0; i < which.length; i++) {
    const code = (large[3 * i] << 16) | (large[3 * i + 1] << 8) | large[3 * i + 2];
    let kind = known.get(code);
    if (kind === undefined) {
      known.set(code, (kind = off.length));
      const here = lab(fromBytes([code >> 16, (code >> 8) & 255, code & 255]));
      off.push(Array.from({ length: many }, (_, k) => Math.fround((here[0] - centres[3 * k]) ** 2 + (here[1] - centres[3 * k + 1]) ** 2 + (here[2] - centres[3 * k + 2]) ** 2)));
    }
    which[i] = kind;
  }
  const first = off.map((row) => row.indexOf(Math.min(...row)));
  const mixed = between(inLab, height, width);
  const isMixed = (i: number): boolean => mixed[Math.floor(Math.floor(i / wide) / SCALE) * width + Math.floor((i % wide) / SCALE)] === 1;
  const size = { height: tall, width: wide };
  const owner = which.map((kind) => first[kind]);
  const flags = [0, 32].map((from) => (many > from ? spread(Uint32Array.from(owner, (k, i) => (isMixed(i) || k < from || k >= from + 32 ? 0 : 1 << (k - from))), size, REACH) : undefined));
  const index = owner.map((own, i) => {
    if (!isMixed(i)) return own;
    let [least, best] = [Infinity, own];
    off[which[i]].forEach((value, k) => {
      if ((flags[k >> 5]![i] >>> (k & 31)) & 1 && value < least) [least, best] = [value, k];
    });
    return best;
  });
  return modeFilter({ data: index, ...size }, MODE);
}

/** An alpha at the index picture's scale. */
export function enlarged(alpha: Values, { height, width }: { height: number; width: number }): Values {
  return fromBytes(resized(toBytes(alpha), [height, width], 1, [height * SCALE, width * SCALE], BICUBIC));
}

/** A bilateral filter: noise inside of a colour goes, an edge stays where it is. */
function smoothed({ data, height, width }: Raster, colours: Values): Values {
  const made = new Float32Array(data.length);
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) {
    let [total, r, g, b] = [0, 0, 0, 0];
    for (let down = -SMOOTHED; down <= SMOOTHED; down++) for (let right = -SMOOTHED; right <= SMOOTHED; right++) {
      const there = 3 * (Math.min(Math.max(y + down, 0), height - 1) * width + Math.min(Math.max(x + right, 0), width - 1));
      const apart = (colours[there] - colours[3 * i]) ** 2 + (colours[there + 1] - colours[3 * i + 1]) ** 2 + (colours[there + 2] - colours[3 * i + 2]) ** 2;
      const weight = Math.exp(-apart / (2 * NEAR ** 2) - (down * down + right * right) / (2 * 1.2 ** 2));
      total += weight;
      r += weight * data[there];
      g += weight * data[there + 1];
      b += weight * data[there + 2];
    }
    made[3 * i] = r / total;
    made[3 * i + 1] = g / total;
    made[3 * i + 2] = b / total;
  }
  return made;
}

/** The commonest index in the square around each pixel; on a tie the pixel's own, else the lowest. */
export function modeFilter(index: Index, side: number): Index {
  const { data, height, width } = index;
  const radius = side >> 1;
  const best = new Int32Array(data.length);
  const owner = data.slice();
  const tall = new Int32Array(data.length);
  for (const value of [...new Set(data)].sort((a, b) => a - b)) {
    for (let x = 0; x < width; x++) {
      const is = (y: number): number => Number(data[Math.min(Math.max(y, 0), height - 1) * width + x] === value);
      let sum = 0;
      for (let y = -radius; y <= radius; y++) sum += is(y);
      for (let y = 0; y < height; y++) {
        tall[y * width + x] = sum;
        sum += is(y + radius + 1) - is(y - radius);
      }
    }
    for (let y = 0; y < height; y++) {
      const at = (x: number): number => tall[y * width + Math.min(Math.max(x, 0), width - 1)];
      let sum = 0;
      for (let x = -radius; x <= radius; x++) sum += at(x);
      for (let x = 0; x < width; x++) {
        const i = y * width + x;
        const votes = 2 * sum + Number(data[i] === value);
        if (votes > best[i]) [best[i], owner[i]] = [votes, value];
        sum += at(x + radius + 1) - at(x - radius);
      }
    }
  }
  return { data: owner, height, width };
}

/** The mean of what the indices in each pixel stand for; what is `CLEAR` has the last. */
function means({ data, height, width }: Index, values: Values, channels: number): Raster {
  const made = raster(height / SCALE, width / SCALE, channels);
  const last = values.length / channels - 1;
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) {
    const to = channels * (Math.floor(y / SCALE) * made.width + Math.floor(x / SCALE));
    const from = channels * (data[i] === CLEAR ? last : data[i]);
    for (let c = 0; c < channels; c++) made.data[to + c] += values[from + c] / SCALE ** 2;
  }
  return made;
}

function pictureOf(index: Index, palette: Palette): Raster {
  const made = means(index, palette, 3);
  return { ...made, data: onGrid(made.data) };
}

/** An index picture at the size of its picture, with alpha; each part gains `slope` of L* down and across a whole side. */
export function painted(index: Index, palette: Palette, slope?: [number, number] | null): Raster {
  const values = new Float32Array((palette.length / 3 + 1) * 4);
  for (let k = 0; k < palette.length / 3; k++) values.set([...palette.subarray(3 * k, 3 * k + 3), 1], 4 * k);
  const made = means(index, values, 4);
  for (let i = 0; i < made.data.length; i += 4) for (let c = 0; c < 3; c++) made.data[i + c] = made.data[i + 3] > 0 ? made.data[i + c] / Math.max(made.data[i + 3], 1e-6) : 1;
  if (slope) {
    const risen = lab(made.data, 4);
    gained(index, slope).data.forEach((value, i) => (risen[3 * i] += value / Math.max(made.data[4 * i + 3], 1e-6)));
    const colours = rgbOf(risen);
    for (let i = 0; i < made.data.length; i++) if (i % 4 < 3) made.data[i] = made.data[(i | 3)] > 0 ? colours[3 * (i >> 2) + (i % 4)] : 1;
  }
  return { ...made, data: onGrid(made.data) };
}

/** L* that parts gain in each pixel, as much of it as is not `CLEAR`: nothing in the middle of a part. */
function gained(index: Index, [down, across]: [number, number]): Raster {
  const { height, width } = index;
  const { labels, kinds } = components(index);
  const of = kinds.map(() => [0, 0, 0]);
  labels.data.forEach((label, i) => [1, Math.floor(i / width), i % width].forEach((value, k) => (of[label][k] += value)));
  const made = raster(height / SCALE, width / SCALE, 1);
  labels.data.forEach((label, i) => {
    if (kinds[label] === CLEAR) return;
    const [area, rows, columns] = of[label];
    const [y, x] = [Math.floor(i / width), i % width];
    const gain = (down * (y - rows / area) + across * (x - columns / area)) / Math.max(height, width);
    made.data[Math.floor(y / SCALE) * made.width + Math.floor(x / SCALE)] += gain / SCALE ** 2;
  });
  return made;
}

/** The result in the palette's colours alone, each pixel by itself. */
export const inColours = (result: Raster, palette: Palette): Raster => pictureOf(withoutSpecks(indexPicture(result, palette), SCALE ** 2), palette);

/** The same by what most of each region of the content has. */
export function flatFinish(result: Raster, content: Raster, palette: Palette): Raster {
  const index = modeFilter(indexPicture(result, palette), EVEN);
  const own = components(withoutSpecks(indexPicture(content, chooseOf([content], null)), SPECK));
  const many = palette.length / 3;
  const votes = own.kinds.map(() => new Array<number>(many).fill(0));
  index.data.forEach((colour, i) => votes[own.labels.data[i]][colour]++);
  const agreed = votes.map((of) => {
    const most = Math.max(...of);
    return most >= AGREED * of.reduce((sum, vote) => sum + vote, 0) ? of.indexOf(most) : -1;
  });
  const even = { ...index, data: index.data.map((colour, i) => (agreed[own.labels.data[i]] >= 0 ? agreed[own.labels.data[i]] : colour)) };
  return pictureOf(withoutSpecks(even, SPECK), palette);
}
