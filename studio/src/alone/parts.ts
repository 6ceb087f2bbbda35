// A drawing in the parts that one colour goes to: vector/parts of the core.

import { enlarged, indexPicture, SPECK } from "./indexing";
import { chooseOf, deltaE, lab } from "./lab";
import { rint, type Raster, type Values } from "./raster";
import { areasOf, around, borders, components, count, depth, grownBox, inverse, maskOf, outside, placesOf, within, withoutSpecks, type Index, type Mask, type Part } from "./regions";

const [MOST_PARTS, BUSY, DEEP, LARGE, OPENING, PIECE, MOST_PIECES] = [60, 0.1, 1.6, 0.1, 0.02, 0.12, 4];
const NECKS = [0.03, 0.05, 0.07];
/** Share of a drawing; a part with less belongs to what is around it. */
export const SMALLEST = 0.003;

type Border = [number, number, number];
export interface Parts { labels: Index; colours: number[]; areas: number[]; free: boolean[]; hollow: boolean[]; borders: Border[]; boxes: Part[] }

function parts(labels: Index, colours: number[], free: boolean[], hollow: boolean[]): Parts {
  const boxes = free.map((): Part => ({ top: labels.height, bottom: 0, left: labels.width, right: 0 }));
  labels.data.forEach((label, place) => {
    const [y, x] = [Math.floor(place / labels.width), place % labels.width];
    const box = boxes[label];
    [box.top, box.bottom, box.left, box.right] = [Math.min(box.top, y), y + 1, Math.min(box.left, x), Math.max(box.right, x + 1)];
  });
  return { labels, colours, areas: areasOf(labels, free.length), free, hollow, borders: borders(labels), boxes };
}

let last: { content: Raster; alpha: Values | null; found: Parts | null } | undefined;
const same = (one: Values | null, other: Values | null): boolean => one?.length === other?.length && (!one || one.every((value, i) => value === other![i]));

/** The parts of a drawing; none where it falls into too many, or is not there. Those of the last one are kept. */
export function partsOf(content: Raster, alpha: Values | null): Parts | null {
  const known = last && last.content.width === content.width && same(last.content.data, content.data) && same(last.alpha, alpha);
  if (!known) last = { content, alpha, found: found(content, alpha) };
  return last!.found;
}

function found(content: Raster, alpha: Values | null): Parts | null {
  const chosen = chooseOf([content], null);
  let index = indexPicture(content, chosen);
  let colours = [...lab(chosen)];
  let busy = 0;
  for (let i = index.width; i < index.data.length; i++) busy += Number(index.data[i] !== index.data[i - index.width]);
  if (busy / (index.data.length - index.width) > BUSY) return null;
  if (alpha) {
    const seen = enlarged(alpha, content);
    index = { ...index, data: index.data.map((colour, i) => (seen[i] < 0.5 ? 0 : colour + 1)) };
    colours = [...lab([1, 1, 1]), ...colours];
  }
  const drawn = index.data.length - count(outside(index));
  const { labels, kinds } = components(withoutSpecks(index, Math.max(SPECK, rint(SMALLEST * drawn))));
  const free = around({ labels, kinds });
  if (kinds.length > MOST_PARTS || free.every(Boolean) || !free.some(Boolean)) return null;
  return parts(labels, kinds.flatMap((kind) => colours.slice(3 * kind, 3 * kind + 3)), free, kinds.map((kind, label) => kind === 0 && !free[label]));
}

/** Neighbours nearer than so many delta E as one, the nearest first. */
export function joined(of: Parts, apart: number): Parts {
  const owner = of.areas.map((_, label) => label);
  const [colours, areas] = [[...of.colours], [...of.areas]];
  const ground = of.free.map((is, label) => is || of.hollow[label]);
  let pairs = of.borders.filter(([a, b]) => !ground[a] && !ground[b]).map(([a, b]): [number, number] => [a, b]);
  while (pairs.length) {
    const away = ([a, b]: [number, number]): number => deltaE(colours, a, colours, b);
    const [label, other] = pairs.reduce((best, pair) => (away(pair) - away(best) || pair[0] - best[0] || pair[1] - best[1]) < 0 ? pair : best);
    if (away([label, other]) >= apart) break;
    const share = areas[label] / (areas[label] + areas[other]);
    for (let c = 0; c < 3; c++) colours[3 * label + c] = Math.fround(share * colours[3 * label + c] + (1 - share) * colours[3 * other + c]);
    areas[label] += areas[other];
    owner.forEach((one, place) => one === other && (owner[place] = label));
    const ends = pairs.map(([a, b]): [number, number] => [a === other ? label : a, b === other ? label : b]).filter(([a, b]) => a !== b);
    pairs = [...new Map(ends.map(([a, b]) => [Math.min(a, b) * 4096 + Math.max(a, b), [Math.min(a, b), Math.max(a, b)] as [number, number]])).values()];
  }
  const names = [...new Set(owner)].sort((a, b) => a - b);
  const place = owner.map((one) => names.indexOf(one));
  return parts({ ...of.labels, data: of.labels.data.map((label) => place[label]) }, names.flatMap((name) => colours.slice(3 * name, 3 * name + 3)), names.map((name) => of.free[name]), names.map((name) => of.hollow[name]));
}

/** Large parts in two to four where they are narrow; a drawing that encloses ground is left whole. */
export function cut(of: Parts, whole: boolean): Parts {
  const { width, height } = of.labels;
  const labels = of.labels.data.slice();
  const origin = of.areas.map((_, label) => label);
  const drawn = of.areas.reduce((sum, area, label) => sum + (of.free[label] ? 0 : area), 0);
  if (of.areas.some((area, label) => of.hollow[label] && area > OPENING * drawn)) return of;
  of.areas.forEach((area, label) => {
    if (of.free[label] || of.hollow[label] || area <= LARGE * drawn) return;
    const here = grownBox(of.boxes[label], 1, of.labels);
    const mask = within(here, width, (place) => labels[place] === label);
    const cores = coresOf(mask, Math.max(height, width));
    if (!cores.length || (whole && enclosed(mask) > OPENING * drawn)) return;
    const far = cores.map((core) => depth(inverse(core), Math.max(height, width)).data);
    const first = origin.length;
    for (const [i, place] of placesOf(here, width)) {
      if (!mask.data[i]) continue;
      const away = far.map((core) => core[i]);
      const near = away.indexOf(Math.min(...away));
      if (near) labels[place] = first + near - 1;
    }
    for (let number = 1; number < cores.length; number++) origin.push(label);
  });
  return divided(of, labels, origin);
}

/** How much of what is none of a mask it lies around. */
function enclosed({ data, height, width }: Mask): number {
  const apart = maskOf({ height: height + 2, width: width + 2 }, (place) => {
    const [y, x] = [Math.floor(place / (width + 2)) - 1, (place % (width + 2)) - 1];
    return y >= 0 && x >= 0 && y < height && x < width && !!data[y * width + x];
  });
  const beyond = outside(apart);
  return count(maskOf(apart, (place) => !apart.data[place] && !beyond.data[place]));
}

/** The same drawing in other parts: of which of those before each is like. */
export function divided(of: Parts, data: Int32Array<ArrayBuffer>, origin: readonly number[]): Parts {
  return parts({ ...of.labels, data }, origin.flatMap((label) => of.colours.slice(3 * label, 3 * label + 3)), origin.map((label) => of.free[label]), origin.map((label) => of.hollow[label]));
}

function coresOf(mask: Mask, side: number): Mask[] {
  const deep = depth(mask, rint(2 * NECKS[2] * side));
  for (const neck of NECKS) {
    const { labels, kinds } = components(maskOf(mask, (place) => deep.data[place] > neck * side));
    const sizes = areasOf(labels, kinds.length).map((area, label) => (kinds[label] === 1 ? area : 0));
    const least = PIECE * Math.max(sizes.reduce((sum, size) => sum + size, 0), 1);
    const cores = sizes.map((_, label) => label).filter((label) => sizes[label] > least);
    if (cores.length < 2 || cores.length > MOST_PIECES) continue;
    const deepest = cores.map(() => 0);
    labels.data.forEach((label, place) => {
      const core = cores.indexOf(label);
      if (core >= 0) deepest[core] = Math.max(deepest[core], deep.data[place]);
    });
    if (Math.min(...deepest) >= DEEP * neck * side) return cores.map((core) => maskOf(mask, (place) => labels.data[place] === core));
  }
  return [];
}
