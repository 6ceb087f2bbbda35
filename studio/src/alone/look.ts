// What references have in common: colours, how much of a drawing each has, lines of one width, slopes: vector/look of the core.

import { between, chooseOf, deltaE, groundOf, lab, nearest, type Palette } from "./lab";
import { quantile } from "./colour";
import { cornerRadius } from "./corners";
import { indexPicture, SCALE, SPECK } from "./indexing";
import { decimals, median, rint, type Raster, type Values } from "./raster";
import { any, boxOf, count, depth, inverse, maskOf, outside, placesOf, ridge, within, withoutSpecks, type Depth, type Index, type Mask, type Part } from "./regions";
import { tileOf, type Tile } from "./tile";

const [PLAIN, FEW, FLAT, HAIR, WIDEST, STEADY, SAME, LINE, MARK] = [10, 12, 0.85, 1.5 * SCALE, 0.12, 0.2, 0.85, 1.7, 0.18];
const [SOME, OFTEN, RARE, GRAIN] = [0.1, 0.35, 0.15, SCALE / 2];
const [CROSSED, CORNER, MINOR, RIM, ALONE, STEP, STEEPEST, RISEN, SHADED] = [0.2, 0.45, 0.015, 0.5, 0.1, 4, 3, 0.6, 0.5];
const [MIXED, PEN, STRAYING, MOSTLY, FINE] = [0.08, 1.8, 0.5, 0.9, 0.4];
const [BARE, SMOOTH, DIFFERENT, LEAST_SLOPE, MOST_SLOPE, FAINT] = [0.62, 0.55, 3, 4, 60, 20];
export const UNLIKE = 25;

/** A style of plain parts; shares of the ground are what is left free, a slope is the L* that parts gain down and across; corner a radius; tile what all drawings lie on, in the ground's colour. */
export interface FlatLook { palette: Palette; fills: number[]; lines: number[]; width: number; strokes?: boolean; unlined?: boolean; revision?: number; slope?: [number, number] | null; corner?: number | null; tile?: Tile | null }

export const percentile = (values: readonly number[], share: number): number => quantile(Float64Array.from(values).sort(), share);

/** The look of references of one size, in at most so many colours; none where they are no flat art, or slope where they may. */
export function lookOf(references: readonly Raster[], colours: number | null, sloped: boolean): FlatLook | null {
  const { tile, pictures } = tileOf(references);
  const chosen = chooseOf(pictures, colours);
  const flat = isFlatArt(pictures, colours === null ? chosen : chooseOf(pictures, null)) && !(sloped && isShaded(pictures));
  if (flat) return { ...plainLook(pictures, chosen), tile };
  if (!sloped || !isSmooth(pictures)) return null;
  const look = plainLook(pictures, chosen);
  return different(look) >= DIFFERENT ? { ...look, slope: slopeOf(pictures), tile } : null;
}

function plainLook(pictures: readonly Raster[], chosen: Palette): FlatLook {
  const many = chosen.length / 3;
  const drawn = pictures.map((picture) => withoutSpecks(indexed(picture, chosen), SPECK));
  const side = Math.max(drawn[0].height, drawn[0].width);
  const shown = drawn.map((index) => inverse(outside(index)));
  const ruled = ruledOf(chosen);
  const width = steadiest(drawn.flatMap((index, i) => rimWidths(index, shown[i], side, ruled)), WIDEST * side);
  const total = [0, 1, 2, 3].map(() => new Array<number>(many).fill(0));
  const shares = drawn.map((index, i) => counted(index, shown[i], width, many));
  for (const own of shares) own.forEach((row, kind) => row.forEach((value, k) => (total[kind][k] += value)));
  const [areas, lines, ofLines, rim] = total;
  for (let k = 0; k < many; k++) if (!ruled.includes(k)) [areas[k], lines[k]] = [areas[k] + lines[k], 0];
  const sum = (values: number[]): number => values.reduce((all, value) => all + value, 0);
  const sumOf = (values: number[]): number => sum(ruled.map((k) => values[k]));
  const corner = cornerRadius(shown);
  if (!width || sumOf(ofLines) < (RIM + ALONE / drawn.length) * sumOf(rim)) return { ...told(chosen, areas.map((area, k) => area + lines[k]), areas.map(() => 0), 0), corner };
  const often = filledOf(shares.map(([own]) => own));
  for (let k = 1; k < many; k++) if (lines[k] >= MINOR * sum(lines) && often[k] < OFTEN) [areas[0], areas[k]] = [areas[0] + areas[k], 0];
  return { ...told(chosen, areas, lines, width / side), corner };
}

/** The colours that have outlines in a style of such: all but shadows, which a drawing casts beyond its own. */
function ruledOf(palette: Palette): number[] {
  const [colours, drawn] = [lab(palette), Array.from({ length: palette.length / 3 - 1 }, (_, k) => k + 1)];
  const seen = drawn.filter((k) => deltaE(colours, k, colours, 0) >= FAINT);
  return seen.length ? seen : drawn;
}

/** A picture's index without the colours that it only mixes of others, such as edges and hairlines come to. */
function indexed(picture: Raster, palette: Palette): Index {
  const [colours, centres, many] = [lab(picture.data), lab(palette), palette.length / 3];
  const owners = nearest(colours, centres);
  const near = owners.map((owner, i) => Number(deltaE(colours, i, centres, owner) <= PLAIN));
  const own = Array.from({ length: many }, (_, k) => !k);
  const { width } = picture;
  for (let i = width; i < owners.length; i++) {
    if (i % width && [i, i - 1, i - width, i - width - 1].every((place) => near[place] && owners[place] === owners[i])) own[owners[i]] = true;
  }
  const sure = [...own.keys()].filter((k) => own[k]);
  const mixes = (k: number, a: number, b: number): boolean => {
    const span = [0, 1, 2].map((axis) => palette[3 * b + axis] - palette[3 * a + axis]);
    const from = [0, 1, 2].map((axis) => palette[3 * k + axis] - palette[3 * a + axis]);
    const share = from.reduce((sum, value, axis) => sum + value * span[axis], 0) / Math.max(span.reduce((sum, value) => sum + value ** 2, 0), 1e-9);
    return share > 0 && share < 1 && Math.hypot(...from.map((value, axis) => value - share * span[axis])) <= MIXED;
  };
  const kept = [...own.keys()].filter((k) => own[k] || !sure.some((a) => sure.some((b) => mixes(k, a, b))));
  const index = indexPicture(picture, Float32Array.from(kept.flatMap((k) => [...palette.subarray(3 * k, 3 * k + 3)])));
  return { ...index, data: index.data.map((k) => kept[k]) };
}

/** How many of the drawings' colours, the commonest first, differ from all before: slopes of one colour do not. */
function different({ palette, fills, lines }: FlatLook): number {
  const colours = lab(palette);
  const kept: number[] = [];
  const common = [...fills.keys()].slice(1).sort((a, b) => fills[b] + lines[b] - fills[a] - lines[a]);
  for (const colour of common) if (kept.every((other) => deltaE(colours, other, colours, colour) >= UNLIKE)) kept.push(colour);
  return kept.length;
}

/** Share of the drawings that each colour fills some of, lines apart. */
function filledOf(areas: number[][]): number[] {
  const whole = areas.map((own) => own.reduce((sum, value) => sum + value, 0));
  return areas[0].map((_, k) => areas.filter((own, i) => own[k] > SOME * whole[i] && whole[i] > SOME).length / areas.length);
}

function* each(index: Index): Generator<[Part, Mask]> {
  const most = index.data.reduce((all, value) => Math.max(all, value), 0);
  for (let colour = 1; colour <= most; colour++) {
    const area = maskOf(index, (place) => index.data[place] === colour);
    const here = boxOf(area, 1);
    if (here) yield [here, within(here, index.width, (place) => area.data[place] === 1)];
  }
}

function rimWidths(index: Index, shown: Mask, side: number, colours: readonly number[]): number[] {
  const most = rint(WIDEST * side);
  const inside = depth(shown, most);
  const widths: number[] = [];
  for (const [here, area] of each({ ...index, data: index.data.map((colour) => (colours.includes(colour) ? colour : 0)) })) {
    const deep = depth(area, most);
    const middle = ridge(deep);
    for (const [i, place] of placesOf(here, index.width)) {
      const far = deep.data[i];
      if (middle.data[i] && far > SCALE / 2 && far < most && Math.abs(inside.data[place] - far) <= SCALE / 2) widths.push(2 * far - 1);
    }
  }
  return widths;
}

function steadiest(widths: number[], most: number): number {
  if (widths.length < 8) return 0;
  let [best, alike] = [0, -1];
  for (let tried = HAIR; tried < most; tried++) {
    const share = widths.filter((width) => Math.abs(width - tried) <= Math.max(STEADY * tried, GRAIN)).length / widths.length;
    if (share > alike) [best, alike] = [tried, share];
  }
  if (alike >= SAME) return median(widths.filter((width) => Math.abs(width - best) <= Math.max(STEADY * best, GRAIN)));
  const middle = median(widths); // a pen's lines stray by more, but, unlike areas, are nowhere much wider
  const pen = percentile(widths, 0.97) <= PEN * middle && widths.filter((width) => Math.abs(width - middle) <= STRAYING * middle).length >= MOSTLY * widths.length;
  return pen && middle <= FINE * most ? middle : 0;
}

/** Shares of a drawing that each colour has in areas and in lines; shares of its rim, of lines and of all. */
function counted(index: Index, shown: Mask, width: number, many: number): number[][] {
  const side = Math.max(index.height, index.width);
  const inner = shown.data.slice();
  const rim = depth(shown, SCALE);
  const [thin, strict] = [new Uint8Array(inner.length), new Uint8Array(inner.length)];
  for (const [here, area] of each(index)) {
    const deep = depth(area, rint(WIDEST * side));
    const middle = ridge(deep);
    const widths = [...deep.data].filter((far, i) => middle.data[i] && far > SCALE / 2).map((far) => 2 * far - 1);
    if (!widths.length || median(widths) < HAIR) {
      for (const [i, place] of placesOf(here, index.width)) if (area.data[i]) inner[place] = 0;
    } else if (width) {
      const wide = opened(area, deep, LINE * width);
      let narrow = maskOf(area, (i) => !!area.data[i] && !wide.data[i]);
      for (const [i, place] of placesOf(here, index.width)) if (narrow.data[i]) strict[place] = 1;
      if (count(narrow) > count(area) / 2) {
        const marks = opened(area, deep, Math.max(LINE * width, MARK * side));
        narrow = maskOf(area, (i) => !!area.data[i] && !marks.data[i]);
      }
      for (const [i, place] of placesOf(here, index.width)) if (narrow.data[i]) thin[place] = 1;
    }
  }
  const whole = Math.max(inner.reduce((sum, value) => sum + value, 0), 1);
  const shares = (is: (place: number) => boolean): number[] => {
    const sums = new Array<number>(many).fill(0);
    index.data.forEach((colour, place) => is(place) && (sums[colour] += 1 / whole));
    return sums;
  };
  const edge = (place: number): boolean => !!shown.data[place] && rim.data[place] < SCALE;
  const [areas, lines] = [shares((place) => !!inner[place] && !thin[place]), shares((place) => !!inner[place] && !!thin[place])];
  const moved = areas.map((area, k) => (area < CROSSED * (area + lines[k]) ? area : 0) - (lines[k] < CROSSED * (area + lines[k]) ? lines[k] : 0));
  return [areas.map((area, k) => area - moved[k]), lines.map((line, k) => line + moved[k]), shares((place) => edge(place) && !!strict[place]), shares(edge)];
}

/** Where a mask is wider than that, its corners too. */
export function opened(mask: Mask, deep: Depth, width: number): Mask {
  const core = maskOf(mask, (place) => deep.data[place] > width / 2);
  if (!any(core)) return core;
  const reach = ((1 + CORNER) * width) / 2;
  const far = depth(inverse(core), rint(reach) + 2);
  return maskOf(mask, (place) => !!mask.data[place] && far.data[place] <= reach);
}

/** Whether nearly all that is drawn has one of the colours that were chosen from it, and these are few. */
export function isFlatArt(pictures: readonly Raster[], palette: Palette): boolean {
  if (pictures.length === 1 && palette.length / 3 > FEW) return false;
  const centres = lab(palette);
  const plain = pictures.map((picture) => {
    const colours = lab(picture.data);
    const owners = nearest(colours, centres);
    const mixed = between(colours, picture.height, picture.width);
    let [inner, near] = [0, 0];
    owners.forEach((owner, i) => {
      if (mixed[i] || !owner) return;
      inner++;
      near += Number(deltaE(colours, i, centres, owner) <= PLAIN);
    });
    return inner ? near / inner : 1;
  });
  return plain.reduce((sum, share) => sum + share, 0) / plain.length >= FLAT;
}

/** Whether most of what is drawn slopes from one colour to the next, as what is rendered does. */
function isShaded(pictures: readonly Raster[]): boolean {
  let [slopes, insides] = [0, 0];
  for (const picture of pictures) eachRise(picture, (_, colours, from, to) => {
    insides++;
    slopes += Number(deltaE(colours, to, colours, from) > RISEN);
  });
  return slopes > SHADED * insides;
}

/** Each step, down (0) and across (1), along which a picture is smooth. */
function eachRise(picture: Raster, told: (axis: number, colours: Values, from: number, to: number) => void): void {
  const { height, width } = picture;
  const { colours, drawn } = drawnOf(picture);
  const mixed = between(colours, height, width);
  const plain = mixed.map((edge, i) => Number(!!drawn[i] && !edge));
  [[height, width], [width, 1]].forEach(([length, stride], axis) => {
    for (let i = 0; i < plain.length; i++) {
      const at = axis ? i % width : Math.floor(i / width);
      if (at + STEP >= length || !plain[i + STEP * stride]) continue; // it ends inside, and every step towards it is small
      let smooth = true;
      for (let k = 0; k < STEP && smooth; k++) smooth = !!plain[i + k * stride] && deltaE(colours, i + (k + 1) * stride, colours, i + k * stride) < STEEPEST;
      if (smooth) told(axis, colours, i, i + STEP * stride);
    }
  });
}

/** A picture in Lab, and what of it is not its ground. */
function drawnOf(picture: Raster): { colours: Values; drawn: Uint8Array } {
  const [colours, ground] = [lab(picture.data), lab(groundOf(picture))];
  return { colours, drawn: Uint8Array.from({ length: colours.length / 3 }, (_, i) => Number(deltaE(colours, i, ground, 0) > PLAIN)) };
}

/** As steep as lightness slopes on average, the way that most of it goes; none where nobody would see it. */
function slopeOf(pictures: readonly Raster[]): [number, number] | null {
  const [way, of] = [[0, 0], { steep: 0, many: 0 }];
  for (const picture of pictures) eachRise(picture, (axis, colours, from, to) => {
    const rise = ((colours[3 * to] - colours[3 * from]) * picture.height) / STEP;
    way[axis] += rise;
    of.steep += Math.abs(rise);
    of.many++;
  });
  const steep = Math.min(of.steep / (Math.max(of.many, 1) / 2), MOST_SLOPE);
  const far = Math.hypot(...way);
  return steep < LEAST_SLOPE || !far ? null : [decimals((steep * way[0]) / far, 1), decimals((steep * way[1]) / far, 1)];
}

/** Whether they are icons: on bare ground, and without a grain that plain parts could not stand for. */
function isSmooth(pictures: readonly Raster[]): boolean {
  let [bare, smooth, insides] = [0, 0, 0];
  for (const picture of pictures) {
    const { height, width } = picture;
    const { colours, drawn } = drawnOf(picture);
    const border = [...drawn.keys()].filter((i) => i < width || i >= (height - 1) * width).map((i) => drawn[i]);
    for (let y = 0; y < height; y++) border.push(drawn[y * width], drawn[(y + 1) * width - 1]);
    bare += 1 - border.reduce((sum, value) => sum + value, 0) / border.length;
    for (const stride of [width, 1]) for (let i = 0; i + stride < drawn.length; i++) {
      if (!drawn[i] || !drawn[i + stride] || (stride === 1 && i % width === width - 1)) continue;
      insides++;
      smooth += Number(deltaE(colours, i + stride, colours, i) < STEEPEST);
    }
  }
  return bare >= BARE * pictures.length && smooth >= SMOOTH * insides;
}

function told(palette: Palette, areas: number[], lines: number[], width: number): FlatLook {
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
  const least = MINOR * (sum(areas) + sum(lines));
  const used = areas.map((_, k) => k).filter((k) => !k || areas[k] >= least || lines[k] >= least);
  let fills = used.map((k) => (areas[k] >= least ? areas[k] : 0));
  const kept = used.map((k) => (lines[k] >= least ? lines[k] : 0));
  if (sum(fills) < 0.02 * Math.max(sum(fills) + sum(kept), 1e-9)) fills = fills.map((_, k) => Number(!k));
  const drawn = kept.map((value) => (value >= RARE * Math.max(...kept) ? value : 0));
  return {
    palette: Float32Array.from(used.flatMap((k) => [...palette.subarray(3 * k, 3 * k + 3)])), width: decimals(width, 4),
    fills: fills.map((value) => decimals(value / sum(fills), 3)), lines: drawn.map((value) => decimals(value / Math.max(sum(drawn), 1e-9), 3)),
  };
}
