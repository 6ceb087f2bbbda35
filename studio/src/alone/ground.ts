// What a drawing is laid on while a model sees it, and how it comes off that ground again: vector/ground of the core.

import { deltaE, groundOf, lab } from "./lab";
import { BOX, borderOf, fromBytes, median, raster, resized, rint, toBytes, withAlpha, type Filter, type Raster, type Values } from "./raster";
import { components, maskOf, spreadMask, type Mask } from "./regions";

export type Colour = readonly number[];
export const WHITE: Colour = [1, 1, 1];
const [SEEN, SAME, FAINT, OFF_GROUND, PLAIN, FEWEST, PALER, OPAQUE, FULL, REACH, TIP, MIXED, BESIDE] = [12, 4, 0.4, 12 / 255, 0.6, 5, 0.6, 1 - 1.5 / 255, 0.98, 2, 6, 0.2, 4];
const BLED = 4;

/** A picture with alpha on a plain ground. */
export function laid({ data, height, width }: Raster, ground: Colour): Raster {
  const made = raster(height, width, 3);
  for (let i = 0; i < height * width; i++) for (let c = 0; c < 3; c++) made.data[3 * i + c] = data[4 * i + c] * data[4 * i + 3] + ground[c] * (1 - data[4 * i + 3]);
  return made;
}

/** Inverse of `laid`, where the alpha is known. */
export function unlaid({ data, height, width }: Raster, alpha: Values, ground: Colour): Raster {
  const made = raster(height, width, 4);
  for (let i = 0; i < height * width; i++) {
    for (let c = 0; c < 3; c++) made.data[4 * i + c] = alpha[i] > 0 ? Math.min(Math.max((data[3 * i + c] - (1 - alpha[i]) * ground[c]) / Math.max(alpha[i], 1e-6), 0), 1) : 0;
    made.data[4 * i + 3] = alpha[i];
  }
  return made;
}

/** Light for dark and dark for light, each in its own hue. */
export function turned(picture: Raster): Raster {
  const { channels } = picture;
  const made = { ...picture, data: picture.data.slice() };
  for (let i = 0; i < made.data.length; i += channels) {
    const [r, g, b] = made.data.subarray(i, i + 3);
    const move = 1 - Math.max(r, g, b) - Math.min(r, g, b);
    for (let c = 0; c < 3; c++) made.data[i + c] += move;
  }
  return made;
}

/** How far each pixel is from a colour, in delta E. */
function away(picture: Raster, ground: Colour): Float64Array {
  const [colours, plain] = [lab(picture.data, picture.channels), lab(ground)];
  return Float64Array.from({ length: colours.length / 3 }, (_, i) => deltaE(colours, i, plain, 0));
}

/** Whether nothing of a picture (RGBA) is clear, not even by a rounding or two. */
export const isOpaque = ({ data }: Raster): boolean => data.every((value, i) => i % 4 < 3 || value >= OPAQUE);

/** An opaque drawing off its plain ground. */
export function lifted(picture: Raster, ground: Colour): Raster {
  const { height, width } = picture;
  const off = away(picture, ground);
  const bare = maskOf(picture, (i) => off[i] < SAME);
  const edge = (i: number): boolean => i < width || i >= (height - 1) * width || i % width === 0 || i % width === width - 1;
  const clear = open(bare, maskOf(picture, (i) => !!bare.data[i] && edge(i)));
  const [near, share] = [spreadMask(clear, REACH), shares(picture, ground)];
  return unlaid(picture, Float32Array.from(clear.data, (is, i) => (is ? 0 : near.data[i] ? share[i] : 1)), ground);
}

/** The one colour around an opaque drawing; none where there is none, as in photographs. */
export function groundAround(picture: Raster): Colour | null {
  const ground = [...groundOf(picture)];
  const off = away(picture, ground);
  const border = borderOf(picture, true);
  return border.filter((place) => off[place] < SAME).length / border.length < PLAIN ? null : ground;
}

export function plainGround(picture: Raster): Colour {
  const ground = groundAround(picture);
  if (!ground) throw new Error("the picture is opaque and has no plain ground that could be changed: leave the ground as it is, or give a picture with transparency");
  return ground;
}

/** The result off its ground: where it keeps to the content's outline, that one's alpha is its own. */
export function cutOut(content: Raster, result: Raster, ground: Colour): Raster {
  const own = Float32Array.from({ length: content.height * content.width }, (_, i) => content.data[4 * i + 3]);
  const clear = maskOf(content, (i) => own[i] < 0.02);
  const off = away(result, ground);
  const drawn = [...off].filter((_, i) => !clear.data[i]);
  const strength = drawn.length ? median(drawn) : 0;
  const bare = maskOf(content, (i) => off[i] < (clear.data[i] ? Math.max(2 * SAME, FAINT * strength) : SAME));
  const seen = away(laid(content, ground), ground);
  const shown = maskOf(content, (i) => seen[i] >= SEEN);
  const left = open(maskOf(content, (i) => !!bare.data[i] && !!(shown.data[i] || clear.data[i])), clear);
  const full = summed(bare, (i) => 1 - bare.data[i]);
  const beyond = spreadMask(maskOf(content, (i) => !bare.data[i] && !!clear.data[i] && full[i] >= FEWEST), 1);
  const dense = spreadMask(maskOf(content, (i) => !!left.data[i] && own[i] >= 0.5), REACH);
  const bared = spreadMask(maskOf(content, (i) => !!left.data[i] && !clear.data[i] && !!dense.data[i]), 1);
  const [share, rim] = [shares(result, ground), spreadMask(clear, REACH)];
  const alpha = own.map((value, i) => {
    const changed = bared.data[i] || (beyond.data[i] && value < 0.98) || (rim.data[i] && shown.data[i] && !clear.data[i] && share[i] < value - PALER);
    return changed ? share[i] : clear.data[i] ? 0 : value;
  });
  return edged(unlaid(result, alpha, ground), ground);
}

/** A result in few colours without what has come to the ground's very colour and hangs together with clear parts. */
export function withoutGround(content: Raster, result: Raster, ground: Colour): Raster {
  const faint = maskOf(content, (i) => content.data[4 * i + 3] < 0.02);
  const clear = maskOf(content, (i) => !!faint.data[i] && result.data[4 * i + 3] < 0.5);
  const bare = maskOf(content, (i) => [0, 1, 2].every((c) => Math.abs(result.data[4 * i + c] - ground[c]) < OFF_GROUND));
  const seen = away(laid(content, ground), ground);
  const gone = open(maskOf(content, (i) => !!clear.data[i] || (!!bare.data[i] && (seen[i] >= SEEN || !!faint.data[i]))), clear);
  const made = { ...result, data: result.data.slice() };
  gone.data.forEach((is, i) => (is || (bare.data[i] && faint.data[i])) && (made.data[4 * i + 3] = 0));
  return made;
}

/** Edges in the colour of what they are the edge of, and tips in that of their shape. */
function edged(picture: Raster, ground: Colour): Raster {
  const { data, height, width } = picture;
  const made = data.slice();
  const full = maskOf(picture, (i) => data[4 * i + 3] >= FULL);
  const beside = summed(full, (i) => full.data[i]);
  let known = maskOf(picture, (i) => !!full.data[i] && beside[i] >= BESIDE);
  for (let step = 0; step < TIP; step++) {
    const number = summed(known, (i) => known.data[i]);
    const sums = [0, 1, 2].map((c) => summed(known, (i) => (known.data[i] ? made[4 * i + c] : 0)));
    const next = known.data.slice();
    const changed: [number, number[]][] = [];
    for (let i = 0; i < height * width; i++) {
      if (data[4 * i + 3] <= 0 || known.data[i] || !number[i]) continue;
      const mean = sums.map((sum) => sum[i] / number[i]);
      if (step >= REACH) {
        const [off, own] = [mean.map((value, c) => value - ground[c]), [0, 1, 2].map((c) => made[4 * i + c] - ground[c])];
        const paler = own.reduce((sum, value, c) => sum + value * off[c], 0) / Math.max(off.reduce((sum, value) => sum + value * value, 0), 1e-6);
        if (own.some((value, c) => Math.abs(value - paler * off[c]) >= MIXED)) continue;
      }
      next[i] = 1;
      changed.push([i, mean]);
    }
    for (const [i, mean] of changed) made.set(mean, 4 * i);
    known = { ...known, data: next };
  }
  return { ...picture, data: made };
}

/** Sums over the 3 x 3 pixels around each. */
function summed({ height, width }: Mask, value: (place: number) => number, made: Float32Array | Float64Array = new Float64Array(height * width)): Float32Array | Float64Array {
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) {
    const own = value(i);
    if (own) for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, height - 1); row++) for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, width - 1); column++) made[row * width + column] += own;
  }
  return made;
}

/** Those bare pixels that hang together with clear ones. */
function open(bare: Mask, clear: Mask): Mask {
  const { labels, kinds } = components(maskOf(bare, (i) => !!(bare.data[i] || clear.data[i])));
  const reached = kinds.map(() => false);
  clear.data.forEach((is, i) => is && (reached[labels.data[i]] = true));
  return maskOf(bare, (i) => !!bare.data[i] && reached[labels.data[i]] && kinds[labels.data[i]] === 1);
}

/** How far each pixel is from the ground towards the colour near it that is farthest from the ground, 0 to 1. */
function shares(picture: Raster, ground: Colour): Values {
  const { data, height, width, channels } = picture;
  const off = Float32Array.from({ length: 3 * height * width }, (_, i) => data[channels * Math.floor(i / 3) + (i % 3)] - ground[i % 3]);
  const length = (i: number): number => Math.fround(off[3 * i] ** 2 + off[3 * i + 1] ** 2 + off[3 * i + 2] ** 2);
  const made = new Float32Array(height * width);
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) {
    let [full, longest] = [i, length(i)];
    for (let down = -REACH; down <= REACH; down++) for (let right = -REACH; right <= REACH; right++) {
      const there = Math.min(Math.max(y + down, 0), height - 1) * width + Math.min(Math.max(x + right, 0), width - 1);
      const far = length(there);
      if (far > longest) [full, longest] = [there, far];
    }
    const along = off[3 * i] * off[3 * full] + off[3 * i + 1] * off[3 * full + 1] + off[3 * i + 2] * off[3 * full + 2];
    made[i] = Math.min(Math.max(along / Math.max(longest, 1e-6), 0), 1);
  }
  return made;
}

/** Colours of what is seen, run out over what is not; beyond, white. */
export function bled(flat: Raster, alpha: Values): Raster {
  const { height, width } = flat;
  const least = alpha.some((value) => value >= Math.fround(0.9)) ? Math.fround(0.9) : 0.5;
  let known = maskOf(flat, (i) => alpha[i] >= least);
  const made = raster(height, width, 3);
  made.data.forEach((_, i) => (made.data[i] = known.data[Math.floor(i / 3)] ? flat.data[i] : 1));
  for (let step = 0; step < BLED; step++) {
    const number = summed(known, (i) => known.data[i]);
    const sums = [0, 1, 2].map((c) => summed(known, (i) => (known.data[i] ? made.data[3 * i + c] : 0), new Float32Array(height * width)));
    const next = maskOf(flat, (i) => !!known.data[i] || number[i] > 0);
    next.data.forEach((is, i) => is && !known.data[i] && made.data.set(sums.map((sum) => sum[i] / number[i]), 3 * i));
    known = next;
  }
  return made;
}

/** White, unless more than half of a drawing (RGBA) would be lost in it: then black or grey, whichever loses less. */
export function groundFor(picture: Raster): Colour {
  const scale = 128 / Math.max(picture.height, picture.width);
  let small = picture;
  if (scale < 1) {
    small = sized(picture, [Math.max(1, rint(picture.height * scale)), Math.max(1, rint(picture.width * scale))], BOX);
  }
  if (lost(small, WHITE) <= 0.5) return WHITE;
  return lost(small, [0, 0, 0]) <= lost(small, [0.5, 0.5, 0.5]) ? [0, 0, 0] : [0.5, 0.5, 0.5];
}

/** At so many rows and columns, colours weighed by alpha. */
export function sized(picture: Raster, size: [number, number], filter: Filter, gap?: number): Raster {
  return raster(...size, 4, fromBytes(freed(resized(premultiplied(toBytes(picture.data)), [picture.height, picture.width], 4, size, filter, gap))));
}

/** Pillow's way to colours times alpha, and back. */
function premultiplied(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.map((value, i) => {
    if (i % 4 === 3) return value;
    const product = value * bytes[i - (i % 4) + 3] + 128;
    return ((product >> 8) + product) >> 8;
  });
}

function freed(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.map((value, i) => {
    const alpha = bytes[i - (i % 4) + 3];
    return i % 4 === 3 || alpha === 0 || alpha === 255 ? value : Math.min(255, Math.trunc((255 * value) / alpha));
  });
}

function lost({ data, height, width }: Raster, ground: Colour): number {
  const visible = Array.from({ length: height * width }, (_, i) => data[4 * i + 3] >= 0.5);
  const all = visible.filter(Boolean).length;
  if (!all) return 0;
  const alike = maskOf({ height: height + 2, width: width + 2 }, (place) => {
    const [y, x] = [Math.floor(place / (width + 2)) - 1, (place % (width + 2)) - 1];
    const i = y * width + x;
    return y < 0 || x < 0 || y >= height || x >= width || !visible[i] || [0, 1, 2].every((c) => Math.abs(data[4 * i + c] - ground[c]) < 20 / 255);
  });
  const { labels, kinds } = components(alike);
  const inside = (i: number): number => labels.data[(Math.floor(i / width) + 1) * (width + 2) + (i % width) + 1];
  const reached = kinds.map(() => false);
  reached[labels.data[0]] = true;
  visible.forEach((is, i) => is || (reached[inside(i)] = true));
  return visible.filter((is, i) => is && kinds[inside(i)] === 1 && reached[inside(i)]).length / all;
}

export const opaque = (picture: Raster): Raster => (picture.channels === 4 ? picture : withAlpha(picture, new Float32Array(picture.height * picture.width).fill(1)));
