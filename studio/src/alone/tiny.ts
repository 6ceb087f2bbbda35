// Tiny icons, of 16 to 32 px, enlarged with edges as sharp as those of large ones: vector/tiny of the core.

import { bled } from "./ground";
import { BICUBIC, channelsOf, fromBytes, onGrid, raster, resized, rgb, toBytes, type Raster } from "./raster";

const [TINY, MOST, FAINT] = [48, 16, 0.25];
const { fround } = Math;

/** A tiny drawing at a multiple of its size, up to about `size` px; any other picture as it is. RGBA. */
export function enlarged(picture: Raster, size: number): Raster {
  const { height, width } = picture;
  const longer = Math.max(height, width);
  const times = Math.min(Math.ceil(size / longer), MOST);
  if (longer > TINY || times < 2) return picture;
  const alpha = channelsOf(picture, 3, 1).data;
  const flat = bled(rgb(picture), alpha.map((value) => Number(value > FAINT)));
  const made = raster(height * times, width * times, 4);
  for (let c = 0; c < 4; c++) {
    const channel = c < 3 ? channelsOf(flat, c, 1).data : alpha;
    const bytes = resized(toBytes(channel), [height, width], 1, [made.height, made.width], BICUBIC);
    const [low, high] = [Math.min, Math.max].map((pick) => ends(bytes, made, times, pick));
    const values = fromBytes(bytes);
    for (let i = 0; i < values.length; i++) {
      const [lowest, highest] = [fround(low[i] / 255), fround(high[i] / 255)];
      const share = fround(fround(values[i] - lowest) / Math.max(fround(highest - lowest), fround(1 / 255)));
      made.data[4 * i + c] = lowest + fround(Math.min(Math.max(fround(0.5 + fround(fround(share - 0.5) * times) / 2), 0), 1) * fround(highest - lowest));
    }
  }
  return { ...made, data: onGrid(made.data) };
}

/** The lowest or highest in the square of 2 radius + 1 around each; beyond the border, as at the border. */
function ends(bytes: Uint8Array<ArrayBuffer>, { height, width }: Raster, radius: number, pick: (...values: number[]) => number): Uint8Array {
  const pass = (of: Uint8Array, length: number, stride: number): Uint8Array => of.map((_, i) => {
    const at = Math.floor(i / stride) % length;
    let best = of[i];
    for (let k = Math.max(-radius, -at); k <= Math.min(radius, length - 1 - at); k++) best = pick(best, of[i + k * stride]);
    return best;
  });
  return pass(pass(bytes, height, width), width, 1);
}
