// Parts of an index picture, their borders, and how deep inside of a mask a pixel lies: vector/regions and depth of the core.

export interface Index { data: Int32Array<ArrayBuffer>; height: number; width: number }
export interface Mask { data: Uint8Array<ArrayBuffer>; height: number; width: number }
export interface Depth { data: Float32Array<ArrayBuffer>; height: number; width: number }
export interface Parts { labels: Index; kinds: number[] }
/** Rows and columns, ends left out. */
export interface Part { top: number; bottom: number; left: number; right: number }

export const CLEAR = -1;

export function maskOf({ height, width }: { height: number; width: number }, is: (place: number) => boolean): Mask {
  const data = new Uint8Array(height * width);
  for (let place = 0; place < data.length; place++) if (is(place)) data[place] = 1; // several times quicker than Uint8Array.from
  return { data, height, width };
}
export const inverse = (mask: Mask): Mask => ({ ...mask, data: mask.data.map((value) => 1 - value) });
export const any = ({ data }: Mask): boolean => data.includes(1);
export const count = ({ data }: Mask): number => data.reduce((sum, value) => sum + value, 0);

/** What hangs together by its sides, numbered in reading order, and the index of each. */
export function components({ data, height, width }: { data: ArrayLike<number>; height: number; width: number }): Parts {
  const labels = new Int32Array(height * width).fill(-1);
  const kinds: number[] = [];
  const waiting = new Int32Array(height * width);
  for (let start = 0; start < labels.length; start++) {
    if (labels[start] >= 0) continue;
    const [label, kind] = [kinds.length, data[start]];
    kinds.push(kind);
    labels[start] = label;
    waiting[0] = start;
    for (let many = 1; many; ) {
      const place = waiting[--many];
      const x = place % width;
      const visit = (other: number): void => {
        if (labels[other] < 0 && data[other] === kind) {
          labels[other] = label;
          waiting[many++] = other;
        }
      };
      if (x) visit(place - 1);
      if (x + 1 < width) visit(place + 1);
      if (place >= width) visit(place - width);
      if (place + width < labels.length) visit(place + width);
    }
  }
  return { labels: { data: labels, height, width }, kinds };
}

export function areasOf({ data }: Index, many: number): number[] {
  const areas = new Array<number>(many).fill(0);
  for (const label of data) areas[label]++;
  return areas;
}

/** Label, other label, and how many pixels touch, of every two neighbours, in order. */
export function borders({ data, height, width }: Index): [number, number, number][] {
  const many = data.reduce((most, label) => Math.max(most, label), 0) + 1;
  const lengths = new Map<number, number>();
  const touch = (a: number, b: number): void => {
    if (a !== b) lengths.set(Math.min(a, b) * many + Math.max(a, b), (lengths.get(Math.min(a, b) * many + Math.max(a, b)) ?? 0) + 1);
  };
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) {
    if (x) touch(data[i], data[i - 1]);
    if (y) touch(data[i], data[i - width]);
  }
  return [...lengths].sort(([a], [b]) => a - b).map(([key, length]) => [Math.floor(key / many), key % many, length]);
}

/** Parts of fewer pixels than `smallest` go to the neighbour with the longest border, the smallest first. */
export function withoutSpecks(index: Index, smallest: number): Index {
  for (;;) {
    const { labels, kinds } = components(index);
    const areas = areasOf(labels, kinds.length);
    const small = areas.map((_, label) => label).filter((label) => areas[label] < smallest).sort((a, b) => areas[a] - areas[b] || a - b);
    if (!small.length || areas.length === 1) return index;
    const around = areas.map(() => new Map<number, number>());
    for (const [a, b, length] of borders(labels)) {
      around[a].set(b, length);
      around[b].set(a, length);
    }
    const gone = new Set<number>();
    for (const label of small) {
      if ([...around[label].keys()].some((other) => gone.has(other))) continue;
      const [into] = [...around[label]].reduce((best, one) => (one[1] > best[1] || (one[1] === best[1] && one[0] < best[0]) ? one : best));
      kinds[label] = kinds[into];
      gone.add(label);
    }
    index = { ...labels, data: labels.data.map((label) => kinds[label]) };
  }
}

/** Which parts are ground that hangs together with the border. */
export function around({ labels: { data, height, width }, kinds }: Parts): boolean[] {
  const met = kinds.map(() => false);
  for (let x = 0; x < width; x++) met[data[x]] = met[data[(height - 1) * width + x]] = true;
  for (let y = 0; y < height; y++) met[data[y * width]] = met[data[(y + 1) * width - 1]] = true;
  return met.map((is, label) => is && kinds[label] === 0);
}

export function outside(index: Pick<Index, "height" | "width"> & { data: ArrayLike<number> }): Mask {
  const parts = components(index);
  const free = around(parts);
  return maskOf(index, (place) => free[parts.labels.data[place]]);
}

/** What holds all of a mask, and `spare` more to each side as far as the picture goes; undefined where nothing is. */
export function boxOf(mask: Mask, spare: number): Part | undefined {
  const { data, height, width } = mask;
  let [top, bottom, left, right] = [height, 0, width, 0];
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) if (data[i]) [top, bottom, left, right] = [Math.min(top, y), y + 1, Math.min(left, x), Math.max(right, x + 1)];
  return bottom ? grownBox({ top, bottom, left, right }, spare, mask) : undefined;
}

export const longest = (box: Part | undefined): number => (box ? Math.max(box.bottom - box.top, box.right - box.left) : 0);

export function grownBox({ top, bottom, left, right }: Part, spare: number, { height, width }: { height: number; width: number }): Part {
  return { top: Math.max(top - spare, 0), bottom: Math.min(bottom + spare, height), left: Math.max(left - spare, 0), right: Math.min(right + spare, width) };
}

/** A mask within a part, of what `is` so at each place of the whole. */
export function within({ top, bottom, left, right }: Part, width: number, is: (place: number) => boolean): Mask {
  const wide = right - left;
  return maskOf({ height: bottom - top, width: wide }, (place) => is((top + Math.floor(place / wide)) * width + left + (place % wide)));
}

/** Each place of a part: where it is in that, and in the whole. */
export function* placesOf({ top, bottom, left, right }: Part, width: number): Generator<[number, number]> {
  for (let y = top, i = 0; y < bottom; y++) for (let x = left; x < right; x++, i++) yield [i, y * width + x];
}

/** Distance, at most `most`, from each pixel of a mask to the nearest that is none of it; beyond the picture it goes on. Elsewhere than where it is asked for, 0. */
export function depth(mask: Mask, most: number, asked: Mask = mask): Depth {
  const { data, height, width } = mask;
  const down = new Float64Array(height * width);
  for (let x = 0; x < width; x++) {
    for (let y = 0, far = most; y < height; y++) down[y * width + x] = far = data[y * width + x] ? Math.min(far + 1, most) : 0;
    for (let y = height - 1, far = most; y >= 0; y--) {
      far = data[y * width + x] ? Math.min(far + 1, most) : 0;
      if (far < down[y * width + x]) down[y * width + x] = far;
    }
  }
  const away = new Float32Array(height * width);
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) {
    if (!asked.data[i]) continue;
    let square = down[i] ** 2;
    for (let step = 1; step < most && step * step < square; step++) {
      if (x >= step) square = Math.min(square, down[i - step] ** 2 + step * step);
      if (x + step < width) square = Math.min(square, down[i + step] ** 2 + step * step);
    }
    away[i] = Math.min(Math.sqrt(square), most);
  }
  return { data: away, height, width };
}

/** Where nothing beside a pixel is deeper. */
export function ridge({ data, height, width }: Depth): Mask {
  return maskOf({ height, width }, (place) => {
    const [y, x] = [Math.floor(place / width), place % width];
    if (data[place] <= 0) return false;
    for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, height - 1); row++) for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, width - 1); column++) if (data[row * width + column] > data[place]) return false;
    return true;
  });
}

/** The numbers that most pixels around have: all flags in the square of 2 radius + 1. */
export function spread(flags: Uint32Array, { height, width }: { height: number; width: number }, radius: number): Uint32Array {
  const [tall, made] = [new Uint32Array(flags.length), new Uint32Array(flags.length)];
  for (let y = 0; y < height; y++) for (let row = Math.max(0, y - radius); row <= Math.min(height - 1, y + radius); row++) for (let x = 0; x < width; x++) tall[y * width + x] |= flags[row * width + x];
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    let all = 0;
    for (let column = Math.max(0, x - radius); column <= Math.min(width - 1, x + radius); column++) all |= tall[y * width + column];
    made[y * width + x] = all;
  }
  return made;
}

export function spreadMask(mask: Mask, radius: number): Mask {
  return { ...mask, data: Uint8Array.from(spread(Uint32Array.from(mask.data), mask, radius)) };
}
