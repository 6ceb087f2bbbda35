// Pictures as numbers: sizes and shapes, in the very arithmetic of the core, which is Pillow's in 8 bits.

/** Values row by row, the channels of a pixel side by side; RGB or RGBA in 0..1, or one channel. */
export type Values = Float32Array<ArrayBuffer>;
export interface Raster { data: Values; height: number; width: number; channels: number }
export interface Box { top: number; left: number; height: number; width: number }

export function raster(height: number, width: number, channels: number, data = new Float32Array(height * width * channels)): Raster {
  return { data, height, width, channels };
}

/** Half goes to even, as in Python and numpy. */
export function rint(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  return rest < 0.5 ? down : rest > 0.5 ? down + 1 : down + (down % 2 ? 1 : 0);
}

/** Rounded to so many decimals. */
export const decimals = (value: number, many: number): number => rint(value * 10 ** many) / 10 ** many;

export function toBytes(values: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) bytes[i] = rint(Math.fround(Math.min(Math.max(values[i], 0), 1) * 255));
  return bytes;
}

export function fromBytes(bytes: ArrayLike<number>): Values {
  const values = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) values[i] = bytes[i] / 255;
  return values;
}

export const onGrid = (values: Float32Array): Values => fromBytes(toBytes(values));

export function channelsOf(picture: Raster, first: number, count: number): Raster {
  const made = raster(picture.height, picture.width, count);
  for (let i = 0, n = picture.height * picture.width; i < n; i++) for (let c = 0; c < count; c++) made.data[i * count + c] = picture.data[i * picture.channels + first + c];
  return made;
}

export const rgb = (picture: Raster): Raster => (picture.channels === 3 ? picture : channelsOf(picture, 0, 3));
export const grey = (picture: Raster): Values => channelsOf(picture, 0, 1).data;

export function withAlpha(picture: Raster, alpha: ArrayLike<number>): Raster {
  const made = raster(picture.height, picture.width, 4);
  for (let i = 0, n = picture.height * picture.width; i < n; i++) {
    for (let c = 0; c < 3; c++) made.data[4 * i + c] = picture.data[picture.channels * i + c];
    made.data[4 * i + 3] = alpha[i];
  }
  return made;
}

export interface Filter { support: number; weight: (x: number) => number }
const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));
export const BICUBIC: Filter = {
  support: 2,
  weight: (x) => ((x = Math.abs(x)), x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0),
};
export const LANCZOS: Filter = { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) };
export const BOX: Filter = { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };
const BITS = 22;

function weights(from: number, to: number, filter: Filter, span: number): { first: number; kernel: Int32Array }[] {
  const scale = span / to;
  const wide = Math.max(scale, 1);
  const support = filter.support * wide;
  return Array.from({ length: to }, (_, at) => {
    const centre = (at + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const last = Math.min(from, Math.trunc(centre + support + 0.5));
    const shares = Array.from({ length: last - first }, (__, x) => filter.weight((x + first - centre + 0.5) * (1 / wide)));
    const total = shares.reduce((sum, share) => sum + share, 0);
    return { first, kernel: Int32Array.from(shares, (share) => Math.trunc((total ? share / total : share) * 2 ** BITS + (share < 0 ? -0.5 : 0.5))) };
  });
}

/** Pillow's resize of bytes, along rows first; by means of blocks before, where that leaves more than `gap` pixels for one. */
export function resized(bytes: Uint8Array<ArrayBuffer>, [tall, wide]: [number, number], channels: number, [rows, columns]: [number, number], filter: Filter, gap = Infinity): Uint8Array<ArrayBuffer> {
  const [down, right] = [tall / rows, wide / columns].map((times) => Math.trunc(times / gap) || 1);
  const [height, width] = [Math.ceil(tall / down), Math.ceil(wide / right)];
  const whole = down * right > 1 ? blocks(bytes, [tall, wide], channels, [down, right]) : bytes;
  const clip = (sum: number): number => Math.min(Math.max(sum >> BITS, 0), 255);
  let across = whole;
  if (columns !== width) {
    across = new Uint8Array(height * columns * channels);
    weights(width, columns, filter, Math.fround(wide / right)).forEach(({ first, kernel }, x) => {
      for (let y = 0; y < height; y++) for (let c = 0; c < channels; c++) {
        let sum = 1 << (BITS - 1);
        for (let k = 0, at = (y * width + first) * channels + c; k < kernel.length; k++, at += channels) sum += whole[at] * kernel[k];
        across[(y * columns + x) * channels + c] = clip(sum);
      }
    });
  }
  if (rows === height) return across;
  const made = new Uint8Array(rows * columns * channels);
  const line = columns * channels;
  weights(height, rows, filter, Math.fround(tall / down)).forEach(({ first, kernel }, y) => {
    for (let i = 0; i < line; i++) {
      let sum = 1 << (BITS - 1);
      for (let k = 0, at = first * line + i; k < kernel.length; k++, at += line) sum += across[at] * kernel[k];
      made[y * line + i] = clip(sum);
    }
  });
  return made;
}

/** The means of blocks of pixels, those at the ends smaller, in Pillow's whole numbers. */
function blocks(bytes: Uint8Array<ArrayBuffer>, [height, width]: [number, number], channels: number, [down, right]: [number, number]): Uint8Array<ArrayBuffer> {
  const [rows, columns] = [Math.ceil(height / down), Math.ceil(width / right)];
  return new Uint8Array(rows * columns * channels).map((_, i) => {
    const [top, left] = [Math.floor(i / channels / columns) * down, (Math.floor(i / channels) % columns) * right];
    const [bottom, end] = [Math.min(top + down, height), Math.min(left + right, width)];
    const many = (bottom - top) * (end - left);
    let sum = many >> 1;
    for (let y = top; y < bottom; y++) for (let x = left; x < end; x++) sum += bytes[(y * width + x) * channels + (i % channels)];
    return Math.floor((sum * Math.trunc(Math.fround(2 ** 24 / many))) / 2 ** 24);
  });
}

export function stretch(picture: Raster, height: number, width: number, filter = BICUBIC): Raster {
  const bytes = resized(toBytes(picture.data), [picture.height, picture.width], picture.channels, [height, width], filter);
  return raster(height, width, picture.channels, fromBytes(bytes));
}

/** The longer side at `size`, the shape kept; on the 8 bit grid. */
export function fit(picture: Raster, size: number): Raster {
  const scale = size / Math.max(picture.height, picture.width);
  return stretch(picture, Math.max(1, rint(picture.height * scale)), Math.max(1, rint(picture.width * scale)));
}

/** What lies at a place, or at the nearest one inside. */
export function padded(picture: Raster, top: number, left: number, height: number, width: number): Raster {
  const made = raster(height, width, picture.channels);
  for (let y = 0, at = 0; y < height; y++) {
    const row = Math.min(Math.max(y - top, 0), picture.height - 1) * picture.width;
    for (let x = 0; x < width; x++) {
      const from = (row + Math.min(Math.max(x - left, 0), picture.width - 1)) * picture.channels;
      for (let c = 0; c < picture.channels; c++) made.data[at++] = picture.data[from + c];
    }
  }
  return made;
}

export function padToMultiple(picture: Raster, multiple: number): [Raster, Box] {
  const up = (side: number): number => Math.ceil(side / multiple) * multiple;
  const { height, width } = picture;
  const [top, left] = [Math.floor((up(height) - height) / 2), Math.floor((up(width) - width) / 2)];
  return [padded(picture, top, left, up(height), up(width)), { top, left, height, width }];
}

export function crop(picture: Raster, { top, left, height, width }: Box): Raster {
  return padded(picture, -top, -left, height, width);
}

export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** The pixels of the border, row above, row below, left and right; corners once unless `twice`. */
export function borderOf(picture: Raster, twice: boolean): number[] {
  const { height, width } = picture;
  const places: number[] = [];
  for (let x = 0; x < width; x++) places.push(x);
  for (let x = 0; x < width; x++) places.push((height - 1) * width + x);
  for (const column of [0, width - 1]) for (let y = twice ? 0 : 1; y < (twice ? height : height - 1); y++) places.push(y * width + column);
  return places;
}

/** In the middle of a square of the border's median colour: what encoders see. */
export function square(picture: Raster, size: number): Raster {
  const fitted = fit(picture, size);
  const border = borderOf(fitted, false);
  const ground = [0, 1, 2].map((c) => median(border.map((place) => fitted.data[3 * place + c])));
  const made = raster(size, size, 3);
  for (let i = 0; i < size * size; i++) made.data.set(ground, 3 * i);
  const [top, left] = [Math.floor((size - fitted.height) / 2), Math.floor((size - fitted.width) / 2)];
  for (let y = 0; y < fitted.height; y++) made.data.set(fitted.data.subarray(3 * y * fitted.width, 3 * (y + 1) * fitted.width), 3 * ((y + top) * size + left));
  return made;
}

/** Interleaved channels one after another, and back. */
export function planes(picture: Raster): Values {
  const { data, channels } = picture;
  const count = picture.height * picture.width;
  const made = new Float32Array(data.length);
  for (let i = 0; i < count; i++) for (let c = 0; c < channels; c++) made[c * count + i] = data[i * channels + c];
  return made;
}

export function interleaved(data: Float32Array, height: number, width: number, channels: number): Raster {
  const made = raster(height, width, channels);
  const count = height * width;
  for (let i = 0; i < count; i++) for (let c = 0; c < channels; c++) made.data[i * channels + c] = data[c * count + i];
  return made;
}

export function showsNothing(picture: Raster): boolean {
  const { data, channels } = picture;
  for (let c = 0; c < 3; c++) {
    let [low, high] = [1, 0];
    for (let i = c; i < data.length; i += channels) [low, high] = [Math.min(low, data[i]), Math.max(high, data[i])];
    if (high - low >= 4 / 255) return false;
  }
  return true;
}
