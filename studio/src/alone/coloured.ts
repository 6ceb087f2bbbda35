// A drawing coloured as a flat style colours its own: vector/coloured of the core.

import { rounded } from "./corners";
import { SCALE } from "./indexing";
import { deltaE, lab } from "./lab";
import { percentile, UNLIKE, type FlatLook } from "./look";
import { cut, divided, joined, partsOf, type Parts } from "./parts";
import { padded, rint, type Raster, type Values } from "./raster";
import { any, areasOf, CLEAR, components, depth, grownBox, inverse, maskOf, placesOf, within, type Index, type Mask, type Part } from "./regions";
import { BLOB, isStroke, rimAlong, runOut, unlined, widest, widthsOf } from "./strokes";

const [THIN, EDGE, APART, TELLS, SAYS, SHARED, TOLD, BY_LINES] = [1.5, 25, 40, 60, 0.5, 1, 1, 0.1];
const INNER = 0.5;
const NARROWER = [1, 0.8, 0.64, 0.51, 0.41];
const [LOST, SHOWN, MERGED, GUESSED, ROUNDS] = [0.2, 0.2, 0.3, 0.5, 20];

/** Colours of the look by index, `CLEAR` where the style leaves the ground free; none where the content is no flat drawing. */
export function coloured(result: Raster, content: Raster, look: FlatLook, alpha: Values | null): Index | null {
  const [bordered, clear] = withBorder(content, alpha, look);
  const reaches = bordered !== content;
  if (reaches) result = padded(result, 1, 1, bordered.height, bordered.width);
  let of = partsOf(bordered, clear);
  if (!of) return null;
  if (look.corner) {
    const { free, hollow, labels } = of;
    const [radius, ground] = [look.corner * Math.max(labels.height, labels.width), (label: number) => free[label] || hollow[label]];
    const drawn = rounded(labels, radius, (label) => !ground(label));
    of = divided(of, rounded(drawn, INNER * radius, ground).data, [...of.areas.keys()]);
  }
  const [colours, centres] = [lab(result.data), lab(look.palette)];
  const many = look.palette.length / 3;
  const says = new Float64Array((result.data.length / 3) * many);
  for (let i = 0; i < result.data.length / 3; i++) for (let k = 0; k < many; k++) says[i * many + k] = Math.min(deltaE(colours, i, centres, k) / TELLS, 1);
  const told = { says, many, width: result.width };
  let index: Int32Array<ArrayBuffer>;
  if (look.width === 0) {
    if (look.unlined) of = unlined(of);
    of = cut(look.fills.filter(Boolean).length > 1 ? of : joined(of, EDGE), !!look.revision);
    const { labels, free } = of;
    const fills = filled(of, maskOf(labels, (place) => !free[labels.data[place]]), told, look, false);
    index = labels.data.map((label) => fills[label]);
  } else {
    of = joined(of, EDGE);
    const { labels, free } = of;
    const { width, thin, line, left } = ruled(of, look.width * Math.max(labels.height, labels.width), look);
    const areas = maskOf(labels, (place) => !line.data[place] && !free[labels.data[place]] && !thin[labels.data[place]]);
    let fills = filled(of, areas, told, look, any(line));
    const drawn = seenOn(of, thin, fills, drawnLines(of, line, told, look), look.lines);
    if ((look.revision ?? 0) > 1) fills = withHoles(of, thin, fills, drawn);
    const run = runOut({ ...labels, data: labels.data.map((label) => fills[label]) }, left, line, Math.trunc(width));
    index = labels.data.map((label, place) => (line.data[place] ? drawn[label] : run[place]));
    if (look.corner) index = rounded({ ...labels, data: index }, Math.min(look.corner * Math.max(labels.height, labels.width), width / 2 - 1), (colour) => !!look.lines[colour]).data;
  }
  if (index.every((colour) => colour === 0)) return null;
  const made = { ...of.labels, data: index.map((colour) => (colour === 0 ? CLEAR : colour)) };
  return reaches ? inner(made, SCALE) : made;
}

/** A drawing that reaches the picture's border, where it ends in clear ground, with a pixel of that around it. */
export function withBorder(content: Raster, alpha: Values | null, { revision }: { revision?: number }): [Raster, Values | null] {
  const { height, width } = content;
  if (!revision || !alpha?.some((value, place) => value >= 0.5 && onRim(place, height, width))) return [content, alpha];
  const clear = new Float32Array((height + 2) * (width + 2));
  for (let y = 0; y < height; y++) clear.set(alpha.subarray(y * width, (y + 1) * width), (y + 1) * (width + 2) + 1);
  return [padded(content, 1, 1, height + 2, width + 2), clear];
}

const onRim = (place: number, height: number, width: number): boolean => place < width || place >= (height - 1) * width || place % width === 0 || (place + 1) % width === 0;

/** All but so many places along the border. */
function inner({ data, height, width }: Index, spare: number): Index {
  const made = { height: height - 2 * spare, width: width - 2 * spare, data: new Int32Array((height - 2 * spare) * (width - 2 * spare)) };
  for (let y = 0; y < made.height; y++) made.data.set(data.subarray((y + spare) * width + spare, (y + spare) * width + spare + made.width), y * made.width);
  return made;
}

interface Ruled { width: number; thin: boolean[]; line: Mask; left: Mask }

/** The lines' width, which parts are lines themselves, the lines, and what is left over of thin parts. */
function ruled(of: Parts, width: number, { strokes = false, revision }: FlatLook): Ruled {
  let best: [number, Ruled] | undefined;
  for (const share of NARROWER) {
    const thin = thinParts(of, share * width, strokes, !!revision);
    const [line, left] = lines(of, thin, share * width, strokes);
    const lost = lostBy(of, thin, line);
    const made = { width: share * width, thin, line, left };
    if (lost <= LOST) return made;
    if (!best || lost < best[0]) best = [lost, made];
  }
  return best![1];
}

function lostBy(of: Parts, thin: boolean[], line: Mask): number {
  const shown = of.areas.map(() => 0);
  of.labels.data.forEach((label, place) => line.data[place] || shown[label]++);
  const ink = of.areas.map((area, label) => thin[label] || shown[label] / Math.max(area, 1) < SHOWN);
  const gone = merged(of, ink);
  let [all, lost] = [0, 0];
  of.areas.forEach((area, label) => {
    const weight = of.free[label] ? 0 : Math.sqrt(area);
    all += weight;
    if (gone[label] > MERGED) lost += weight;
  });
  return lost / Math.max(all, 1e-9);
}

/** Share of the rim of each part that is ink, where what lies beside is ink as well. */
function merged(of: Parts, ink: boolean[]): number[] {
  return rimAlong(of, ink).map((share, part) => (ink[part] ? share : 0));
}

function thinParts(of: Parts, width: number, strokes: boolean, evenly: boolean): boolean[] {
  const { labels } = of;
  const most = Math.max(Math.trunc(THIN * width) + 2, strokes ? rint(BLOB * widest(of)) + 2 : 0);
  const deep = of.free.map((is, label) => is ? null : depth(within(grownBox(of.boxes[label], 1, labels), labels.width, (place) => labels.data[place] === label), most));
  const wide = deep.map((part) => (part ? percentile(widthsOf(part), 0.8) : 0));
  let even = deep.map((part, label) => !!part && strokes && !of.hollow[label] && isStroke(part, most, evenly));
  const beneath = merged(of, even);
  even = even.map((is, label) => is && beneath[label] <= MERGED);
  const thin = wide.map((value, label) => !of.free[label] && (value <= THIN * width || even[label]));
  const narrow = wide.map((value) => value <= 2 * width);
  const beside = wide.map(() => [0, 0]);
  for (const [a, b, length] of of.borders) {
    beside[a][Number(narrow[b])] += length;
    beside[b][Number(narrow[a])] += length;
  }
  return thin.map((is, label) => is && (!of.hollow[label] || beside[label][0] > beside[label][1]));
}

/** A thin part in its own shape, as a line of that width; its tips and corners stay where they are thinner. */
function asWide(area: Mask, width: number, reach: number, strokes: boolean): Mask {
  const deep = depth(area, reach);
  const widths = widthsOf(deep, strokes ? reach : Infinity);
  const spare = widths.length ? (percentile(widths, 0.8) - width) / 2 : 0;
  if (spare <= 0) {
    const near = depth(inverse(area), reach);
    return maskOf(area, (place) => !!area.data[place] || near.data[place] <= -spare);
  }
  const core = maskOf(area, (place) => deep.data[place] > spare);
  const off = depth(inverse(core), reach);
  const { labels, kinds } = components(maskOf(area, (place) => !!area.data[place] && off.data[place] > 1 + spare));
  const sizes = areasOf(labels, kinds.length);
  const tips = maskOf(area, (place) => kinds[labels.data[place]] === 1 && sizes[labels.data[place]] > spare ** 2);
  const near = depth(inverse(tips), reach);
  return maskOf(area, (place) => !!core.data[place] || (!!area.data[place] && near.data[place] <= 2 + spare));
}

function lines(of: Parts, thin: boolean[], width: number, strokes: boolean): [Mask, Mask] {
  const { labels, free } = of;
  let reach = Math.trunc(width) + 2;
  const outer = depth(maskOf(labels, (place) => !free[labels.data[place]]), reach);
  const line = maskOf(labels, (place) => !free[labels.data[place]] && !thin[labels.data[place]] && outer.data[place] < width);
  const draw = (label: number, made: (here: Part) => Mask): void => {
    const here = grownBox(of.boxes[label], reach, labels);
    const mask = made(here);
    for (const [i, place] of placesOf(here, labels.width)) if (mask.data[i]) line.data[place] = 1;
  };
  free.forEach((is, label) => {
    if (is || thin[label]) return;
    const differs = free.map((other, place) => !other && !thin[place] && deltaE(of.colours, place, of.colours, label) >= EDGE);
    draw(label, (here) => {
      const other = within(here, labels.width, (place) => differs[labels.data[place]]);
      if (!any(other)) return other;
      const near = depth(inverse(other), reach);
      const own = within(here, labels.width, (place) => labels.data[place] === label);
      return maskOf(own, (place) => !!own.data[place] && near.data[place] < width / 2);
    });
  });
  if (strokes) reach = Math.max(reach, widest(of) + 2);
  thin.forEach((is, label) => is && draw(label, (here) => asWide(within(here, labels.width, (place) => labels.data[place] === label), width, reach, strokes)));
  return [line, maskOf(labels, (place) => thin[labels.data[place]] && !line.data[place])];
}

/** Colours of lines, with the commonest other one for what would have the colour of the area that it lies on. */
function seenOn(of: Parts, thin: boolean[], fills: number[], drawn: number[], shares: number[]): number[] {
  const [longest, on] = [fills.map(() => 0), fills.map(() => CLEAR)];
  for (const [a, b, length] of of.borders) for (const [part, other] of [[a, b], [b, a]]) if (thin[part] && !thin[other] && length > longest[part]) [longest[part], on[part]] = [length, fills[other]];
  const commonest = shares.map((_, colour) => colour).sort((a, b) => shares[b] - shares[a] || a - b);
  return drawn.map((colour, part) => (colour === on[part] ? (commonest.find((other) => other !== on[part]) ?? on[part]) : colour));
}

/** Colours of areas, with the ground's for holes that would have the colour of the stroke around them. */
function withHoles(of: Parts, thin: boolean[], fills: number[], drawn: number[]): number[] {
  const [lost, rim] = [fills.map(() => 0), fills.map(() => 0)];
  for (const [a, b, length] of of.borders) for (const [part, other] of [[a, b], [b, a]]) [rim[part], lost[part]] = [rim[part] + length, lost[part] + (thin[other] && drawn[other] === fills[part] ? length : 0)];
  return fills.map((fill, part) => (of.hollow[part] && !thin[part] && lost[part] > rim[part] / 2 ? 0 : fill));
}

interface Says { says: Float64Array; many: number; width: number }

function filled(of: Parts, where: Mask, told: Says, look: FlatLook, isRuled: boolean): number[] {
  const many = of.areas.length;
  const [against, areas] = againstEach(of.labels, where, told, many);
  of.hollow.forEach((is, label) => is && against[label].forEach((value, k) => (against[label][k] = value * GUESSED)));
  const apart = against.map(() => new Array<number>(many).fill(0));
  let all = 0;
  for (const [a, b, length] of of.borders) {
    apart[a][b] = apart[b][a] = length * Math.min(deltaE(of.colours, a, of.colours, b) / APART, 1);
    all += 2 * apart[a][b];
  }
  for (const row of apart) row.forEach((value, k) => (row[k] = (value * (isRuled ? BY_LINES : 1)) / Math.max(all, 1e-9)));
  const centres = lab(look.palette);
  const alike = look.fills.map((_, a) => look.fills.map((__, b) => 1 - Math.min(deltaE(centres, a, centres, b) / UNLIKE, 1)));
  return transported(areas, against, look.fills, apart, alike);
}

function drawnLines(of: Parts, line: Mask, told: Says, look: FlatLook): number[] {
  const [against, areas] = againstEach(of.labels, line, told, of.areas.length);
  return transported(areas, against, look.lines, areas.map(() => areas.map(() => 0)), look.lines.map((_, a) => look.lines.map((__, b) => Number(a === b))));
}

/** How much the result tells against each colour in each part, 0 to 1, and the area of each, both of a mask. */
function againstEach({ data, width }: Index, where: Mask, { says, many, width: small }: Says, count_: number): [number[][], number[]] {
  const off = Array.from({ length: count_ }, () => new Array<number>(many).fill(0));
  const areas = new Array<number>(count_).fill(0);
  data.forEach((label, place) => {
    if (!where.data[place]) return;
    const at = many * (Math.floor(Math.floor(place / width) / SCALE) * small + Math.floor((place % width) / SCALE));
    areas[label]++;
    for (let k = 0; k < many; k++) off[label][k] += says[at + k];
  });
  return [off.map((row, label) => row.map((value) => value / Math.max(areas[label], 1))), areas];
}

/** One colour for each part with an area, at the least cost that moves of one and swaps of two reach. */
function transported(areas: number[], against: number[][], shares: number[], apart: number[][], alike: number[][]): number[] {
  const present = areas.map((_, part) => part).filter((part) => areas[part] > 0);
  let colours = shares.map((_, colour) => colour).filter((colour) => shares[colour] > 0);
  if (colours.length === 1 && apart.some((row) => row.some(Boolean))) colours = [...new Set([0, ...colours])];
  const assignment = areas.map(() => 0);
  if (!present.length || !colours.length) return assignment;
  const total = areas.reduce((sum, area) => sum + area, 0);
  const mass = areas.map((area) => area / total);
  const beside = (part: number, colour: number): number => apart[part].reduce((sum, length, other) => sum + (length ? length * alike[assignment[other]][colour] : 0), 0);
  const dearer = (part: number, colour: number, other: number, newer: number): number => {
    const [old, older, two] = [assignment[part], assignment[other], Number(part !== other)];
    const said = mass[part] * (against[part][colour] - against[part][old]) + two * mass[other] * (against[other][newer] - against[other][older]);
    const off = shares.map((share) => -share);
    assignment.forEach((own, one) => (off[own] += mass[one]));
    const before = off.reduce((sum, value) => sum + Math.abs(value), 0);
    off[colour] += mass[part];
    off[old] -= mass[part];
    off[newer] += two * mass[other];
    off[older] -= two * mass[other];
    const shared = (off.reduce((sum, value) => sum + Math.abs(value), 0) - before) / 2;
    const contrast = beside(part, colour) - beside(part, old) + two * (beside(other, newer) - beside(other, older))
      + apart[part][other] * (alike[colour][newer] - alike[colour][older] - alike[old][newer] + alike[old][older]);
    return SAYS * said + SHARED * shared + TOLD * 2 * contrast;
  };
  for (const part of present) assignment[part] = colours.reduce((best, colour) => (against[part][colour] < against[part][best] ? colour : best));
  for (let round = 0; round < ROUNDS; round++) {
    const moves = present.flatMap((part) => colours.map((colour) => [part, colour, part, colour]));
    const swaps = present.flatMap((part, at) => present.slice(at + 1).map((other) => [part, assignment[other], other, assignment[part]]));
    const before = assignment.join();
    for (const [part, colour, other, newer] of [...moves, ...swaps]) if (dearer(part, colour, other, newer) < -1e-9) [assignment[part], assignment[other]] = [colour, newer];
    if (assignment.join() === before) break;
  }
  return assignment;
}
