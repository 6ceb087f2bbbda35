// Parts of a drawing that are strokes, and outlines given to what they enclose: vector/strokes of the core.

import { SPECK } from "./indexing";
import { opened } from "./look";
import { divided, SMALLEST, type Parts } from "./parts";
import { median, rint } from "./raster";
import { areasOf, components, count, depth, grownBox, maskOf, ridge, within, type Depth, type Index, type Mask } from "./regions";

const [WIDEST, BLOBS, LONG, OUTLINE, SPARE, SPECK_STEPS] = [0.13, 0.2, 3, 0.05, 1.25, 40];
const [OUTER, INNER, OPEN, EVEN, EVENLY] = [0.2, 0.25, 0.1, 0.25, 0.85];
/** Widths of a stroke, from which a place is none. */
export const BLOB = 2;

/** The same drawing without outlines: they are part of the areas beside them. Strokes within areas stay. */
export function unlined(of: Parts): Parts {
  const wide = outlineWidths(of);
  const [around, hollow] = [rimAlong(of, of.free), rimAlong(of, of.hollow)];
  const outer = wide.map((width, part) => width > 0 && around[part] >= OUTER);
  const areas = outer.map((is, part) => !is && !of.free[part] && !of.hollow[part]);
  const inner = rimAlong(of, areas);
  const outlines = outer.map((is, part) => is && inner[part] >= INNER && hollow[part] <= OPEN);
  if (!outlines.some(Boolean)) return of;
  let data = of.labels.data;
  const notIn = (labels: Int32Array): Mask => maskOf(of.labels, (place) => !areas[labels[place]]);
  const solid = maskOf(of.labels, (place) => !of.free[of.labels.data[place]]);
  outlines.forEach((is, outline) => {
    if (!is) return;
    const given = SPARE * wide[outline];
    const far = depth(solid, Math.trunc(given) + 2);
    const rest = maskOf(of.labels, (place) => data[place] === outline && far.data[place] <= given);
    data = runOut({ ...of.labels, data }, rest, notIn(data), rint(2 * given) + 3);
  });
  return apart(of, data, outlines, notIn, count(solid));
}

/** Share of the rim of each part that lies along such others. */
export function rimAlong(of: Parts, others: readonly boolean[]): number[] {
  const [rim, along] = [of.areas.map(() => 0), of.areas.map(() => 0)];
  for (const [a, b, length] of of.borders) for (const [part, other] of [[a, b], [b, a]]) {
    rim[part] += length;
    if (others[other]) along[part] += length;
  }
  return along.map((length, part) => length / Math.max(rim[part], 1));
}

/** Of the strokes that may be outlines; 0 for all other parts. */
function outlineWidths(of: Parts): number[] {
  const { labels } = of;
  const most = rint(BLOB * widest(of)) + 2;
  return of.areas.map((_, label) => {
    if (of.free[label] || of.hollow[label]) return 0;
    const deep = depth(within(grownBox(of.boxes[label], 1, labels), labels.width, (place) => labels.data[place] === label), most);
    const width = median(widthsOf(deep));
    return width <= OUTLINE * Math.max(labels.height, labels.width) && isStroke(deep, most) ? width : 0;
  });
}

/** What is left of outlines as parts of their own, but for specks, which the areas take. */
function apart(of: Parts, data: Int32Array<ArrayBuffer>, outlines: boolean[], notIn: (labels: Int32Array) => Mask, drawn: number): Parts {
  const least = Math.max(SPECK, rint(SMALLEST * drawn));
  const { labels, kinds } = components({ ...of.labels, data: data.map((label) => (outlines[label] ? label + 1 : 0)) });
  const sizes = areasOf(labels, kinds.length);
  const specks = maskOf(of.labels, (place) => kinds[labels.data[place]] > 0 && sizes[labels.data[place]] < least);
  const made = runOut({ ...of.labels, data }, specks, notIn(data), SPECK_STEPS);
  const origin = of.areas.map((_, label) => label);
  kinds.forEach((kind, piece) => {
    if (!kind || sizes[piece] < least) return;
    labels.data.forEach((own, place) => own === piece && (made[place] = origin.length));
    origin.push(kind - 1);
  });
  const names = [...new Set(made)].sort((a, b) => a - b);
  const places = new Map(names.map((name, place) => [name, place]));
  return divided(of, made.map((label) => places.get(label)!), names.map((name) => origin[name]));
}

/** Widths along the middle of a part, where it is less deep than `most`. */
export function widthsOf(deep: Depth, most = Infinity): number[] {
  const middle = ridge(deep);
  return [...deep.data].filter((far, i) => middle.data[i] && far < most).map((far) => 2 * far - 1);
}

/** Whether a part, by how deep its places lie, up to `most`, is long and hardly anywhere much wider than elsewhere; even: nor narrower. */
export function isStroke(deep: Depth, most: number, even = false): boolean {
  const area = maskOf(deep, (place) => deep.data[place] > 0);
  const widths = widthsOf(deep, most);
  const wide = widths.length ? median(widths) : 2 * most;
  if (even && widths.filter((width) => Math.abs(width - wide) <= EVEN * wide).length < EVENLY * widths.length) return false;
  return BLOB * wide < 2 * most - 1 && count(area) >= LONG * wide ** 2 && count(opened(area, deep, BLOB * wide)) <= BLOBS * count(area);
}

/** Half the width of the widest stroke. */
export const widest = ({ labels }: Parts): number => rint((WIDEST * Math.max(labels.height, labels.width)) / 2);

/** The index with what lies beside, run out over what is left over of lines. */
export function runOut(index: Index, left: Mask, line: Mask, steps: number): Int32Array<ArrayBuffer> {
  const { height, width } = index;
  const data = index.data.slice();
  const shut = left.data.map((value, place) => value | line.data[place]);
  let open = [...left.data.keys()].filter((place) => left.data[place]);
  for (let step = 0; step < 2 * steps; step++) {
    const by = step % 4 < 2 ? 1 : -1;
    const beside = open.map((place) => {
      const [y, x] = [Math.floor(place / width), place % width];
      return step % 2 ? y * width + ((x - by + width) % width) : ((y - by + height) % height) * width + x;
    });
    const near = open.map((_, i) => !shut[beside[i]]);
    const values = open.map((_, i) => data[beside[i]]);
    open.forEach((place, i) => near[i] && ((data[place] = values[i]), (shut[place] = 0)));
    open = open.filter((_, i) => !near[i]);
  }
  return data;
}
