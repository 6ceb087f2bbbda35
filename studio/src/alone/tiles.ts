// What is larger than a network is to see at once, in overlapping parts that are blended: sampling/tiles of the core.

import type { Values } from "./raster";

/** Channels one after another, rows within them. */
export interface Planes { data: Values; channels: number; height: number; width: number }
export interface Window { top: number; left: number; height: number; width: number }

export const scaled = (window: Window, factor: number): Window =>
  ({ top: factor * window.top, left: factor * window.left, height: factor * window.height, width: factor * window.width });

export function part({ data, channels, height, width }: Planes, window: Window): Planes {
  if (window.height === height && window.width === width) return { data, channels, height, width };
  const made = new Float32Array(channels * window.height * window.width);
  for (let c = 0, at = 0; c < channels; c++) for (let y = 0; y < window.height; y++, at += window.width) {
    const start = (c * height + window.top + y) * width + window.left;
    made.set(data.subarray(start, start + window.width), at);
  }
  return { data: made, channels, height: window.height, width: window.width };
}

interface Grid { tile: number; overlap: number; margin: number }

function spans(length: number, { tile, overlap }: Grid): [number, number][] {
  if (length <= tile) return [[0, length]];
  const made: [number, number][] = [];
  for (let start = 0; start < length - tile; start += tile - overlap) made.push([start, start + tile]);
  return [...made, [length - tile, length]];
}

/** How much of each of its rows, or columns, comes from each span; all shares of a place sum to 1. */
function shares(length: number, grid: Grid): number[][] {
  const ramp = (steps: number): number => {
    const share = Math.min(Math.max((steps + 0.5 - grid.margin) / (grid.overlap - 2 * grid.margin), 0), 1);
    return share * share * (3 - 2 * share);
  };
  const sums = new Array<number>(length).fill(0);
  const all = spans(length, grid).map(([start, end]) => Array.from({ length: end - start }, (_, place) => {
    const weight = (start === 0 ? 1 : ramp(place)) * (end === length ? 1 : ramp(end - start - 1 - place));
    sums[start + place] += weight;
    return weight;
  }));
  return spans(length, grid).map(([start], span) => all[span].map((weight, place) => weight / sums[start + place]));
}

/** One array from what `made` makes of each window of height x width, the result `factor` times as large. */
export async function tiled(height: number, width: number, grid: Grid, factor: number, made: (window: Window) => Promise<Planes>): Promise<Planes> {
  const [rows, columns] = [spans(height, grid), spans(width, grid)];
  if (rows.length * columns.length === 1) return made({ top: 0, left: 0, height, width });
  const large = { tile: factor * grid.tile, overlap: factor * grid.overlap, margin: factor * grid.margin };
  const [down, across] = [shares(factor * height, large), shares(factor * width, large)];
  let whole: Planes | undefined;
  for (const [r, [top, bottom]] of rows.entries()) for (const [c, [left, right]] of columns.entries()) {
    const piece = await made({ top, left, height: bottom - top, width: right - left });
    whole ??= { data: new Float32Array(piece.channels * height * width * factor * factor), channels: piece.channels, height: factor * height, width: factor * width };
    for (let channel = 0, at = 0; channel < piece.channels; channel++) for (let y = 0; y < piece.height; y++) {
      const start = (channel * whole.height + factor * top + y) * whole.width + factor * left;
      for (let x = 0; x < piece.width; x++, at++) whole.data[start + x] += piece.data[at] * Math.fround(Math.fround(down[r][y]) * Math.fround(across[c][x]));
    }
  }
  return whole!;
}
